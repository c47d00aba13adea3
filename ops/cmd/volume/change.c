/* SPDX-License-Identifier: Apache-2.0 */
/* volume delete, attach, detach, resize: what becomes of volumes. */
#include "host/err.h"
#include "host/xmem.h"
#include "ops/cli/cmd.h"
#include "ops/cli/number.h"
#include "ops/cli/options.h"
#include "ops/cli/ui.h"
#include "ops/cmd/disk/place.h"
#include "ops/provider/provider.h"
#include "ops/state/state.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int volumes_delete(struct disk_args *args, struct err *err)
{
    struct provider_volumes volumes = { 0 };
    struct disk_victim *all;
    int status;

    if (!args->provider->volume_list || !args->provider->volume_delete)
        return provider_lacks(args->provider, "delete volumes", err);
    if (args->provider->volume_list(&volumes, err) < 0) {
        provider_volumes_fini(&volumes);
        return -1;
    }
    all = xcalloc(volumes.count + 1, sizeof(*all));
    for (size_t i = 0; i < volumes.count; i++)
        all[i] = (struct disk_victim){ volumes.items[i].name, volumes.items[i].created_s };
    status = disk_cmd_delete(args, all, volumes.count, args->provider->volume_delete, err);
    free(all);
    provider_volumes_fini(&volumes);
    return status;
}

/* OPS writes %N:VOLUME. Returns where it goes, to be freed, or NULL. */
static char *where_split(const char **volume)
{
    const char *colon = strchr(*volume, ':');
    char *where;

    if (**volume != '%' || !colon)
        return NULL;
    where = xstrndup(*volume, (size_t)(colon - *volume));
    *volume = colon + 1;
    return where;
}

static int volume_attach(struct disk_args *args, struct err *err)
{
    const char *instance = args->words.items[0];
    const char *volume = args->words.items[1];
    char *where;
    int status;

    if (!args->provider->volume_attach)
        return provider_lacks(args->provider, "attach volumes", err);
    where = where_split(&volume);
    if (!where && args->words.count > 2)
        where = xstrdup(args->words.items[2]);
    status = args->provider->volume_attach(instance, volume, where, err);
    free(where);
    if (status < 0)
        return err_prefix(err, "cannot attach '%s'", volume);
    ui_note("volume '%s' is attached to '%s'", volume, instance);
    return 0;
}

static int volume_detach(struct disk_args *args, struct err *err)
{
    const char *instance = args->words.items[0];
    const char *volume = args->words.items[1];

    if (!args->provider->volume_detach)
        return provider_lacks(args->provider, "detach volumes", err);
    if (args->provider->volume_detach(instance, volume, err) < 0)
        return err_prefix(err, "cannot detach '%s'", volume);
    ui_note("volume '%s' is detached from '%s'", volume, instance);
    return 0;
}

static int volume_resize(struct disk_args *args, struct err *err)
{
    uint64_t mib;

    if (number_parse_mib(&mib, args->words.items[1], err) < 0)
        return CMD_USAGE;
    if (!args->provider->volume_resize)
        return provider_lacks(args->provider, "resize volumes", err);
    return args->provider->volume_resize(args->words.items[0], mib << 20, err);
}

static int delete_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    static const struct disk_call call = { STATE_VOLUMES, { .max = SIZE_MAX }, volumes_delete };

    return disk_cmd_run(&call, self, argc, argv, err);
}

static int attach_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    static const struct disk_call call = { STATE_VOLUMES, { .min = 2, .max = 3 }, volume_attach };

    return disk_cmd_run(&call, self, argc, argv, err);
}

static int detach_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    static const struct disk_call call = { STATE_VOLUMES, { .min = 2, .max = 2 }, volume_detach };

    return disk_cmd_run(&call, self, argc, argv, err);
}

static int resize_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    static const struct disk_call call = { STATE_VOLUMES, { .min = 2, .max = 2 }, volume_resize };

    return disk_cmd_run(&call, self, argc, argv, err);
}

static const struct option_spec *const options[] = { disk_options_target, NULL };
static const struct option_spec *const delete_options[] = { disk_options_delete,
                                                            disk_options_target, NULL };

const struct cmd cmd_volume_delete = {
    .name = "delete",
    .usage = "[OPTION...] [NAME...]",
    .about = "remove volumes and what is in them",
    .more =
        "Asks first; where nobody can be asked, --yes is needed. A volume that an instance has\n"
        "stays.",
    .examples = "  ops volume delete data",
    .options = delete_options,
    .run = delete_run,
};

const struct cmd cmd_volume_attach = {
    .name = "attach",
    .usage = "[OPTION...] INSTANCE VOLUME [%N]",
    .about = "give an instance a volume",
    .more =
        "The instance does not run; from its next start on it has the disk, which its image (or\n"
        "--mounts) mounts by label, UUID or number. %N says which number it must get, from 0.\n"
        "OPS' %N:VOLUME is the same. A volume belongs to one instance at a time.",
    .examples = "  ops volume attach db data\n"
                "  ops volume attach db logs %1",
    .options = options,
    .run = attach_run,
};

const struct cmd cmd_volume_detach = {
    .name = "detach",
    .usage = "[OPTION...] INSTANCE VOLUME",
    .about = "take a volume from an instance that does not run",
    .examples = "  ops volume detach db data",
    .options = options,
    .run = detach_run,
};

const struct cmd cmd_volume_resize = {
    .name = "resize",
    .usage = "[OPTION...] NAME SIZE",
    .about = "give a volume more room, or less",
    .examples = "  ops volume resize data 20G",
    .options = options,
    .run = resize_run,
};
