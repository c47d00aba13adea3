/* SPDX-License-Identifier: Apache-2.0 */
/* image list, image search: which images there are. */
#include "host/err.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cmd/disk/place.h"
#include "ops/output/table.h"
#include "ops/provider/provider.h"
#include "ops/state/state.h"

#include <regex.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

static const struct column columns[] = {
    { "name", "NAME", COLUMN_TEXT },  { "size", "SIZE", COLUMN_BYTES },
    { "used", "USED", COLUMN_BYTES }, { "created", "CREATED", COLUMN_TIME },
    { "id", NULL, COLUMN_TEXT },      { 0 },
};

/* Prints those whose name matches; `pattern` NULL: all. */
static void images_print(const struct provider_images *images, const regex_t *pattern)
{
    struct table *table = table_create(columns);

    for (size_t i = 0; i < images->count; i++) {
        const struct provider_image *image = &images->items[i];
        struct cell cells[] = {
            { .text = image->name },
            { .number = (int64_t)image->size },
            { .number = (int64_t)image->used },
            { .number = image->created_s },
            { .text = image->id },
        };

        if (!pattern || regexec(pattern, image->name, 0, NULL, 0) == 0)
            table_add(table, cells);
    }
    table_sort(table);
    table_print(table, pattern ? "No image has such a name." : "There are no images.", stdout);
    table_destroy(table);
}

static int images_list(const struct provider *provider, const regex_t *pattern, struct err *err)
{
    struct provider_images images = { 0 };
    int status;

    if (!provider->image_list)
        return provider_lacks(provider, "list images", err);
    status = provider->image_list(&images, err);
    if (status == 0)
        images_print(&images, pattern);
    provider_images_fini(&images);
    return status < 0 ? err_prefix(err, "cannot list images") : 0;
}

static int images_search(struct disk_args *args, struct err *err)
{
    regex_t pattern;
    int code = regcomp(&pattern, args->words.items[0], REG_EXTENDED | REG_NOSUB);
    char why[128];
    int status;

    if (code != 0) {
        regerror(code, &pattern, why, sizeof(why));
        err_set(err, "'%s' is no regular expression: %s", args->words.items[0], why);
        return CMD_USAGE;
    }
    status = images_list(args->provider, &pattern, err);
    regfree(&pattern);
    return status;
}

static int list_do(struct disk_args *args, struct err *err)
{
    return images_list(args->provider, NULL, err);
}

static int list_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    static const struct disk_call call = { STATE_IMAGES, { 0 }, list_do };

    return disk_cmd_run(&call, self, argc, argv, err);
}

static int search_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    static const struct disk_call call = { STATE_IMAGES, { .min = 1, .max = 1 }, images_search };

    return disk_cmd_run(&call, self, argc, argv, err);
}

static const struct option_spec *const options[] = { disk_options_target, NULL };

const struct cmd cmd_image_list = {
    .name = "list",
    .usage = "[OPTION...]",
    .about = "show which images there are",
    .more = "SIZE is what the machine sees of the disk, USED what it takes here.",
    .examples = "  ops image list\n"
                "  ops image list --json | jq -r '.[].name'",
    .options = options,
    .run = list_run,
};

const struct cmd cmd_image_search = {
    .name = "search",
    .usage = "[OPTION...] REGEX",
    .about = "show the images whose names match",
    .more = "REGEX is an extended regular expression, see regex(7).",
    .examples = "  ops image search '^web-'",
    .options = options,
    .run = search_run,
};
