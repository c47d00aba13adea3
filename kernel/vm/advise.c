/* SPDX-License-Identifier: Apache-2.0 */
/* madvise(2) and mlock(2). */
#include "abi/linux/errors.h"
#include "abi/linux/mman.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/mutex.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/page_cache.h"
#include "kernel/vm/area.h"
#include "kernel/vm/space.h"
#include "kernel/vm/vm.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

/* MADV_DONTNEED, and MADV_FREE, which allows to drop the pages at any time: we do it at once. */
static int drop_pages(u64 lo, u64 hi, int advice)
{
    int err;

    for (struct area *area = area_find_from(&space.areas, lo); area && area->start < hi;
         area = area_next(area)) {
        if (area->flags & AREA_SPECIAL || (advice == MADV_DONTNEED && area->flags & AREA_LOCKED))
            return -EINVAL;
        if (advice == MADV_FREE && (area->file || area->flags & AREA_SHARED))
            return -EINVAL;
    }
    err = entry_split(lo);
    if (err == 0)
        err = entry_split(hi);
    if (err < 0)
        return err;
    for (struct area *area = area_find_from(&space.areas, lo); area && area->start < hi;
         area = area_next(area))
        entries_zap(area, u64_max(lo, area->start), u64_min(hi, area->end));
    return 0;
}

static int flags_change(u64 lo, u64 hi, u32 set, u32 clear)
{
    int err = space_cut(lo, hi);

    if (err < 0)
        return err;
    for (struct area *area = area_find_from(&space.areas, lo); area && area->start < hi;
         area = area_next(area))
        area->flags = (area->flags & ~clear) | set;
    area_merge(&space.areas, lo, hi);
    return 0;
}

static void read_ahead(u64 lo, u64 hi)
{
    for (struct area *area = area_find_from(&space.areas, lo); area && area->start < hi;
         area = area_next(area)) {
        u64 start = u64_max(lo, area->start);
        u64 size = u64_min(hi, area->end) - start;

        if (area->file) {
            page_cache_read_ahead(&area->file->inode->cache,
                                  (area->off + (start - area->start)) >> PAGE_SHIFT,
                                  size >> PAGE_SHIFT);
        }
    }
}

static int advise_locked(u64 lo, u64 hi, int advice)
{
    switch (advice) {
    case MADV_DONTNEED:
    case MADV_DONTNEED_LOCKED:
    case MADV_FREE:
        return drop_pages(lo, hi, advice);
    case MADV_HUGEPAGE:
        return flags_change(lo, hi, AREA_HUGE, AREA_NO_HUGE);
    case MADV_NOHUGEPAGE:
        return flags_change(lo, hi, AREA_NO_HUGE, AREA_HUGE);
    case MADV_DONTDUMP:
        return flags_change(lo, hi, AREA_NO_DUMP, 0);
    case MADV_DODUMP:
        return flags_change(lo, hi, 0, AREA_NO_DUMP);
    default: /* Hints that change nothing here, and those about fork(). */
        return 0;
    }
}

static bool advice_is_known(int advice)
{
    return (advice >= MADV_NORMAL && advice <= MADV_DONTNEED) || advice == MADV_FREE ||
           (advice >= MADV_DONTFORK && advice <= MADV_DONTNEED_LOCKED);
}

int vm_advise(u64 address, u64 size, int advice)
{
    u64 end = address + align_up(size, PAGE_SIZE);
    bool complete;
    int err;

    if (!is_aligned(address, PAGE_SIZE) || !advice_is_known(advice) || size > USER_END ||
        end < address)
        return -EINVAL;
    if (end == address)
        return 0;
    if (end > USER_END)
        return -ENOMEM;

    rwlock_write_lock(&space.lock);
    complete = area_covers(&space.areas, address, end);
    err = advise_locked(address, end, advice);
    rwlock_write_unlock(&space.lock);

    if (advice == MADV_WILLNEED && complete) {
        rwlock_read_lock(&space.lock);
        read_ahead(address, end);
        rwlock_read_unlock(&space.lock);
    }
    if (err == 0 && !complete)
        return -ENOMEM; /* What is there has been done all the same, as on Linux. */
    if (err == 0 && advice == MADV_POPULATE_READ)
        return space_populate(address, end, POPULATE_READ);
    if (err == 0 && advice == MADV_POPULATE_WRITE)
        return space_populate(address, end, POPULATE_WRITE);
    return err;
}

int vm_lock(u64 address, u64 size, bool on, bool populate)
{
    u64 start = align_down(address, PAGE_SIZE);
    u64 end = align_up(address + size, PAGE_SIZE);
    int err;

    if (size == 0)
        return 0;
    if (size > USER_END || address > USER_END - size)
        return -ENOMEM;

    rwlock_write_lock(&space.lock);
    err = area_covers(&space.areas, start, end) ? 0 : -ENOMEM;
    if (err == 0)
        err = flags_change(start, end, on ? AREA_LOCKED : 0, on ? 0 : AREA_LOCKED);
    rwlock_write_unlock(&space.lock);

    if (err < 0 || !on || !populate)
        return err;
    return space_populate(start, end, POPULATE_AS_MAPPED) < 0 ? -ENOMEM : 0;
}

void vm_lock_future(bool on)
{
    rwlock_write_lock(&space.lock);
    space.lock_future = on;
    rwlock_write_unlock(&space.lock);
}
