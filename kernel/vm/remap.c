/* SPDX-License-Identifier: Apache-2.0 */
/* mremap(2): mappings that grow, shrink and move. */
#include "abi/linux/errors.h"
#include "abi/linux/mman.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/mutex.h"
#include "kernel/vm/area.h"
#include "kernel/vm/space.h"
#include "kernel/vm/vm.h"
#include "lib/base/list.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

struct remap {
    u64 from;
    u64 old_size;
    u64 new_size;
    u32 flags;
    u64 to;
    struct list *dead;
};

struct move {
    u64 distance; /* Modulo 2^64. */
};

/* First pass: everything that can fail. Tables at the destination, and large pages split. */
static int move_prepare(void *arg, u64 address, mmu_entry_t *slot, u64 size)
{
    const struct move *move = arg;
    u64 to = address + move->distance;

    if (size == LARGE_PAGE_SIZE && is_aligned(move->distance, LARGE_PAGE_SIZE)) {
        slot = mmu_slot(to, true, true, NULL);
        if (!slot)
            return -ENOMEM;
        if (mmu_slot_read(slot) == 0)
            return 0; /* It stays whole. */
    }
    if (size == LARGE_PAGE_SIZE) {
        /* Its small pages may need two tables. */
        if (entry_split(address + PAGE_SIZE) < 0 ||
            !mmu_slot(to + size - PAGE_SIZE, false, true, NULL))
            return -ENOMEM;
    }
    return mmu_slot(to, false, true, NULL) ? 0 : -ENOMEM;
}

/* Second pass: takes entries out. Nothing can be seen at the destination before the flush. */
static int move_entry(void *arg, u64 address, mmu_entry_t *slot, u64 size)
{
    const struct move *move = arg;
    mmu_entry_t entry = mmu_slot_exchange(slot, 0);
    mmu_entry_t *to = mmu_slot(address + move->distance, size == LARGE_PAGE_SIZE, true, NULL);

    mmu_slot_exchange(to, entry);
    return 0;
}

/*
 * Moves what is present. The program sees no moment in between: faults wait for the lock, and a CPU
 * that still knows the old place is cut off by the flush before the lock is released.
 */
static int entries_move(u64 from, u64 to, u64 size)
{
    struct move move = { .distance = to - from };
    int err = entries_for_each(from, from + size, move_prepare, &move);

    if (err < 0)
        return err;
    entries_for_each(from, from + size, move_entry, &move);
    tlb_flush(from, size);
    return 0;
}

static bool can_grow_in_place(const struct area *area, const struct remap *remap)
{
    u64 end = remap->from + remap->old_size;
    u64 more = remap->new_size - remap->old_size;
    struct area *next = area_next(area);
    u64 guard = next && next->flags & AREA_GROWS_DOWN ? AREA_GUARD_GAP : 0;

    if (area->end != end || remap->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
        return false;
    if (more > USER_END || end > USER_END - more)
        return false;
    return !next || (next->start >= end + more && next->start - (end + more) >= guard);
}

/* The area at the new place, not yet in the tree. */
static struct area *moved_area(const struct area *area, const struct remap *remap, u64 to)
{
    struct area wanted = *area;

    wanted.start = to;
    wanted.end = to + remap->new_size;
    if (area->file)
        wanted.off = area->off + (remap->from - area->start);
    return area_create(&wanted);
}

static void insert_merged(struct area *area)
{
    area_insert(&space.areas, area);
    area_merge(&space.areas, area->start, area->end);
}

/* `to` is free. The old range goes, but for MREMAP_DONTUNMAP, and old_size 0, which shares it. */
static long move_to(struct area *area, const struct remap *remap, u64 to)
{
    struct area *moved;
    u64 moved_size = u64_min(remap->old_size, remap->new_size);
    int err = 0;

    if (space.areas.count >= AREAS_MAX)
        return -ENOMEM;
    moved = moved_area(area, remap, to);
    if (!moved)
        return -ENOMEM;
    if (moved_size != 0) {
        err = space_cut(remap->from, remap->from + remap->old_size);
        if (err == 0)
            err = entry_split(remap->from + moved_size);
        if (err == 0)
            err = entries_move(remap->from, to, moved_size);
    }
    if (err < 0) {
        list_push_back(remap->dead, &moved->link);
        space_free_tables(to, to + remap->new_size);
        return err;
    }
    if (moved_size != 0 && !(remap->flags & MREMAP_DONTUNMAP))
        space_unmap(remap->from, remap->from + remap->old_size, remap->dead);
    insert_merged(moved);
    return (long)to;
}

static long move_anywhere(struct area *area, const struct remap *remap)
{
    u64 align = area->file || remap->new_size < LARGE_PAGE_SIZE ? PAGE_SIZE : LARGE_PAGE_SIZE;
    u64 to = space_place(0, remap->new_size, 0, align);

    return to != 0 ? move_to(area, remap, to) : -ENOMEM;
}

static long move_fixed(struct area *area, const struct remap *remap)
{
    int err = space_cut(remap->to, remap->to + remap->new_size);

    if (err < 0)
        return err;
    space_unmap(remap->to, remap->to + remap->new_size, remap->dead);
    area = area_find(&space.areas, remap->from);
    return move_to(area, remap, remap->to);
}

static int check_area(const struct area *area, const struct remap *remap)
{
    if (!area || remap->old_size > area->end - remap->from)
        return -EFAULT;
    if (remap->old_size == 0 && !(area->flags & AREA_SHARED && area->file))
        return -EINVAL;
    if (remap->flags & MREMAP_DONTUNMAP && (area->file || area->flags & AREA_SPECIAL))
        return -EINVAL;
    if (remap->new_size > remap->old_size) {
        if (area->flags & AREA_SPECIAL)
            return -EFAULT;
        return space_check_limits(remap->new_size - remap->old_size, area->protection, area->flags);
    }
    return 0;
}

static long shrink(const struct remap *remap)
{
    u64 lo = remap->from + remap->new_size;
    u64 hi = remap->from + remap->old_size;
    int err = lo < hi ? space_cut(lo, hi) : 0;

    if (err < 0)
        return err;
    if (lo < hi)
        space_unmap(lo, hi, remap->dead);
    return (long)remap->from;
}

static long remap_locked(const struct remap *remap)
{
    struct area *area = area_find(&space.areas, remap->from);
    int err = check_area(area, remap);

    if (err < 0)
        return err;
    if (remap->flags & MREMAP_FIXED)
        return move_fixed(area, remap);
    if (remap->flags & MREMAP_DONTUNMAP)
        return move_anywhere(area, remap);
    if (remap->new_size <= remap->old_size)
        return shrink(remap);
    if (can_grow_in_place(area, remap) && remap->old_size != 0) {
        area_set_end(&space.areas, area, remap->from + remap->new_size);
        area_merge(&space.areas, area->start, area->end);
        return (long)remap->from;
    }
    if (!(remap->flags & MREMAP_MAYMOVE))
        return -ENOMEM;
    return move_anywhere(area, remap);
}

static int check_call(const struct remap *remap)
{
    u32 flags = remap->flags;

    if (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
        return -EINVAL;
    if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) && !(flags & MREMAP_MAYMOVE))
        return -EINVAL;
    if (flags & MREMAP_DONTUNMAP && remap->old_size != remap->new_size)
        return -EINVAL;
    if (!is_aligned(remap->from, PAGE_SIZE) || remap->new_size == 0 || remap->new_size > USER_END ||
        remap->old_size > USER_END)
        return -EINVAL;
    if (remap->from > USER_END - remap->old_size)
        return -EFAULT;
    if (!(flags & MREMAP_FIXED))
        return 0;
    if (!is_aligned(remap->to, PAGE_SIZE) || remap->to > USER_END - remap->new_size ||
        remap->to < VM_ADDRESS_MIN)
        return -EINVAL;
    if (remap->to < remap->from + remap->old_size && remap->from < remap->to + remap->new_size)
        return -EINVAL;
    return 0;
}

long vm_remap(u64 address, u64 old_size, u64 new_size, u32 flags, u64 new_address)
{
    struct list dead = LIST_INIT(dead);
    struct remap remap = {
        .from = address,
        .old_size = align_up(old_size, PAGE_SIZE),
        .new_size = align_up(new_size, PAGE_SIZE),
        .flags = flags,
        .to = new_address,
        .dead = &dead,
    };
    long result = check_call(&remap);

    if (result < 0)
        return result;
    rwlock_write_lock(&space.lock);
    result = remap_locked(&remap);
    rwlock_write_unlock(&space.lock);

    area_destroy_list(&dead);
    return result;
}
