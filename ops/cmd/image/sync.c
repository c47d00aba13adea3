/* SPDX-License-Identifier: Apache-2.0 */
/* image sync: bring an image from one provider to another. */
#include "host/err.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cmd/disk/place.h"
#include "ops/config/settings.h"
#include "ops/output/table.h"
#include "ops/provider/provider.h"
#include "ops/state/state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static int image_copy(const struct provider *source, const struct provider *target,
                      const char *name, struct err *err)
{
    struct settings settings;
    char *path;
    int status;

    if (source == target)
        return err_set(err, "source and target are both '%s'", source->name);
    if (!source->image_file)
        return provider_lacks(source, "give images away", err);
    if (!target->image_create)
        return provider_lacks(target, "create images", err);
    path = source->image_file(name, err);
    if (!path)
        return -1;
    settings_init(&settings);
    status = target->image_create(&settings, name, path, true, err);
    settings_fini(&settings);
    free(path);
    return status;
}

static int image_sync(struct disk_args *args, struct err *err)
{
    const char *name = args->words.items[0];
    const struct provider *source;

    if (!args->target) {
        err_set(err, "no target is given: -t NAME");
        return CMD_USAGE;
    }
    source = provider_find(args->source ? args->source : "onprem", err);
    if (!source)
        return -1;
    if (image_copy(source, args->provider, name, err) < 0)
        return err_prefix(err, "cannot bring '%s' to '%s'", name, args->provider->name);
    table_print_name("name", name, stdout);
    return 0;
}

static int sync_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    static const struct disk_call call = { STATE_IMAGES, { .min = 1, .max = 1 }, image_sync };

    return disk_cmd_run(&call, self, argc, argv, err);
}

static const struct option_spec sync_options[] = {
    { 's', "source-cloud", "NAME", "where the image is; onprem, this machine, unless given",
      OPTION_TEXT, offsetof(struct disk_args, source), NULL, false },
    { 't', "target-cloud", "NAME", "where it goes", OPTION_TEXT, offsetof(struct disk_args, target),
      NULL, false },
    { 0 },
};

static const struct option_spec *const options[] = { sync_options, NULL };

const struct cmd cmd_image_sync = {
    .name = "sync",
    .usage = "[OPTION...] NAME -t TARGET",
    .about = "bring an image from one provider to another",
    .more =
        "The bytes are the same in both places. An image of that name at the target is replaced.",
    .examples = "  ops image sync web -s onprem -t gcp",
    .options = options,
    .run = sync_run,
};
