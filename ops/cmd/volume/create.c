/* SPDX-License-Identifier: Apache-2.0 */
/* volume create: a disk for data. */
#include "host/err.h"
#include "host/xmem.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cmd/disk/place.h"
#include "ops/cmd/volume/volume.h"
#include "ops/disk/disk.h"
#include "ops/provider/provider.h"
#include "ops/state/state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    VOLUME_MIB_DEFAULT = 1024,
};

/* What is in it, and as much again to grow, but not less than the default. */
static int size_choose(uint64_t *size, const struct disk_args *args, struct err *err)
{
    uint64_t least = disk_volume_size(args->data, err);

    if (least == 0)
        return -1;
    *size = (uint64_t)VOLUME_MIB_DEFAULT << 20;
    while (*size / 2 < least)
        *size *= 2;
    if (args->size_mib > 0)
        *size = args->size_mib << 20;
    return 0;
}

static int label_check(const char *label, struct err *err)
{
    if (strlen(label) > DISK_LABEL_MAX)
        return err_set(err, "label '%s' is longer than %d letters", label, DISK_LABEL_MAX);
    for (const char *letter = label; *letter != '\0'; letter++) {
        if (*letter <= ' ' || *letter > '~')
            return err_set(err, "a label has letters, digits and signs only");
    }
    return 0;
}

static int folder_check(const char *folder, struct err *err)
{
    struct stat st;

    if (!folder)
        return 0;
    if (stat(folder, &st) < 0)
        return err_set_errno(err, "cannot read '%s'", folder);
    return S_ISDIR(st.st_mode) ? 0 : err_set(err, "'%s' is not a directory", folder);
}

static int volume_make(const struct disk_args *args, struct err *err)
{
    const char *name = args->words.items[0];
    char *label = args->label ? xstrdup(args->label) : xstrndup(name, DISK_LABEL_MAX);
    uint64_t size = 0;
    int status = state_name_check("volume", name, err);

    if (status == 0)
        status = label_check(label, err);
    if (status == 0)
        status = folder_check(args->data, err);
    if (status == 0)
        status = size_choose(&size, args, err);
    if (status == 0)
        status = args->provider->volume_create(name, label, args->data, size, err);
    free(label);
    return status;
}

static int volume_create(struct disk_args *args, struct err *err)
{
    if (!args->provider->volume_create)
        return provider_lacks(args->provider, "create volumes", err);
    if (volume_make(args, err) < 0)
        return err_prefix(err, "cannot create volume '%s'", args->words.items[0]);
    return volume_show(args->provider, args->words.items[0], err);
}

static int create_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    static const struct disk_call call = { STATE_VOLUMES, { .min = 1, .max = 1 }, volume_create };

    return disk_cmd_run(&call, self, argc, argv, err);
}

static const struct option_spec create_options[] = {
    { 'd', "data", "DIR", "what is in it; else nothing", OPTION_TEXT,
      offsetof(struct disk_args, data), NULL, false },
    { 's', "size", "SIZE", "of the disk; 1G unless given, or twice what is in it", OPTION_MIB,
      offsetof(struct disk_args, size_mib), NULL, false },
    { 0, "label", "NAME", "of its filesystem; else the volume's name", OPTION_TEXT,
      offsetof(struct disk_args, label), NULL, false },
    { 0 },
};

static const struct option_spec *const options[] = { create_options, disk_options_target, NULL };

const struct cmd cmd_volume_create = {
    .name = "create",
    .usage = "[OPTION...] NAME",
    .about = "make a disk for data, empty or of a directory",
    .more =
        "An ext4 filesystem with a journal, on all of the disk. Its label, by which a machine "
        "finds\n"
        "it, is the volume's name; its UUID is random. A disk takes only the room that is used.",
    .examples = "  ops volume create data -s 10G\n"
                "  ops volume create site -d ./html",
    .options = options,
    .run = create_run,
};
