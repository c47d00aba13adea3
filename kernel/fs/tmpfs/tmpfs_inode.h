/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of kernel/fs/tmpfs share. */

#include "kernel/fs/inode.h"
#include "kernel/fs/tmpfs/tmpfs.h"
#include "lib/base/tree.h"
#include "lib/base/types.h"

struct tmpfs {
    struct filesystem filesystem;
    u64 pages_max;   /* [const] */
    u64 pages_used;  /* [atomic] */
    u64 inodes_used; /* [atomic] */
    u64 last_number; /* [atomic] */
};

struct tmpfs_inode {
    struct inode inode;
    /* Directories. Under the names lock. */
    struct tree by_name;
    struct tree by_order; /* In the order they were made: positions of a listing are stable. */
    u64 last_order;       /* 0 and 1 are "." and "..". */
    struct tmpfs_inode
        *parent;  /* Not counted: it lives while it has children. NULL: root, or gone. */
    char *target; /* Symbolic links. [const] NUL-ended. */
};

struct tmpfs_entry {
    struct tree_node name_node;
    struct tree_node order_node;
    u64 order;
    struct tmpfs_inode *inode; /* With a reference. */
    u32 name_len;
    char name[];
};

static inline struct tmpfs_inode *tmpfs_of(struct inode *inode)
{
    return CONTAINER_OF(inode, struct tmpfs_inode, inode);
}

static inline struct tmpfs *tmpfs_of_inode(const struct inode *inode)
{
    return CONTAINER_OF(inode->filesystem, struct tmpfs, filesystem);
}

/* A new inode with one reference and no links: 0, -ENOMEM, -ENOSPC. */
int tmpfs_inode_create(struct tmpfs *tmpfs, u32 mode, struct tmpfs_inode **result) MUST_USE;

extern const struct inode_ops tmpfs_directory_ops;
