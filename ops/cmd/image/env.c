/* SPDX-License-Identifier: Apache-2.0 */
/* image env: the environment that an image gives its program. */
#include "host/err.h"
#include "host/xmem.h"
#include "lib/base/types.h"
#include "lib/manifest/manifest.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cli/ui.h"
#include "ops/cmd/disk/place.h"
#include "ops/output/table.h"
#include "ops/state/state.h"
#include "ops/store/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct column columns[] = {
    { "name", "NAME", COLUMN_TEXT },
    { "value", "VALUE", COLUMN_TEXT },
    { 0 },
};

static void env_print(const struct manifest *manifest)
{
    struct table *table = table_create(columns);

    for (u32 i = 0; i < manifest->env_count; i++) {
        const char *equals = strchr(manifest->envs[i], '=');
        char *name;
        struct cell cells[2];

        if (!equals)
            continue;
        name = xstrndup(manifest->envs[i], (size_t)(equals - manifest->envs[i]));
        cells[0] = (struct cell){ .text = name };
        cells[1] = (struct cell){ .text = equals + 1 };
        if (ui.json) {
            table_add(table, cells);
        } else {
            printf("%s\n", manifest->envs[i]);
        }
        free(name);
    }
    if (ui.json)
        table_print(table, "", stdout);
    table_destroy(table);
}

static int env_show(struct disk_args *args, struct err *err)
{
    struct image_manifest read = { .text = NULL };
    struct place place;
    int status = place_find(&place, args->folder, args->words.items[0], false, err);

    if (status == 0)
        status = image_manifest_read(&read, place.path, err);
    if (status == 0) {
        env_print(read.manifest);
    } else {
        err_prefix(err, "cannot tell the environment of '%s'", args->words.items[0]);
    }
    image_manifest_fini(&read);
    place_fini(&place);
    return status;
}

static int env_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    static const struct disk_call call = { STATE_IMAGES, { .min = 1, .max = 1 }, env_show };

    return disk_cmd_run(&call, self, argc, argv, err);
}

const struct cmd cmd_image_env = {
    .name = "env",
    .usage = "NAME",
    .about = "print the environment that an image gives its program",
    .more = "What an instance is given at its start comes on top.",
    .examples = "  ops image env web",
    .run = env_run,
};
