/* SPDX-License-Identifier: Apache-2.0 */
/* image resize: give an image more room, or less. */
#include "host/err.h"
#include "ops/cli/cmd.h"
#include "ops/cli/number.h"
#include "ops/cli/options.h"
#include "ops/cmd/disk/place.h"
#include "ops/disk/disk.h"
#include "ops/provider/provider.h"
#include "ops/state/state.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static int image_resize(struct disk_args *args, struct err *err)
{
    const char *name = args->words.items[0];
    uint64_t mib;

    if (number_parse_mib(&mib, args->words.items[1], err) < 0)
        return CMD_USAGE;
    if (strchr(name, '/')) /* A file, wherever it lies. */
        return disk_resize(name, mib << 20, err);
    if (!args->provider->image_resize)
        return provider_lacks(args->provider, "resize images", err);
    return args->provider->image_resize(name, mib << 20, err);
}

static int resize_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    static const struct disk_call call = { STATE_IMAGES, { .min = 2, .max = 2 }, image_resize };

    return disk_cmd_run(&call, self, argc, argv, err);
}

static const struct option_spec *const options[] = { disk_options_target, NULL };

const struct cmd cmd_image_resize = {
    .name = "resize",
    .usage = "[OPTION...] NAME SIZE",
    .about = "give an image more room, or less",
    .more =
        "SIZE is that of the whole disk: 128M, 1G, a plain number is MiB. The root filesystem and\n"
        "its partition follow. NAME may be a file, with a slash in it.",
    .examples = "  ops image resize web 2G",
    .options = options,
    .run = resize_run,
};
