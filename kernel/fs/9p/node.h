/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of kernel/fs/9p share. */

#include "kernel/fs/9p/client.h"
#include "kernel/fs/9p/wire.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/inode_cache.h"
#include "lib/base/types.h"

enum {
    P9_INODES_KEPT = 2048, /* In memory at once, those in use excepted. */
};

struct p9_mount {
    struct filesystem filesystem;
    struct p9_client client;
    struct inode_cache inodes; /* All that were looked up, by the server's number and type. */
};

struct p9_node {
    struct inode inode;
    struct p9_qid qid; /* [const] but for `version`: under the inode's lock. */
    u32 fid;           /* [const] Names the file; never opened. */
    u32 open_fid;      /* [atomic] Opened for reading, or P9_NO_FID. Set once. */
    struct inode_cache_entry entry;
};

static inline struct p9_node *p9_node_of(struct inode *inode)
{
    return CONTAINER_OF(inode, struct p9_node, inode);
}

static inline struct p9_mount *p9_mount_of(const struct inode *inode)
{
    return CONTAINER_OF(inode->filesystem, struct p9_mount, filesystem);
}

/*
 * The inode of the file `fid`, with a reference. Takes over `fid`, which is the inode's then, or
 * given back. 0, -EIO, -ENOMEM, or the server's error. May sleep.
 */
int p9_node_get(struct p9_mount *mount, u32 fid, const struct p9_qid *qid, struct inode **inode)
    MUST_USE;

/* The fid to read the file or directory with. May sleep. */
int p9_node_open(struct p9_node *node, u32 *fid) MUST_USE;

extern const struct inode_ops p9_directory_ops;
extern const struct inode_ops p9_other_ops; /* Files, links, devices. */
extern const struct page_cache_ops p9_cache_ops;
