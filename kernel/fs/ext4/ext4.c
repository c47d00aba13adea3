/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/fs/ext4/ext4.h"

#include "abi/linux/errors.h"
#include "abi/linux/stat.h"
#include "kernel/block/block.h"
#include "kernel/fs/ext4/ext4_inode.h"
#include "kernel/fs/ext4/format/ext4_format.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/inode_cache.h"
#include "kernel/fs/page_cache.h"
#include "kernel/mm/heap.h"
#include "lib/base/types.h"

static void take_over_times(struct inode *inode, const struct ext4_inode *disk)
{
    inode->atime = (struct timestamp){ disk->atime.seconds, disk->atime.ns };
    inode->mtime = (struct timestamp){ disk->mtime.seconds, disk->mtime.ns };
    inode->ctime = (struct timestamp){ disk->ctime.seconds, disk->ctime.ns };
    inode->btime = (struct timestamp){ disk->btime.seconds, disk->btime.ns };
}

/* Linux's encoding of a device number in stat: 12 bits of major in the middle. */
static u64 device_number(u64 device)
{
    u64 major = device >> 32;
    u64 minor = device & UINT32_MAX;

    return (minor & 0xff) | (major & 0xfff) << 8 | (minor & ~(u64)0xff) << 12 |
           (major & ~(u64)0xfff) << 32;
}

static struct ext4_node *node_create(struct ext4_mount *mount, u32 number, int *err)
{
    struct ext4_node *node = heap_alloc_zero(sizeof(*node));
    const struct inode_ops *ops;

    *err = node ? ext4_inode_read(mount->format, number, &node->disk) : -ENOMEM;
    if (*err < 0) {
        heap_free(node);
        return NULL;
    }
    ops = (node->disk.mode & S_IFMT) == S_IFDIR ? &ext4_directory_ops : &ext4_other_ops;
    inode_init(&node->inode, &mount->filesystem, ops, number, node->disk.mode);
    node->inode.size = node->disk.size;
    node->inode.link_count = node->disk.link_count;
    node->inode.uid = node->disk.uid;
    node->inode.gid = node->disk.gid;
    node->inode.blocks = node->disk.blocks;
    node->inode.device = device_number(node->disk.device);
    node->entry.inode = &node->inode;
    take_over_times(&node->inode, &node->disk);
    page_cache_init(&node->inode.cache, &node->inode, &ext4_cache_ops, 0);
    return node;
}

int ext4_node_get(struct ext4_mount *mount, u32 number, struct inode **inode)
{
    struct ext4_node *node;
    int err;

    *inode = inode_cache_find(&mount->inodes, number, 0);
    if (*inode)
        return 0;
    node = node_create(mount, number, &err);
    if (!node)
        return err;
    *inode = inode_cache_enter(&mount->inodes, &node->entry);
    return 0;
}

/* ---- Mounting. ---- */

static int disk_read(void *context, u64 off, void *to, size_t size)
{
    return block_read(context, off, to, size);
}

static void counts(struct filesystem *fs, u64 *blocks, u64 *blocks_free, u64 *files,
                   u64 *files_free)
{
    struct ext4_mount *mount = CONTAINER_OF(fs, struct ext4_mount, filesystem);
    struct ext4_counts all;

    ext4_counts(mount->format, &all);
    *blocks = all.blocks;
    *blocks_free = all.blocks_free;
    *files = all.files;
    *files_free = all.files_free;
}

static struct ext4_disk disk_of(struct block_device *device)
{
    return (struct ext4_disk){ .context = device,
                               .size = device->sector_count * BLOCK_SECTOR_SIZE,
                               .read = disk_read };
}

int ext4_identify(struct block_device *device, struct ext4_identity *identity)
{
    struct ext4_disk disk = disk_of(device);

    return ext4_names(&disk, identity->uuid, identity->label);
}

int ext4_mount(struct block_device *device, struct filesystem **fs)
{
    struct ext4_disk disk = disk_of(device);
    struct ext4_mount *mount = heap_alloc_zero(sizeof(*mount));
    int err;

    if (!mount)
        return -ENOMEM;
    mount->device = device;
    inode_cache_init(&mount->inodes, EXT4_INODES_KEPT);
    err = ext4_open(&disk, 0, &mount->format);
    if (err < 0) {
        heap_free(mount);
        return err;
    }
    mount->filesystem = (struct filesystem){
        .type = "ext4",
        .device_id = filesystem_device_id(),
        .read_only = true,
        .block_size = ext4_block_size(mount->format),
        .counts = counts,
        .magic = EXT4_MAGIC,
    };
    err = ext4_node_get(mount, EXT4_ROOT_INODE, &mount->filesystem.root);
    if (err == 0 && inode_type(mount->filesystem.root) != S_IFDIR)
        err = -EIO;
    if (err < 0) {
        ext4_close(mount->format); /* The root's inode, if there is one, is lost with the disk. */
        return err;
    }
    *fs = &mount->filesystem;
    return 0;
}
