/* SPDX-License-Identifier: Apache-2.0 */
/* munmap(2), and whatever else takes areas or pages away. */
#include "abi/linux/errors.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/mutex.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/vm/area.h"
#include "kernel/vm/space.h"
#include "kernel/vm/vm.h"
#include "lib/base/list.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

int space_cut(u64 lo, u64 hi)
{
    int err = area_split(&space.areas, lo);

    if (err == 0)
        err = area_split(&space.areas, hi);
    if (err == 0)
        err = entry_split(lo);
    if (err == 0)
        err = entry_split(hi);
    if (err < 0)
        area_merge(&space.areas, lo, hi); /* As if nothing had been asked. */
    return err;
}

void space_free_tables(u64 lo, u64 hi)
{
    /* More than the table of large slots above is not worth looking for. */
    u64 span = (u64)LARGE_PAGE_SIZE * 512;
    struct mmu_hole hole = {
        .lo = u64_max(area_hole_start(&space.areas, lo), align_down(lo, span)),
        .hi = area_hole_end(&space.areas, hi, u64_min(align_up(hi, span), USER_END)),
    };

    mmu_free_tables(lo, hi, &hole);
}

void space_unmap(u64 lo, u64 hi, struct list *dead)
{
    struct area *area = area_find_from(&space.areas, lo);
    bool any = false;

    while (area && area->start < hi) {
        struct area *next = area_next(area);

        entries_zap(area, area->start, area->end);
        area_remove(&space.areas, area);
        list_push_back(dead, &area->link);
        area = next;
        any = true;
    }
    if (any)
        space_free_tables(lo, hi);
}

int vm_unmap(u64 address, u64 size)
{
    struct list dead = LIST_INIT(dead);
    u64 end = address + align_up(size, PAGE_SIZE);
    int err;

    if (!is_aligned(address, PAGE_SIZE) || size == 0 || size > USER_END ||
        address > USER_END - size || end > USER_END)
        return -EINVAL;

    rwlock_write_lock(&space.lock);
    err = space_cut(address, end);
    if (err == 0)
        space_unmap(address, end, &dead);
    rwlock_write_unlock(&space.lock);

    area_destroy_list(&dead);
    return err;
}

/* The part of `area` that shows [from, to) of its file. */
static void area_zap(const struct area *area, u64 from, u64 to, bool copies_too)
{
    u64 size = area->end - area->start;
    u64 lo = from > area->off ? u64_min(from - area->off, size) : 0;
    u64 hi = to > area->off ? u64_min(to - area->off, size) : 0;

    if (lo >= hi)
        return;
    if (copies_too) {
        entries_zap(area, area->start + lo, area->start + hi);
    } else {
        entries_zap_shared(area, area->start + lo, area->start + hi);
    }
}

void vm_file_unmap(struct inode *inode, u64 from, u64 to, bool copies_too)
{
    rwlock_write_lock(&space.lock);
    for (struct area *area = area_first(&space.areas); area; area = area_next(area)) {
        if (area->file && area->file->inode == inode)
            area_zap(area, from, to, copies_too);
    }
    rwlock_write_unlock(&space.lock);
}
