/* SPDX-License-Identifier: Apache-2.0 */
/* image delete: remove images, by name or by age. */
#include "host/err.h"
#include "host/xmem.h"
#include "ops/cli/cmd.h"
#include "ops/cmd/disk/place.h"
#include "ops/provider/provider.h"
#include "ops/state/state.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

static int images_delete(struct disk_args *args, struct err *err)
{
    struct provider_images images = { 0 };
    struct disk_victim *all;
    int status;

    if (!args->provider->image_list || !args->provider->image_delete)
        return provider_lacks(args->provider, "delete images", err);
    if (args->provider->image_list(&images, err) < 0) {
        provider_images_fini(&images);
        return -1;
    }
    all = xcalloc(images.count + 1, sizeof(*all));
    for (size_t i = 0; i < images.count; i++)
        all[i] = (struct disk_victim){ images.items[i].name, images.items[i].created_s };
    status = disk_cmd_delete(args, all, images.count, args->provider->image_delete, err);
    free(all);
    provider_images_fini(&images);
    return status;
}

static int delete_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    static const struct disk_call call = { STATE_IMAGES, { .max = SIZE_MAX }, images_delete };

    return disk_cmd_run(&call, self, argc, argv, err);
}

static const struct option_spec *const options[] = { disk_options_delete, disk_options_target,
                                                     NULL };

const struct cmd cmd_image_delete = {
    .name = "delete",
    .usage = "[OPTION...] [NAME...]",
    .about = "remove images, by name or by age",
    .more =
        "With --older-than and no name, all that are old enough go. Asks first; where nobody can\n"
        "be asked, --yes is needed. An image that an instance is made of stays.",
    .examples = "  ops image delete web-1 web-2\n"
                "  ops image delete --older-than 1w --yes",
    .options = options,
    .run = delete_run,
};
