/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/fs/tmpfs/tmpfs.h"

#include "abi/linux/errors.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/stat.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/mutex.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/page_cache.h"
#include "kernel/fs/tmpfs/tmpfs_inode.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

/* ---- Data. ---- */

static int tmpfs_account(struct page_cache *cache, s64 count)
{
    struct tmpfs *tmpfs = tmpfs_of_inode(cache->inode);
    u64 used = __atomic_add_fetch(&tmpfs->pages_used, (u64)count, __ATOMIC_RELAXED); /* A count. */

    if (count > 0 && used > tmpfs->pages_max) {
        __atomic_fetch_sub(&tmpfs->pages_used, (u64)count, __ATOMIC_RELAXED);
        return -ENOSPC;
    }
    return 0;
}

static int tmpfs_read(struct page_cache *cache, u64 index, struct page **pages, u32 count)
{
    (void)cache;
    (void)index;
    for (u32 i = 0; i < count; i++)
        mem_zero(page_virt(pages[i]), PAGE_SIZE);
    return 0;
}

static const struct page_cache_ops tmpfs_cache_ops = {
    .read = tmpfs_read,
    .account = tmpfs_account,
};

static int tmpfs_set(struct inode *inode, const struct inode_change *change)
{
    int err = 0;

    if (change->set & INODE_SET_SIZE)
        err = regular_resize(inode, change->size);
    if (err == 0)
        inode_apply(inode, change);
    return err;
}

static void tmpfs_refresh(struct inode *inode)
{
    inode->blocks = __atomic_load_n(&inode->cache.page_count, __ATOMIC_RELAXED) * (PAGE_SIZE / 512);
}

/* Makes sure that pages of [off, off + len) exist, or takes them away. */
static int punch_hole(struct inode *inode, u64 off, u64 len)
{
    u64 end = u64_min(off + len, inode->size);
    u64 first = align_up(off, PAGE_SIZE);
    u64 last = align_down(end, PAGE_SIZE);

    for (u64 at = off; at < end;) {
        u64 piece = u64_min(end - at, PAGE_SIZE - at % PAGE_SIZE);
        struct page *page = NULL;

        if (piece == PAGE_SIZE) {
            at = last; /* Whole pages go below. */
            continue;
        }
        page = page_cache_find(&inode->cache, at / PAGE_SIZE);
        if (page) {
            mem_zero((u8 *)page_virt(page) + at % PAGE_SIZE, piece);
            page_put(page);
        }
        at += piece;
    }
    if (first < last) {
        page_cache_drop(&inode->cache, first / PAGE_SIZE, last / PAGE_SIZE);
        inode_unmap(inode, first, last, false);
    }
    return 0;
}

static int tmpfs_allocate(struct inode *inode, u32 mode, u64 off, u64 len)
{
    struct tmpfs *tmpfs = tmpfs_of_inode(inode);
    u64 end = off + len;

    if (mode & ~(u32)(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
        return -EOPNOTSUPP;
    if (inode->seals & F_SEAL_WRITE)
        return -EPERM;
    if (mode & FALLOC_FL_PUNCH_HOLE)
        return mode & FALLOC_FL_KEEP_SIZE ? punch_hole(inode, off, len) : -EOPNOTSUPP;
    if (end > inode->size && !(mode & FALLOC_FL_KEEP_SIZE) && (inode->seals & F_SEAL_GROW))
        return -EPERM;
    if (len / PAGE_SIZE > tmpfs->pages_max)
        return -ENOSPC;
    if (mode & FALLOC_FL_ZERO_RANGE)
        (void)!punch_hole(inode, off, len);

    for (u64 index = off / PAGE_SIZE; index * PAGE_SIZE < end; index++) {
        struct page *page;
        int err = page_cache_get(&inode->cache, index, &page);

        if (err < 0)
            return err;
        page_put(page);
    }
    if (end > inode->size && !(mode & FALLOC_FL_KEEP_SIZE))
        inode_set_size(inode, end);
    inode_touch(inode);
    return 0;
}

/* ---- Inodes. ---- */

static long tmpfs_readlink(struct inode *inode, char *target, size_t size)
{
    size_t len = size_min(inode->size, size);

    mem_copy(target, tmpfs_of(inode)->target, len);
    return (long)len;
}

static void tmpfs_release(struct inode *inode)
{
    struct tmpfs_inode *self = tmpfs_of(inode);
    struct tmpfs *tmpfs = tmpfs_of_inode(inode);

    if (inode_type(inode) == S_IFREG)
        page_cache_fini(&inode->cache);
    heap_free(self->target);
    heap_free(self);
    __atomic_fetch_sub(&tmpfs->inodes_used, 1, __ATOMIC_RELAXED); /* A count. */
}

static const struct inode_ops tmpfs_file_ops = {
    .set = tmpfs_set,
    .refresh = tmpfs_refresh,
    .allocate = tmpfs_allocate,
    .release = tmpfs_release,
};

static const struct inode_ops tmpfs_symlink_ops = {
    .readlink = tmpfs_readlink,
    .set = tmpfs_set,
    .release = tmpfs_release,
};

static const struct inode_ops *ops_for(u32 mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return &tmpfs_directory_ops;
    case S_IFLNK:
        return &tmpfs_symlink_ops;
    default:
        return &tmpfs_file_ops;
    }
}

int tmpfs_inode_create(struct tmpfs *tmpfs, u32 mode, struct tmpfs_inode **result)
{
    struct tmpfs_inode *self;
    u64 number;

    if (__atomic_add_fetch(&tmpfs->inodes_used, 1, __ATOMIC_RELAXED) > TMPFS_INODES_MAX) {
        __atomic_fetch_sub(&tmpfs->inodes_used, 1, __ATOMIC_RELAXED);
        return -ENOSPC;
    }
    self = heap_alloc_zero(sizeof(*self));
    if (!self) {
        __atomic_fetch_sub(&tmpfs->inodes_used, 1, __ATOMIC_RELAXED);
        return -ENOMEM;
    }
    number = __atomic_add_fetch(&tmpfs->last_number, 1, __ATOMIC_RELAXED); /* Only distinct. */
    inode_init(&self->inode, &tmpfs->filesystem, ops_for(mode), number, mode);
    self->inode.link_count = 0;
    self->last_order = 1;
    page_cache_init(&self->inode.cache, &self->inode, &tmpfs_cache_ops, PAGE_CACHE_IN_MEMORY);
    *result = self;
    return 0;
}

/* ---- The filesystem. ---- */

static void tmpfs_counts(struct filesystem *fs, u64 *blocks, u64 *blocks_free, u64 *files,
                         u64 *files_free)
{
    struct tmpfs *tmpfs = CONTAINER_OF(fs, struct tmpfs, filesystem);
    u64 used = __atomic_load_n(&tmpfs->pages_used, __ATOMIC_RELAXED);
    u64 inodes = __atomic_load_n(&tmpfs->inodes_used, __ATOMIC_RELAXED);

    *blocks = tmpfs->pages_max;
    *blocks_free = tmpfs->pages_max - u64_min(used, tmpfs->pages_max);
    *files = TMPFS_INODES_MAX;
    *files_free = TMPFS_INODES_MAX - u64_min(inodes, TMPFS_INODES_MAX);
}

struct filesystem *tmpfs_create(u64 size_max)
{
    struct tmpfs *tmpfs = heap_alloc_zero(sizeof(*tmpfs));
    struct tmpfs_inode *root;
    struct page_counts counts;

    if (!tmpfs)
        return NULL;
    page_counts(&counts);
    tmpfs->pages_max = size_max ? align_up(size_max, PAGE_SIZE) / PAGE_SIZE : counts.total / 2;
    tmpfs->filesystem = (struct filesystem){
        .type = "tmpfs",
        .device_id = filesystem_device_id(),
        .block_size = PAGE_SIZE,
        .counts = tmpfs_counts,
        .magic = TMPFS_MAGIC,
    };
    if (tmpfs_inode_create(tmpfs, S_IFDIR | 01777, &root) < 0) {
        heap_free(tmpfs);
        return NULL;
    }
    root->inode.link_count = 2;
    tmpfs->filesystem.root = &root->inode;
    return &tmpfs->filesystem;
}

/* ---- memfd. ---- */

static struct tmpfs *memfd_home(void)
{
    static struct filesystem *home; /* [atomic] Made when first needed. */
    struct filesystem *fs = __atomic_load_n(&home, __ATOMIC_ACQUIRE); /* With the exchange. */
    struct filesystem *none = NULL;

    if (!fs) {
        fs = tmpfs_create(INT64_MAX); /* Memory itself is the limit, as on Linux. */
        /* Two threads at once: one of the two stays unused, for ever, and empty. */
        if (fs && !__atomic_compare_exchange_n(&home, &none, fs, false, __ATOMIC_ACQ_REL,
                                               __ATOMIC_ACQUIRE))
            fs = none;
    }
    return fs ? CONTAINER_OF(fs, struct tmpfs, filesystem) : NULL;
}

/* file->leave of a memfd, which has no path. `data` is its name. */
static void memfd_leave(struct file *file)
{
    heap_free(file->data);
    inode_put(file->inode);
}

int memfd_create(const char *name, bool allow_sealing, struct file **file)
{
    struct tmpfs *home = memfd_home();
    struct tmpfs_inode *inode;
    char *copy;
    int err;

    if (!home)
        return -ENOMEM;
    err = tmpfs_inode_create(home, S_IFREG | 0777, &inode);
    if (err < 0)
        return err;
    copy = heap_copy_text(name);
    *file = copy ? file_create(&regular_file_ops, copy,
                               FILE_READABLE | FILE_WRITABLE | FILE_SEEKABLE | FILE_LARGEFILE)
                 : NULL;
    if (!*file) {
        heap_free(copy);
        inode_put(&inode->inode);
        return -ENOMEM;
    }
    inode->inode.seals = allow_sealing ? 0 : F_SEAL_SEAL;
    (*file)->inode = &inode->inode;
    (*file)->leave = memfd_leave;
    return 0;
}

static bool is_memfd(const struct file *file)
{
    return file->inode && !file->path && file->leave == memfd_leave;
}

int memfd_add_seals(struct file *file, u32 seals)
{
    const u32 known =
        F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;
    int err = 0;

    if (!is_memfd(file) || (seals & ~known))
        return -EINVAL;
    rwlock_write_lock(&file->inode->lock);
    if (file->inode->seals & F_SEAL_SEAL) {
        err = -EPERM;
    } else if ((seals & F_SEAL_WRITE) &&
               __atomic_load_n(&file->inode->cache.map_count, __ATOMIC_RELAXED) > 0) {
        err = -EBUSY;
    } else {
        file->inode->seals |= seals;
    }
    rwlock_write_unlock(&file->inode->lock);
    return err;
}

long memfd_seals(struct file *file)
{
    return is_memfd(file) ? (long)file->inode->seals : -EINVAL;
}
