/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cmd/disk/place.h"

#include "host/err.h"
#include "host/xmem.h"
#include "ops/cli/number.h"
#include "ops/provider/local/item.h"
#include "ops/provider/provider.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIELD(field) offsetof(struct disk_args, field)

/* A time span: 3d, 1w, 12h, 2m (months, as OPS has it), 1y. */
static int age_set(void *field, const char *value, struct err *err)
{
    static const struct {
        char unit;
        uint64_t seconds;
    } units[] = { { 's', 1 },
                  { 'h', 3600 },
                  { 'd', 86400 },
                  { 'w', 7ull * 86400 },
                  { 'm', 30ull * 86400 },
                  { 'y', 365ull * 86400 } };
    size_t digits = strspn(value, "0123456789");
    uint64_t number = 0;
    char *text = xstrndup(value, digits);
    int status = number_parse(&number, text, 100000, err);

    free(text);
    for (size_t i = 0; status == 0 && i < sizeof(units) / sizeof(units[0]); i++) {
        if (value[digits] == units[i].unit && value[digits + 1] == '\0' && number > 0) {
            *(uint64_t *)field = number * units[i].seconds;
            return 0;
        }
    }
    return err_set(err, "'%s' is not an age: say 12h, 3d, 1w, 2m (months) or 1y", value);
}

const struct option_spec disk_options_target[] = {
    { 't', "target-cloud", "NAME", "where they are; onprem is this machine", OPTION_TEXT,
      FIELD(target), NULL, false },
    { 0 },
};

const struct option_spec disk_options_list[] = {
    { 'l', "long", NULL, "with mode, owner, size and time", OPTION_FLAG, FIELD(is_long), NULL,
      false },
    { 0 },
};

const struct option_spec disk_options_copy[] = {
    { 'r', "recursive", NULL, "copy directories with what is in them", OPTION_FLAG, FIELD(deep),
      NULL, false },
    { 'L', "dereference", NULL, "copy what symbolic links point to", OPTION_FLAG, FIELD(follows),
      NULL, false },
    { 0 },
};

const struct option_spec disk_options_delete[] = {
    { 0, "older-than", "AGE", "only those made so long ago: 12h, 3d, 1w, 2m (months), 1y",
      OPTION_CALL, FIELD(older_s), age_set, false },
    { 0, "lru", "AGE", "the same, as OPS has it", OPTION_CALL, FIELD(older_s), age_set, false },
    { 'y', "yes", NULL, "do not ask", OPTION_FLAG, FIELD(yes), NULL, false },
    { 0, "assume-yes", NULL, "do not ask", OPTION_FLAG, FIELD(yes), NULL, false },
    { 0, "force", NULL, "do not ask", OPTION_FLAG, FIELD(yes), NULL, false },
    { 0 },
};

static int args_parse(struct disk_args *args, const struct disk_call *call, const struct cmd *self,
                      int argc, char **argv, struct err *err)
{
    int status;

    *args = (struct disk_args){ .folder = call->folder };
    status = options_parse(args, self, argc, argv, &args->words, call->limit, err);
    if (status != 0)
        return status;
    args->provider = provider_find(args->target ? args->target : "onprem", err);
    return args->provider ? 0 : -1;
}

int disk_cmd_run(const struct disk_call *call, const struct cmd *self, int argc, char **argv,
                 struct err *err)
{
    struct disk_args args;
    int status = args_parse(&args, call, self, argc, argv, err);

    if (status == 0)
        status = call->fn(&args, err);
    free(args.target);
    free(args.data);
    free(args.label);
    free(args.source);
    return status;
}

/* A word with a slash, or that names no image but a file, is a file. */
static char *path_find(enum state_folder folder, const char *name, struct err *err)
{
    struct item item;
    char *path = NULL;

    if (strchr(name, '/'))
        return xstrdup(name);
    if (item_read(&item, folder, name, err) == 0) {
        path = xstrdup(item.path);
    } else if (access(name, F_OK) == 0) {
        path = xstrdup(name);
    }
    item_fini(&item);
    return path;
}

int place_find(struct place *place, enum state_folder folder, const char *name, bool writes,
               struct err *err)
{
    char *home;
    int status = 0;

    *place = (struct place){ .path = path_find(folder, name, err) };
    if (!place->path)
        return -1;
    home = state_folder_path(folder);
    if (writes && strncmp(place->path, home, strlen(home)) == 0)
        status = state_lock(&place->lock, folder, err);
    free(home);
    return status;
}

void place_fini(struct place *place)
{
    state_unlock(&place->lock);
    free(place->path);
    *place = (struct place){ .path = NULL };
}
