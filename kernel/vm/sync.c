/* SPDX-License-Identifier: Apache-2.0 */
/* msync(2) and mincore(2). */
#include "abi/linux/errors.h"
#include "abi/linux/mman.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/mutex.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/page_cache.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "kernel/mm/uaccess.h"
#include "kernel/vm/area.h"
#include "kernel/vm/space.h"
#include "kernel/vm/vm.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

/* The file behind the first shared mapping at or above `*address`, with a reference, or NULL. */
static struct file *shared_file_from(u64 *address, u64 end)
{
    struct file *file = NULL;

    rwlock_read_lock(&space.lock);
    for (struct area *area = area_find_from(&space.areas, *address);
         area && area->start < end && !file; area = area_next(area)) {
        if (area->file && area->flags & AREA_SHARED)
            file = file_get(area->file);
        *address = area->end;
    }
    rwlock_read_unlock(&space.lock);
    return file;
}

int vm_sync(u64 address, u64 size, u32 flags)
{
    u64 end = address + align_up(size, PAGE_SIZE);
    bool complete;
    int err = 0;

    if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || !is_aligned(address, PAGE_SIZE) ||
        (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
        return -EINVAL;
    if (size > USER_END || end < address || end > USER_END)
        return -ENOMEM;
    if (size == 0)
        return 0;

    rwlock_read_lock(&space.lock);
    complete = area_covers(&space.areas, address, end);
    rwlock_read_unlock(&space.lock);

    while (flags & MS_SYNC && address < end && err == 0) {
        struct file *file = shared_file_from(&address, end);

        if (!file)
            break;
        if (file->ops->sync)
            err = file->ops->sync(file, true);
        file_put(file);
    }
    if (err < 0)
        return err;
    return complete ? 0 : -ENOMEM;
}

struct residency {
    u64 start;
    u64 count;
    u8 *bytes;
};

static int note_resident(void *arg, u64 address, mmu_entry_t *slot, u64 size)
{
    const struct residency *residency = arg;

    (void)slot;
    for (u64 off = 0; off < size; off += PAGE_SIZE) {
        u64 index = (address + off - residency->start) >> PAGE_SHIFT;

        if (address + off >= residency->start && index < residency->count)
            residency->bytes[index] = 1;
    }
    return 0;
}

/* Pages of files count when the cache has them, as on Linux. */
static void note_cached(const struct residency *residency)
{
    u64 end = residency->start + (residency->count << PAGE_SHIFT);

    for (u64 i = 0; i < residency->count; i++) {
        u64 address = residency->start + (i << PAGE_SHIFT);
        struct area *area = area_find(&space.areas, address);
        struct page *page;

        if (address >= end || !area || !area->file || residency->bytes[i])
            continue;
        page = page_cache_find(&area->file->inode->cache,
                               (area->off + (address - area->start)) >> PAGE_SHIFT);
        if (page) {
            residency->bytes[i] = 1;
            page_put(page);
        }
    }
}

int vm_resident(u64 address, u64 size, uaddr_t vector)
{
    u64 end = address + align_up(size, PAGE_SIZE);
    u8 *bytes;
    int err = 0;

    if (!is_aligned(address, PAGE_SIZE))
        return -EINVAL;
    if (size > USER_END || end < address || end > USER_END)
        return -ENOMEM;
    bytes = heap_alloc(PAGE_SIZE);
    if (!bytes)
        return -EAGAIN;

    for (u64 at = address; at < end && err == 0; at += (u64)PAGE_SIZE << PAGE_SHIFT) {
        struct residency residency = {
            .start = at,
            .count = u64_min((end - at) >> PAGE_SHIFT, PAGE_SIZE),
            .bytes = bytes,
        };
        u64 stop = at + (residency.count << PAGE_SHIFT);

        mem_zero(bytes, PAGE_SIZE);
        rwlock_read_lock(&space.lock);
        if (area_covers(&space.areas, at, stop)) {
            entries_for_each(at, stop, note_resident, &residency);
            note_cached(&residency);
        } else {
            err = -ENOMEM;
        }
        rwlock_read_unlock(&space.lock);
        if (err == 0)
            err = copy_out(vector + ((at - address) >> PAGE_SHIFT), bytes, residency.count);
    }
    heap_free(bytes);
    return err;
}
