/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/fs/ext4/ext4.h"

#include "abi/linux/errors.h"
#include "abi/linux/stat.h"
#include "kernel/block/block.h"
#include "kernel/core/spinlock.h"
#include "kernel/fs/ext4/ext4_inode.h"
#include "kernel/fs/ext4/format/ext4_format.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/page_cache.h"
#include "kernel/mm/heap.h"
#include "lib/base/list.h"
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
    take_over_times(&node->inode, &node->disk);
    page_cache_init(&node->inode.cache, &node->inode, &ext4_cache_ops, 0);
    return node;
}

static struct list *bucket_of(struct ext4_mount *mount, u64 number)
{
    return &mount->buckets[number % EXT4_INODE_BUCKETS];
}

static struct ext4_node *find_locked(struct ext4_mount *mount, u32 number) HOLDS(&mount->lock)
{
    struct list *at;

    LIST_FOR_EACH (bucket_of(mount, number), at) {
        struct ext4_node *node = LIST_ENTRY(at, struct ext4_node, bucket_link);

        if (node->inode.number == number) {
            inode_get(&node->inode);
            list_remove(&node->kept_link);
            list_push_back(&mount->kept, &node->kept_link);
            return node;
        }
    }
    return NULL;
}

/* The oldest inode that only the table refers to, out of it; NULL when there is none near. */
static struct ext4_node *oldest_unused(struct ext4_mount *mount) HOLDS(&mount->lock)
{
    struct list *at = mount->kept.next;

    for (u32 i = 0; i < 32 && at != &mount->kept; i++, at = at->next) {
        struct ext4_node *node = LIST_ENTRY(at, struct ext4_node, kept_link);

        /* More references only come from the table, under its lock. */
        if (__atomic_load_n(&node->inode.refs, __ATOMIC_ACQUIRE) == 1) {
            list_remove(&node->kept_link);
            list_remove(&node->bucket_link);
            mount->kept_count--;
            return node;
        }
    }
    return NULL;
}

/* Enters `fresh`, or finds that another thread was faster: then that one, and `fresh` goes. */
static struct ext4_node *node_enter(struct ext4_mount *mount, struct ext4_node *fresh)
{
    struct ext4_node *victim = NULL;
    struct ext4_node *node;

    spin_lock(&mount->lock);
    node = find_locked(mount, (u32)fresh->inode.number);
    if (!node) {
        node = fresh;
        inode_get(&node->inode);
        list_push_back(bucket_of(mount, node->inode.number), &node->bucket_link);
        list_push_back(&mount->kept, &node->kept_link);
        mount->kept_count++;
        if (mount->kept_count > EXT4_INODES_KEPT)
            victim = oldest_unused(mount);
    }
    spin_unlock(&mount->lock);
    if (victim)
        inode_put(&victim->inode);
    if (node != fresh)
        inode_put(&fresh->inode);
    return node;
}

int ext4_node_get(struct ext4_mount *mount, u32 number, struct inode **inode)
{
    struct ext4_node *node;
    int err = 0;

    spin_lock(&mount->lock);
    node = find_locked(mount, number);
    spin_unlock(&mount->lock);
    if (!node) {
        node = node_create(mount, number, &err);
        if (!node)
            return err;
        node = node_enter(mount, node);
    }
    *inode = &node->inode;
    return 0;
}

/* --- Mounting ------------------------------------------------------------------------------ */

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

static void mount_init(struct ext4_mount *mount, struct block_device *device)
{
    mount->device = device;
    spinlock_init(&mount->lock, LOCK_RANK_NAME_CACHE);
    list_init(&mount->kept);
    for (u32 i = 0; i < EXT4_INODE_BUCKETS; i++)
        list_init(&mount->buckets[i]);
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
    mount_init(mount, device);
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
