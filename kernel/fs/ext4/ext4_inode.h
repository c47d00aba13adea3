/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of kernel/fs/ext4 share. */

#include "kernel/fs/ext4/format/ext4_format.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/inode_cache.h"
#include "lib/base/types.h"

struct block_device;

enum {
    EXT4_INODES_KEPT = 4096, /* In memory at once, those in use excepted. */
};

struct ext4_mount {
    struct filesystem filesystem;
    struct block_device *device; /* [const] */
    struct ext4_fs *format;      /* [const] */
    struct inode_cache inodes;   /* All that were read. */
};

struct ext4_node {
    struct inode inode;
    struct ext4_inode disk; /* [const] Nothing changes on a read-only filesystem. */
    struct inode_cache_entry entry;
};

static inline struct ext4_node *ext4_node_of(struct inode *inode)
{
    return CONTAINER_OF(inode, struct ext4_node, inode);
}

static inline struct ext4_mount *ext4_mount_of(const struct inode *inode)
{
    return CONTAINER_OF(inode->filesystem, struct ext4_mount, filesystem);
}

/* The inode `number` with a reference: 0, -EIO, -ENOMEM. May sleep. */
int ext4_node_get(struct ext4_mount *mount, u32 number, struct inode **inode) MUST_USE;

extern const struct inode_ops ext4_directory_ops;
extern const struct inode_ops ext4_other_ops; /* Files, links, devices. */
extern const struct page_cache_ops ext4_cache_ops;
