/* SPDX-License-Identifier: Apache-2.0 */
/* A mounted share, and the inodes of its files. */
#include "kernel/fs/9p/9p.h"

#include "abi/linux/errors.h"
#include "abi/linux/stat.h"
#include "abi/p9/p9.h"
#include "kernel/core/mutex.h"
#include "kernel/fs/9p/client.h"
#include "kernel/fs/9p/node.h"
#include "kernel/fs/9p/wire.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/inode_cache.h"
#include "kernel/fs/page_cache.h"
#include "kernel/mm/heap.h"
#include "kernel/share/share.h"
#include "lib/base/types.h"

/* ---- Files. ---- */

static struct timestamp timestamp_of(u64 seconds, u64 ns)
{
    return (struct timestamp){ (s64)seconds, ns < 1000000000 ? (u32)ns : 0 };
}

/* All but type and number, which never change. Nobody else has the inode, or its lock is held. */
static void take_over(struct inode *inode, const struct p9_attr *attr)
{
    inode->mode = (inode->mode & S_IFMT) | (attr->mode & ~S_IFMT & 0177777);
    inode->uid = attr->uid;
    inode->gid = attr->gid;
    inode->link_count = attr->link_count > UINT32_MAX ? UINT32_MAX : (u32)attr->link_count;
    inode->blocks = attr->blocks;
    inode->device = attr->device;
    inode->atime = timestamp_of(attr->atime, attr->atime_ns);
    inode->mtime = timestamp_of(attr->mtime, attr->mtime_ns);
    inode->ctime = timestamp_of(attr->ctime, attr->ctime_ns);
    inode->btime = inode->ctime;
    inode_set_size(inode, attr->size);
}

/* A type that stat(2) knows, and the one the server spoke of before. */
static bool attr_is_sane(const struct p9_attr *attr, const struct p9_qid *qid)
{
    u32 type = attr->mode & S_IFMT;
    bool is_directory = (qid->type & P9_QID_DIRECTORY) != 0;

    if (attr->size > INODE_SIZE_MAX || is_directory != (type == S_IFDIR))
        return false;
    return type == S_IFREG || type == S_IFDIR || type == S_IFLNK || type == S_IFCHR ||
           type == S_IFBLK || type == S_IFIFO || type == S_IFSOCK;
}

static struct p9_node *node_create(struct p9_mount *mount, u32 fid, const struct p9_qid *qid,
                                   int *err)
{
    struct p9_node *node = heap_alloc_zero(sizeof(*node));
    struct p9_attr attr;

    *err = node ? p9_getattr(&mount->client, fid, &attr) : -ENOMEM;
    if (*err == 0 && !attr_is_sane(&attr, qid))
        *err = -EIO;
    if (*err < 0) {
        heap_free(node);
        return NULL;
    }
    inode_init(&node->inode, &mount->filesystem,
               (attr.mode & S_IFMT) == S_IFDIR ? &p9_directory_ops : &p9_other_ops, qid->path,
               attr.mode & 0177777);
    node->entry.inode = &node->inode;
    node->entry.kind = qid->type;
    node->qid = *qid;
    node->fid = fid;
    node->open_fid = P9_NO_FID;
    take_over(&node->inode, &attr);
    page_cache_init(&node->inode.cache, &node->inode, &p9_cache_ops, 0);
    return node;
}

/* The host's file has changed since: what was read of it is old. */
static int node_renew(struct p9_mount *mount, struct p9_node *node, const struct p9_qid *qid)
{
    struct p9_attr attr;
    int err = p9_getattr(&mount->client, node->fid, &attr);

    if (err == 0 && !attr_is_sane(&attr, qid))
        err = -EIO;
    if (err < 0)
        return err;
    rwlock_write_lock(&node->inode.lock);
    take_over(&node->inode, &attr);
    node->qid.version = qid->version;
    page_cache_drop_from(&node->inode.cache, 0);
    inode_unmap(&node->inode, 0, UINT64_MAX, false);
    rwlock_write_unlock(&node->inode.lock);
    return 0;
}

int p9_node_get(struct p9_mount *mount, u32 fid, const struct p9_qid *qid, struct inode **inode)
{
    struct p9_node *node;
    int err = 0;

    *inode = inode_cache_find(&mount->inodes, qid->path, qid->type);
    if (*inode) {
        p9_clunk(&mount->client, fid);
        node = p9_node_of(*inode);
        if (node->qid.version != qid->version)
            err = node_renew(mount, node, qid);
        if (err < 0)
            inode_put(*inode);
        return err;
    }
    node = node_create(mount, fid, qid, &err);
    if (!node) {
        p9_clunk(&mount->client, fid);
        return err;
    }
    *inode = inode_cache_enter(&mount->inodes, &node->entry);
    return 0;
}

int p9_node_open(struct p9_node *node, u32 *fid)
{
    struct p9_client *client = &p9_mount_of(&node->inode)->client;
    struct p9_qid qid;
    u32 none = P9_NO_FID;
    int err;

    *fid = __atomic_load_n(&node->open_fid, __ATOMIC_ACQUIRE);
    if (*fid != P9_NO_FID)
        return 0;
    err = p9_walk(client, node->fid, NULL, 0, fid, &qid);
    if (err < 0)
        return err;
    err = p9_lopen(client, *fid);
    if (err < 0) {
        p9_clunk(client, *fid);
        return err;
    }
    /* Another thread may have been faster: its fid is as good. */
    if (!__atomic_compare_exchange_n(&node->open_fid, &none, *fid, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
        p9_clunk(client, *fid);
        *fid = none;
    }
    return 0;
}

/* ---- Mounting. ---- */

static void counts(struct filesystem *fs, u64 *blocks, u64 *blocks_free, u64 *files,
                   u64 *files_free)
{
    struct p9_mount *mount = CONTAINER_OF(fs, struct p9_mount, filesystem);
    struct p9_statfs all;

    if (p9_statfs(&mount->client, &all) < 0)
        return;
    *blocks = all.blocks;
    *blocks_free = all.blocks_free;
    *files = all.files;
    *files_free = all.files_free;
}

static void mount_init(struct p9_mount *mount, u32 flags, u64 block_size)
{
    inode_cache_init(&mount->inodes, P9_INODES_KEPT);
    mount->filesystem = (struct filesystem){
        .type = "9p",
        .device_id = filesystem_device_id(),
        .read_only = true,
        .uncached = !(flags & P9_MOUNT_CACHED),
        .block_size = block_size,
        .counts = counts,
        .magic = V9FS_MAGIC,
    };
}

/* The share's top: its qid comes with its attributes. */
static int root_get(struct p9_mount *mount)
{
    struct p9_attr attr;
    struct p9_qid qid;
    u32 fid;
    int err = p9_getattr(&mount->client, P9_ROOT_FID, &attr);

    if (err == 0 && !(attr.qid.type & P9_QID_DIRECTORY))
        err = -ENOTDIR;
    if (err == 0)
        err = p9_walk(&mount->client, P9_ROOT_FID, NULL, 0, &fid, &qid);
    if (err == 0)
        err = p9_node_get(mount, fid, &attr.qid, &mount->filesystem.root);
    return err;
}

int p9_mount(const char *tag, u32 flags, struct filesystem **fs)
{
    struct share *share = share_find(tag);
    struct p9_mount *mount;
    struct p9_statfs all;
    int err;

    if (!share)
        return -ENODEV;
    mount = heap_alloc_zero(sizeof(*mount));
    if (!mount)
        return -ENOMEM;
    err = p9_client_open(&mount->client, share);
    if (err < 0) {
        heap_free(mount);
        return err;
    }
    err = p9_statfs(&mount->client, &all);
    mount_init(mount, flags, err == 0 && all.block_size != 0 ? all.block_size : 4096);
    err = root_get(mount);
    if (err < 0) {
        p9_client_close(&mount->client);
        heap_free(mount);
        return err;
    }
    *fs = &mount->filesystem;
    return 0;
}
