/* SPDX-License-Identifier: Apache-2.0 */
/* Which disk is the root, and what is mounted over it. */
#include "abi/linux/errors.h"
#include "kernel/arch/boot_info.h"
#include "kernel/arch/mmu.h"
#include "kernel/block/block.h"
#include "kernel/fs/9p/9p.h"
#include "kernel/fs/devfs/devfs.h"
#include "kernel/fs/ext4/ext4.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path.h"
#include "kernel/fs/procfs.h"
#include "kernel/fs/tmpfs/tmpfs.h"
#include "kernel/init/init.h"
#include "kernel/mm/page.h"
#include "kernel/task/error_text.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/base/types.h"
#include "lib/manifest/manifest.h"

/* "Linux root (x86-64)" of the Discoverable Partitions Specification, as it lies on disk. */
static const u8 root_type_guid[16] = { 0xe3, 0xbc, 0x68, 0x4f, 0xcd, 0xe8, 0xb1, 0x4d,
                                       0x96, 0xe7, 0xfb, 0xca, 0xf9, 0x84, 0xb7, 0x09 };

/* `root=9p` on the command line: the root is a folder of the host, shared with the tag "root". */
static bool root_is_shared(void)
{
    const char *word = boot_info()->command_line;

    while (word) {
        const char *rest = str_after(word, "root=9p");

        if (rest && (*rest == ' ' || *rest == '\0'))
            return true;
        word = str_find(word, ' ');
        if (word)
            word++;
    }
    return false;
}

/* The partition meant for it; else a disk that is nothing but a filesystem. */
struct block_device *root_device(void)
{
    struct block_device *device = block_find_type(root_type_guid);

    if (root_is_shared())
        return NULL;
    return device ? device : block_at(0);
}

static void mount(const char *path, struct filesystem *fs, const char *source)
{
    int err;

    if (!fs)
        config_fail_because("no memory for %s", path);
    err = path_mount(path, fs, source);
    if (err < 0)
        config_fail_because("cannot mount %s: %s", path, error_text(err));
}

/* Half of memory, as Linux gives a tmpfs. */
static u64 tmpfs_size(void)
{
    struct page_counts counts;

    page_counts(&counts);
    return counts.total / 2 * PAGE_SIZE;
}

static void shared_root_mount(void)
{
    struct filesystem *root;
    int err = p9_mount("root", P9_MOUNT_CACHED, &root);

    if (err == 0)
        err = path_mount_root(root, "root");
    if (err < 0) {
        config_fail_because("cannot mount the shared folder 'root' as the root file system: %s",
                            err == -ENODEV ? "the machine has no such share" : error_text(err));
    }
}

static void disk_root_mount(void)
{
    struct block_device *device = root_device();
    struct filesystem *root;
    int err;

    if (!device)
        config_fail_because("no disk found, so no program to run");
    err = ext4_mount(device, &root);
    if (err < 0) {
        config_fail_because("cannot mount the root file system on %s: %s", device->name,
                            err == -EINVAL ? "it is not an ext4 that we know" : error_text(err));
    }
    err = path_mount_root(root, device->name);
    if (err < 0)
        config_fail_because("cannot mount the root file system: %s", error_text(err));
}

void root_mount(void)
{
    if (root_is_shared()) {
        shared_root_mount();
    } else {
        disk_root_mount();
    }
    mount("/proc", procfs_create(), "proc");
    mount("/sys", sysfs_create(), "sysfs");
    mount("/dev", devfs_create(), "devtmpfs");
    mount("/dev/shm", tmpfs_create(tmpfs_size()), "tmpfs");
}

struct mount_search {
    const char *path;
    bool found;
};

static void mount_compare(void *arg, const char *source, const char *path,
                          const struct filesystem *fs)
{
    struct mount_search *search = arg;

    (void)source;
    (void)fs;
    if (str_equal(path, search->path))
        search->found = true;
}

static bool is_mounted(const char *path)
{
    struct mount_search search = { .path = path };

    path_for_each_mount(mount_compare, &search);
    return search.found;
}

/* Whether `path` lies on one of the manifest's volumes. */
static bool is_on_volume(const struct manifest *manifest, const char *path)
{
    size_t len = str_len(path);

    for (u32 i = 0; i < manifest->mount_count; i++) {
        const struct manifest_mount *volume = &manifest->mounts[i];

        if (len > volume->path_len && path[volume->path_len] == '/' &&
            mem_equal(path, volume->path, volume->path_len))
            return true;
    }
    return false;
}

static void mount_tmpfs(const struct manifest *manifest, bool on_volumes)
{
    for (u32 i = 0; i < manifest->tmpfs_count; i++) {
        const char *path = manifest->tmpfs[i];

        if (is_on_volume(manifest, path) != on_volumes || is_mounted(path))
            continue; /* /dev/shm is always there. */
        mount(path, tmpfs_create(tmpfs_size()), "tmpfs");
    }
}

void root_mount_more(const struct manifest *manifest)
{
    mount_tmpfs(manifest, false);
    volumes_mount(manifest);
    mount_tmpfs(manifest, true);
}
