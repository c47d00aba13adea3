/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/fs/inode.h"

#include "abi/linux/errors.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/stat.h"
#include "kernel/core/clock.h"
#include "kernel/core/mutex.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "lib/base/types.h"

static inode_unmap_fn *unmap_hook; /* [const] after boot. */
static u64 last_device_id;         /* [atomic] */

void inode_set_unmap_hook(inode_unmap_fn *fn)
{
    unmap_hook = fn;
}

void inode_unmap(struct inode *inode, u64 from, u64 to, bool copies_too)
{
    /* A mapping that is counted after this look faults after it, too, and sees what was changed. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (unmap_hook && __atomic_load_n(&inode->cache.mapping_count, __ATOMIC_RELAXED) > 0)
        unmap_hook(inode, from, to, copies_too);
}

u64 filesystem_device_id(void)
{
    /* Major 0, as Linux does for filesystems without a device. Relaxed: only distinct. */
    return __atomic_add_fetch(&last_device_id, 1, __ATOMIC_RELAXED);
}

struct timestamp timestamp_now(void)
{
    u64 wall_ns = clock_wall_ns();

    return (struct timestamp){ .seconds = (s64)(wall_ns / NS_PER_SECOND),
                               .ns = (u32)(wall_ns % NS_PER_SECOND) };
}

void inode_touch(struct inode *inode)
{
    inode->mtime = timestamp_now();
    inode->ctime = inode->mtime;
}

void inode_init(struct inode *inode, struct filesystem *fs, const struct inode_ops *ops, u64 number,
                u32 mode)
{
    inode->refs = 1;
    inode->mode = mode;
    inode->ops = ops;
    inode->filesystem = fs;
    inode->number = number;
    inode->link_count = 1;
    inode->mtime = timestamp_now();
    inode->atime = inode->mtime;
    inode->ctime = inode->mtime;
    inode->btime = inode->mtime;
    rwlock_init(&inode->lock, LOCK_RANK_INODE);
}

struct inode *inode_get(struct inode *inode)
{
    u32 before = __atomic_fetch_add(&inode->refs, 1, __ATOMIC_RELAXED); /* The caller has one. */

    ASSERT(before != 0);
    return inode;
}

void inode_put(struct inode *inode)
{
    u32 before = __atomic_fetch_sub(&inode->refs, 1, __ATOMIC_ACQ_REL); /* With other puts. */

    ASSERT(before != 0);
    if (before == 1 && inode->ops->release)
        inode->ops->release(inode);
}

void inode_apply(struct inode *inode, const struct inode_change *change)
{
    if (change->set & INODE_SET_MODE)
        inode->mode = (inode->mode & S_IFMT) | (change->mode & ~S_IFMT);
    if (change->set & INODE_SET_UID)
        inode->uid = change->uid;
    if (change->set & INODE_SET_GID)
        inode->gid = change->gid;
    if (change->set & INODE_SET_ATIME)
        inode->atime = change->atime;
    if (change->set & INODE_SET_MTIME)
        inode->mtime = change->mtime;
    inode->ctime = timestamp_now();
}

static int size_allowed(const struct inode *inode, u64 size)
{
    if (inode_type(inode) == S_IFDIR)
        return -EISDIR;
    if (inode_type(inode) != S_IFREG)
        return -EINVAL;
    if (size > INODE_SIZE_MAX)
        return -EFBIG;
    if (size < inode->size && (inode->seals & F_SEAL_SHRINK))
        return -EPERM;
    if (size > inode->size && (inode->seals & F_SEAL_GROW))
        return -EPERM;
    return 0;
}

int inode_set(struct inode *inode, const struct inode_change *change)
{
    int err = 0;

    if (inode->filesystem->read_only || !inode->ops->set)
        return -EROFS;

    rwlock_write_lock(&inode->lock);
    if (change->set & INODE_SET_SIZE)
        err = size_allowed(inode, change->size);
    if (err == 0)
        err = inode->ops->set(inode, change);
    rwlock_write_unlock(&inode->lock);
    return err;
}
