/* SPDX-License-Identifier: Apache-2.0 */
/* mprotect(2). */
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

struct change {
    const struct area *area;
    u64 lo; /* What has to be flushed, because it allows less than before. */
    u64 hi;
};

/* Whether an entry may let writes through without a fault that takes note of them. */
static bool entry_may_write(const struct area *area, u32 flags)
{
    if (!(area->protection & VM_WRITE) || flags & MMU_COW)
        return false;
    if (!area->file || !(area->flags & AREA_SHARED))
        return true;
    return (area->file->inode->cache.flags & PAGE_CACHE_IN_MEMORY) != 0;
}

static int change_entry(void *arg, u64 address, mmu_entry_t *slot, u64 size)
{
    struct change *change = arg;
    mmu_entry_t before;
    mmu_entry_t after;
    u32 flags;
    u32 kept;

    do { /* The CPU sets accessed and dirty bits meanwhile; vm_unmap_cached() may empty it. */
        before = mmu_slot_read(slot);
        if (before == 0)
            return 0;
        flags = mmu_entry_flags(before);
        kept = flags & (MMU_DIRTY | MMU_ACCESSED | MMU_LARGE | MMU_COW);
        kept |= area_entry_flags(change->area);
        if (entry_may_write(change->area, flags))
            kept |= MMU_WRITE | MMU_DIRTY;
        after = mmu_entry_make(mmu_entry_address(before), kept);
    } while (!mmu_slot_replace(slot, before, after));

    if (flags & ~kept & (MMU_WRITE | MMU_EXEC) || kept & ~flags & MMU_NO_ACCESS) {
        change->lo = u64_min(change->lo, address);
        change->hi = u64_max(change->hi, address + size);
    }
    return 0;
}

static void area_change(struct area *area, u32 protection, u64 lo, u64 hi)
{
    struct change change = { .area = area, .lo = UINT64_MAX };

    area->protection = protection;
    entries_for_each(lo, hi, change_entry, &change);
    if (change.hi > change.lo)
        tlb_flush(change.lo, change.hi - change.lo);
}

static int check_range(u64 lo, u64 hi, u32 protection)
{
    u64 new_data = 0;

    for (struct area *area = area_find(&space.areas, lo); area && area->start < hi;
         area = area_next(area)) {
        if (area->flags & AREA_SHARED && area->file && protection & VM_WRITE &&
            !(area->file->flags & FILE_WRITABLE))
            return -EACCES;
        if (!(area->protection & VM_WRITE))
            new_data += u64_min(area->end, hi) - u64_max(area->start, lo);
    }
    if (new_data != 0 && space.limit_data != UINT64_MAX && protection & VM_WRITE)
        return space_check_limits(new_data, protection, 0);
    return 0;
}

/* How far areas cover the range without a hole. */
static u64 covered_end(u64 lo, u64 hi)
{
    struct area *area = area_find(&space.areas, lo);

    while (area && area->end < hi) {
        lo = area->end;
        area = area_find(&space.areas, lo);
    }
    return area ? hi : lo;
}

/* A hole stops it, after what lies before the hole was changed, as on Linux. */
static int protect_locked(u64 lo, u64 end, u32 protection)
{
    u64 hi = covered_end(lo, end);
    int err = check_range(lo, hi, protection);

    if (err == 0)
        err = space_cut(lo, hi);
    if (err < 0)
        return err;
    for (struct area *area = area_find(&space.areas, lo); area && area->start < hi;
         area = area_next(area)) {
        if (area->protection != protection)
            area_change(area, protection, area->start, area->end);
    }
    area_merge(&space.areas, lo, hi);
    return hi == end ? 0 : -ENOMEM;
}

int vm_protect(u64 address, u64 size, u32 protection)
{
    u64 end = address + align_up(size, PAGE_SIZE);
    u32 known = PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM | PROT_GROWSDOWN | PROT_GROWSUP;
    int err;

    if (!is_aligned(address, PAGE_SIZE) || protection & ~known)
        return -EINVAL;
    if ((protection & (PROT_GROWSDOWN | PROT_GROWSUP)) == (PROT_GROWSDOWN | PROT_GROWSUP))
        return -EINVAL;
    if (size == 0)
        return 0;
    if (size > USER_END || end < address || end > USER_END)
        return -ENOMEM;

    rwlock_write_lock(&space.lock);
    if (protection & PROT_GROWSDOWN) {
        struct area *area = area_find(&space.areas, address);

        if (area && area->flags & AREA_GROWS_DOWN)
            address = area->start;
    }
    err = protect_locked(address, end, protection & (VM_READ | VM_WRITE | VM_EXEC));
    rwlock_write_unlock(&space.lock);
    return err;
}
