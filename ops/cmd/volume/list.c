/* SPDX-License-Identifier: Apache-2.0 */
/* volume list, volume info: which volumes there are. */
#include "host/err.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cmd/disk/place.h"
#include "ops/cmd/volume/volume.h"
#include "ops/output/table.h"
#include "ops/provider/provider.h"
#include "ops/state/state.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const struct column columns[] = {
    { "name", "NAME", COLUMN_TEXT },
    { "label", "LABEL", COLUMN_TEXT },
    { "size", "SIZE", COLUMN_BYTES },
    { "used", "USED", COLUMN_BYTES },
    { "created", "CREATED", COLUMN_TIME },
    { "attached_to", "ATTACHED TO", COLUMN_TEXT },
    { "uuid", NULL, COLUMN_TEXT },
    { "id", NULL, COLUMN_TEXT },
    { 0 },
};

static const struct column record_columns[] = {
    { "name", "name", COLUMN_TEXT },
    { "label", "label", COLUMN_TEXT },
    { "size", "size", COLUMN_BYTES },
    { "used", "used", COLUMN_BYTES },
    { "created", "created", COLUMN_TIME },
    { "attached_to", "attached to", COLUMN_TEXT },
    { "uuid", "uuid", COLUMN_TEXT },
    { "id", "id", COLUMN_TEXT },
    { 0 },
};

static void row_add(struct table *table, const struct provider_volume *volume)
{
    struct cell cells[] = {
        { .text = volume->name },
        { .text = volume->label },
        { .number = (int64_t)volume->size },
        { .number = (int64_t)volume->used },
        { .number = volume->created_s },
        { .text = volume->attached_to },
        { .text = volume->uuid },
        { .text = volume->id },
    };

    table_add(table, cells);
}

static int volumes_get(struct provider_volumes *volumes, const struct provider *provider,
                       struct err *err)
{
    *volumes = (struct provider_volumes){ 0 };
    if (!provider->volume_list)
        return provider_lacks(provider, "list volumes", err);
    return provider->volume_list(volumes, err);
}

static int volumes_list(const struct provider *provider, struct err *err)
{
    struct provider_volumes volumes;
    int status = volumes_get(&volumes, provider, err);

    if (status == 0) {
        struct table *table = table_create(columns);

        for (size_t i = 0; i < volumes.count; i++)
            row_add(table, &volumes.items[i]);
        table_sort(table);
        table_print(table, "There are no volumes.", stdout);
        table_destroy(table);
    }
    provider_volumes_fini(&volumes);
    return status;
}

int volume_show(const struct provider *provider, const char *name, struct err *err)
{
    struct provider_volumes volumes;
    int status = volumes_get(&volumes, provider, err);
    size_t index = 0;

    while (index < volumes.count && strcmp(volumes.items[index].name, name) != 0)
        index++;
    if (status == 0 && index == volumes.count) {
        status = err_set(err,
                         "there is no volume '%s'\nhint: `ops volume list` shows those there "
                         "are",
                         name);
    } else if (status == 0) {
        struct table *table = table_create(record_columns);

        row_add(table, &volumes.items[index]);
        table_print_record(table, stdout);
        table_destroy(table);
    }
    provider_volumes_fini(&volumes);
    return status;
}

static int list_do(struct disk_args *args, struct err *err)
{
    return volumes_list(args->provider, err);
}

static int list_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    static const struct disk_call call = { STATE_VOLUMES, { 0 }, list_do };

    return disk_cmd_run(&call, self, argc, argv, err);
}

static int info_do(struct disk_args *args, struct err *err)
{
    return volume_show(args->provider, args->words.items[0], err);
}

static int info_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    static const struct disk_call call = { STATE_VOLUMES, { .min = 1, .max = 1 }, info_do };

    return disk_cmd_run(&call, self, argc, argv, err);
}

static const struct option_spec *const options[] = { disk_options_target, NULL };

const struct cmd cmd_volume_list = {
    .name = "list",
    .usage = "[OPTION...]",
    .about = "show which volumes there are, and who has them",
    .more = "SIZE is what the machine sees of the disk, USED what it takes here.",
    .examples = "  ops volume list\n"
                "  ops volume list --json | jq -r '.[] | select(.attached_to == null).name'",
    .options = options,
    .run = list_run,
};

const struct cmd cmd_volume_info = {
    .name = "info",
    .usage = "[OPTION...] NAME",
    .about = "show all there is to know of a volume",
    .examples = "  ops volume info data",
    .options = options,
    .run = info_run,
};
