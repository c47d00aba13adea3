/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes: disks beside the root's, found by label, UUID or number, and folders of the host,
 * mounted where the manifest says.
 */
#include "abi/linux/errors.h"
#include "kernel/block/block.h"
#include "kernel/core/log.h"
#include "kernel/fs/9p/9p.h"
#include "kernel/fs/ext4/ext4.h"
#include "kernel/fs/path.h"
#include "kernel/init/init.h"
#include "kernel/mm/heap.h"
#include "kernel/share/share.h"
#include "kernel/task/error_text.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/base/types.h"
#include "lib/manifest/manifest.h"

enum {
    SOURCE_TEXT_SIZE = 64,
};

/* A volume as the manifest means it, in words for the log. */
struct wanted {
    const struct manifest_mount *mount;
    char text[SOURCE_TEXT_SIZE];
};

static void wanted_init(struct wanted *wanted, const struct manifest_mount *mount)
{
    const u8 *id = mount->uuid;
    struct text text;

    wanted->mount = mount;
    text_init(&text, wanted->text, sizeof(wanted->text));
    switch (mount->source) {
    case MANIFEST_SOURCE_LABEL:
        text_format(&text, "LABEL=%.*s", (int)mount->name_len, mount->name);
        break;
    case MANIFEST_SOURCE_UUID:
        text_format(&text, "UUID=");
        for (u32 i = 0; i < MANIFEST_UUID_SIZE; i++)
            text_format(&text, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", id[i]);
        break;
    case MANIFEST_SOURCE_INDEX:
        text_format(&text, "%%%u", mount->index);
        break;
    case MANIFEST_SOURCE_9P:
        text_format(&text, "9p=%.*s", (int)mount->name_len, mount->name);
        break;
    }
}

static _Noreturn void volume_bad(const struct wanted *wanted, const char *why, const char *more)
{
    config_fail_because("cannot mount volume %s at %.*s: %s%s", wanted->text,
                        (int)wanted->mount->path_len, wanted->mount->path, why, more);
}

/* The disk the root lies on is nobody's volume; its other partitions may be. */
static bool is_root(const struct block_device *device)
{
    const struct block_device *root = root_device();

    return root && (device == root || device == root->whole);
}

static bool has_partitions(const struct block_device *disk)
{
    for (u32 i = 0; block_at(i); i++) {
        if (block_at(i)->whole == disk)
            return true;
    }
    return false;
}

static bool identity_fits(const struct manifest_mount *mount, const struct ext4_identity *identity)
{
    if (mount->source == MANIFEST_SOURCE_UUID)
        return mem_equal(mount->uuid, identity->uuid, sizeof(mount->uuid));
    return str_len(identity->label) == mount->name_len &&
           mem_equal(identity->label, mount->name, mount->name_len);
}

/* The only file system of this label or UUID. Two are an accident, and which is meant not said. */
static struct block_device *find_by_identity(const struct wanted *wanted)
{
    struct block_device *found = NULL;
    struct ext4_identity identity;

    for (u32 i = 0; block_at(i); i++) {
        struct block_device *device = block_at(i);

        if (is_root(device) || has_partitions(device) || ext4_identify(device, &identity) < 0 ||
            !identity_fits(wanted->mount, &identity))
            continue;
        if (found)
            volume_bad(wanted, "there are two of that name, one on ", device->name);
        found = device;
    }
    if (!found)
        volume_bad(wanted, "no disk has a file system of that name", "");
    return found;
}

/* The disk itself, or the one ext4 on its partitions. */
static struct block_device *file_system_of(const struct wanted *wanted, struct block_device *disk)
{
    struct block_device *found = NULL;
    struct ext4_identity identity;

    if (!has_partitions(disk))
        return disk;
    for (u32 i = 0; block_at(i); i++) {
        if (block_at(i)->whole != disk || ext4_identify(block_at(i), &identity) < 0)
            continue;
        if (found)
            volume_bad(wanted, "more than one partition holds an ext4 on ", disk->name);
        found = block_at(i);
    }
    if (!found)
        volume_bad(wanted, "no partition holds an ext4 on ", disk->name);
    return found;
}

static struct block_device *find_by_index(const struct wanted *wanted)
{
    u32 index = 0;

    for (u32 i = 0; block_at(i); i++) {
        struct block_device *device = block_at(i);

        if (device->whole || is_root(device))
            continue;
        if (index == wanted->mount->index)
            return file_system_of(wanted, device);
        index++;
    }
    volume_bad(wanted, "there are fewer disks", "");
}

static struct filesystem *disk_mount(const struct wanted *wanted, const char **source)
{
    struct block_device *device;
    struct filesystem *fs = NULL;
    int err;

    device = wanted->mount->source == MANIFEST_SOURCE_INDEX ? find_by_index(wanted)
                                                            : find_by_identity(wanted);
    *source = device->name;
    err = ext4_mount(device, &fs);
    if (err < 0) {
        volume_bad(wanted, err == -EINVAL ? "not an ext4 that we know, on " : error_text(err),
                   err == -EINVAL ? device->name : "");
    }
    return fs;
}

static struct filesystem *share_mount(const struct wanted *wanted, const char **source)
{
    const struct manifest_mount *mount = wanted->mount;
    static char tag[SHARE_TAG_SIZE]; /* Read before the next one is mounted. */
    struct filesystem *fs = NULL;
    int err = -ENODEV;

    if (mount->name_len < sizeof(tag)) {
        mem_copy(tag, mount->name, mount->name_len);
        tag[mount->name_len] = '\0';
        err = p9_mount(tag, 0, &fs);
    }
    *source = tag;
    if (err == -ENODEV)
        volume_bad(wanted, "no folder is shared by that tag", "");
    if (err < 0)
        volume_bad(wanted, error_text(err), "");
    return fs;
}

static void volume_mount(const struct manifest_mount *mount)
{
    const char *source = "";
    struct filesystem *fs;
    struct wanted wanted;
    char *path;
    int err = -ENOMEM;

    wanted_init(&wanted, mount);
    fs = mount->source == MANIFEST_SOURCE_9P ? share_mount(&wanted, &source)
                                             : disk_mount(&wanted, &source);
    path = heap_alloc(mount->path_len + 1ul);
    if (path) {
        mem_copy(path, mount->path, mount->path_len);
        path[mount->path_len] = '\0';
        err = path_mount(path, fs, source);
        heap_free(path);
    }
    if (err < 0)
        volume_bad(&wanted, error_text(err), "");
    if (!mount->read_only) {
        log_warn("boot: volume %s is mounted read-only: writing to volumes is not supported yet",
                 wanted.text);
    }
}

void volumes_mount(const struct manifest *manifest)
{
    for (u32 i = 0; i < manifest->mount_count; i++)
        volume_mount(&manifest->mounts[i]);
}
