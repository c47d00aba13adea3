/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plain files over the page cache, for every filesystem. Reading takes no lock but the cache's, for
 * a moment a page; writing holds the inode's. The copy to or from the program is the only one.
 */
#include "abi/linux/errors.h"
#include "abi/linux/fcntl.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/mutex.h"
#include "kernel/core/thread.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/page_cache.h"
#include "kernel/mm/iter.h"
#include "kernel/mm/page.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

/* Copies from one page, or zeros where a file in memory has a hole. Bytes, or an error. */
static long read_piece(struct inode *inode, struct iter *to, u64 off, u64 len)
{
    struct page_cache *cache = &inode->cache;
    struct page *page = page_cache_find(cache, off / PAGE_SIZE);
    size_t copied;
    int err;

    if (!page) {
        if (cache->flags & PAGE_CACHE_IN_MEMORY)
            return (long)iter_zero(to, len);
        err = page_cache_get(cache, off / PAGE_SIZE, &page);
        if (err < 0)
            return err;
    }
    copied = iter_copy_to(to, (u8 *)page_virt(page) + off % PAGE_SIZE, len);
    page_put(page);
    return (long)copied;
}

static long regular_read(struct file *file, struct iter *to, u64 off, u32 flags)
{
    struct inode *inode = file->inode;
    u64 size = inode_size(inode);
    u64 left;
    long done = 0;

    (void)flags;
    if (off >= size)
        return 0;
    left = u64_min(to->left, size - off);

    while (left > 0) {
        u64 len = u64_min(left, PAGE_SIZE - off % PAGE_SIZE);
        long copied = read_piece(inode, to, off, len);

        if (copied < 0)
            return done ? done : copied;
        done += copied;
        if ((u64)copied < len)
            return done ? done : -EFAULT;
        off += len;
        left -= len;
    }
    return done;
}

static long write_piece(struct inode *inode, struct iter *from, u64 off, u64 len)
{
    struct page_cache *cache = &inode->cache;
    struct page *page;
    size_t copied;
    int err;

    if (len == PAGE_SIZE) {
        err = page_cache_get_new(cache, off / PAGE_SIZE, &page);
    } else {
        err = page_cache_get(cache, off / PAGE_SIZE, &page);
    }
    if (err < 0)
        return err;
    copied = iter_copy_from(from, (u8 *)page_virt(page) + off % PAGE_SIZE, len);
    page_cache_mark_dirty(cache, page);
    page_put(page);
    return (long)copied;
}

/* What may be written at `off`: 0, or why not. `*len` is cut to what fits. */
static int write_allowed(const struct inode *inode, u64 off, u64 *len)
{
    if (inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
        return -EPERM;
    if (off >= INODE_SIZE_MAX)
        return -EFBIG;
    *len = u64_min(*len, INODE_SIZE_MAX - off);
    if ((inode->seals & F_SEAL_GROW) && off + *len > inode->size) {
        if (off >= inode->size)
            return -EPERM;
        *len = inode->size - off;
    }
    return 0;
}

static long write_locked(struct inode *inode, struct iter *from, u64 off, u64 left)
{
    long done = 0;

    while (left > 0) {
        u64 len = u64_min(left, PAGE_SIZE - off % PAGE_SIZE);
        long copied = write_piece(inode, from, off, len);

        if (copied <= 0)
            return done ? done : copied ? copied : -EFAULT;
        done += copied;
        off += (u64)copied;
        left -= (u64)copied;
        if (off > inode->size)
            inode_set_size(inode, off);
        if ((u64)copied < len)
            break;
    }
    return done;
}

static long regular_write(struct file *file, struct iter *from, u64 off, u32 flags)
{
    struct inode *inode = file->inode;
    u64 len = from->left;
    long done;

    if (len == 0)
        return 0;
    rwlock_write_lock(&inode->lock);
    if (flags & FILE_APPEND)
        off = inode->size;
    done = write_allowed(inode, off, &len);
    if (done == 0)
        done = write_locked(inode, from, off, len);
    if (done > 0)
        inode_touch(inode);
    rwlock_write_unlock(&inode->lock);
    return done;
}

static u64 regular_size(struct file *file)
{
    return inode_size(file->inode);
}

/* Where data or a hole comes at or after `off`; the end of the file counts as a hole. */
static long seek_data_or_hole(struct inode *inode, u64 off, int whence)
{
    u64 size = inode_size(inode);
    u64 index = off / PAGE_SIZE;
    u64 next;

    if (off >= size)
        return -ENXIO;
    if (!(inode->cache.flags & PAGE_CACHE_IN_MEMORY))
        return (long)(whence == SEEK_DATA ? off : size);

    if (whence == SEEK_DATA) {
        if (!page_cache_next(&inode->cache, index, &next) || next * PAGE_SIZE >= size)
            return -ENXIO;
        return (long)u64_max(off, next * PAGE_SIZE);
    }
    while (page_cache_next(&inode->cache, index, &next) && next == index) {
        index++;
        sched_yield_if_due();
    }
    return (long)u64_min(size, u64_max(off, index * PAGE_SIZE));
}

static long regular_seek(struct file *file, s64 off, int whence)
{
    s64 base = 0;
    s64 target;

    if (whence == SEEK_DATA || whence == SEEK_HOLE)
        return off < 0 ? -ENXIO : seek_data_or_hole(file->inode, (u64)off, whence);
    if (whence == SEEK_CUR) {
        base = (s64)file->position;
    } else if (whence == SEEK_END) {
        base = (s64)inode_size(file->inode);
    } else if (whence != SEEK_SET) {
        return -EINVAL;
    }
    if (__builtin_add_overflow(base, off, &target))
        return -EOVERFLOW;
    return target < 0 ? -EINVAL : target;
}

static int regular_truncate(struct file *file, u64 size)
{
    struct inode_change change = { .set = INODE_SET_SIZE, .size = size };

    return inode_set(file->inode, &change);
}

static int regular_sync(struct file *file, bool data_only)
{
    (void)file;
    (void)data_only;
    return 0; /* Nothing is ever dirty: filesystems are in memory or read-only. */
}

static int regular_allocate(struct file *file, u32 mode, u64 off, u64 len)
{
    struct inode *inode = file->inode;
    int err;

    if (inode->filesystem->read_only)
        return -EROFS;
    if (!inode->ops->allocate)
        return -EOPNOTSUPP;
    if (off > INODE_SIZE_MAX || len > INODE_SIZE_MAX - off)
        return -EFBIG;
    rwlock_write_lock(&inode->lock);
    err = inode->ops->allocate(inode, mode, off, len);
    rwlock_write_unlock(&inode->lock);
    return err;
}

static int regular_get_page(struct file *file, u64 index, struct page **page)
{
    return page_cache_get(&file->inode->cache, index, page);
}

static int regular_mmap(struct file *file, bool shared, u32 protection)
{
    const u32 prot_write = 2; /* PROT_WRITE */

    if (shared && (protection & prot_write) &&
        (file->inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)))
        return -EPERM;
    return 0;
}

int regular_resize(struct inode *inode, u64 size)
{
    u64 keep = size / PAGE_SIZE + (size % PAGE_SIZE != 0);
    struct page *page;

    if (size < inode->size) {
        inode_set_size(inode, size);
        inode_unmap(inode, keep * PAGE_SIZE, UINT64_MAX, true);
        page = size % PAGE_SIZE ? page_cache_find(&inode->cache, size / PAGE_SIZE) : NULL;
        if (page) {
            mem_zero((u8 *)page_virt(page) + size % PAGE_SIZE, PAGE_SIZE - size % PAGE_SIZE);
            page_cache_mark_dirty(&inode->cache, page);
            page_put(page);
        }
        page_cache_drop_from(&inode->cache, keep);
    }
    inode_set_size(inode, size);
    inode_touch(inode);
    return 0;
}

const struct file_ops regular_file_ops = {
    .name = "file",
    .read = regular_read,
    .write = regular_write,
    .seek = regular_seek,
    .size = regular_size,
    .truncate = regular_truncate,
    .sync = regular_sync,
    .allocate = regular_allocate,
    .get_page = regular_get_page,
    .mmap = regular_mmap,
};
