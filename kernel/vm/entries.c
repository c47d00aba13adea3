/* SPDX-License-Identifier: Apache-2.0 */
/* Walking the program's page tables, and taking pages out of them. */
#include "kernel/arch/mmu.h"
#include "kernel/core/thread.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/page_cache.h"
#include "kernel/mm/page.h"
#include "kernel/vm/area.h"
#include "kernel/vm/space.h"
#include "lib/base/list.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    PAGES_PER_LARGE = LARGE_PAGE_SIZE / PAGE_SIZE,
};

/* A table of large slots covers this much; without one there is nothing in all of it. */
#define LARGE_TABLE_SPAN ((u64)LARGE_PAGE_SIZE * 512)

static bool entry_is_large(mmu_entry_t entry)
{
    return (mmu_entry_flags(entry) & MMU_LARGE) != 0;
}

/* The small entries of [lo, hi), which lie in one table. */
static int small_for_each(u64 lo, u64 hi, entry_visit_fn *visit, void *arg)
{
    mmu_entry_t *slot = mmu_slot(lo, false, false, NULL);

    for (u64 address = lo; slot && address < hi; address += PAGE_SIZE, slot++) {
        int result = 0;

        if (mmu_entry_is_present(mmu_slot_read(slot)))
            result = visit(arg, address, slot, PAGE_SIZE);
        if (result != 0)
            return result;
    }
    return 0;
}

int entries_for_each(u64 lo, u64 hi, entry_visit_fn *visit, void *arg)
{
    u64 address = lo;

    while (address < hi) {
        mmu_entry_t *slot = mmu_slot(address, true, false, NULL);
        u64 base = align_down(address, LARGE_PAGE_SIZE);
        mmu_entry_t entry;
        int result = 0;

        if (!slot) {
            address = align_down(address, LARGE_TABLE_SPAN) + LARGE_TABLE_SPAN;
            continue;
        }
        entry = mmu_slot_read(slot);
        if (entry != 0 && entry_is_large(entry)) {
            result = visit(arg, base, slot, LARGE_PAGE_SIZE);
        } else if (entry != 0) {
            result = small_for_each(address, u64_min(hi, base + LARGE_PAGE_SIZE), visit, arg);
        }
        if (result != 0)
            return result;
        address = base + LARGE_PAGE_SIZE;
        sched_yield_if_due();
    }
    return 0;
}

/* The block of a large entry becomes single pages, each with a reference of its own. */
static void block_split(struct page *head)
{
    for (u32 i = 0; i < PAGES_PER_LARGE; i++) {
        struct page *page = page_from_address(page_address(head) + (u64)i * PAGE_SIZE);

        page->kind = PAGE_PLAIN;
        page->flags = 0;
        page->order = 0;
        __atomic_store_n(&page->refs, 1, __ATOMIC_RELAXED);
    }
}

int entry_split(u64 at)
{
    bool is_large = false;
    mmu_entry_t *slot = mmu_slot(at, false, false, &is_large);
    mmu_entry_t entry;
    int err;

    if (!slot || !is_large || is_aligned(at, LARGE_PAGE_SIZE))
        return 0;
    entry = mmu_slot_read(slot);
    err = mmu_split(at);
    if (err < 0)
        return err;
    block_split(page_from_address(mmu_entry_address(entry)));
    return 0;
}

void gather_init(struct gather *gather)
{
    list_init(&gather->own);
    gather->shared_count = 0;
    gather->lo = UINT64_MAX;
    gather->hi = 0;
}

void gather_finish(struct gather *gather)
{
    struct list *node;

    if (gather->hi > gather->lo)
        tlb_flush(gather->lo, gather->hi - gather->lo); /* Invariant 4. */
    for (node = list_pop_front(&gather->own); node; node = list_pop_front(&gather->own))
        page_put(LIST_ENTRY(node, struct page, link));
    for (u32 i = 0; i < gather->shared_count; i++)
        page_put(gather->shared[i]);
    gather_init(gather);
}

/* True when the entry's reference is the only one there is: invariant 2. */
static bool page_is_own(const struct area *area, u32 flags)
{
    if (area->flags & AREA_SPECIAL || flags & MMU_COW)
        return false;
    return !area->file || !(area->flags & AREA_SHARED);
}

void gather_take(struct gather *gather, const struct area *area, u64 address, mmu_entry_t *slot,
                 u64 size)
{
    mmu_entry_t entry = mmu_slot_exchange(slot, 0);
    struct page *page;

    if (entry == 0)
        return; /* vm_unmap_cached() was faster. */
    page = page_from_address(mmu_entry_address(entry));
    space_count(&space.resident_pages, -(s64)(size >> PAGE_SHIFT));
    gather->lo = u64_min(gather->lo, address);
    gather->hi = u64_max(gather->hi, address + size);

    if (page_is_own(area, mmu_entry_flags(entry))) {
        list_push_back(&gather->own, &page->link);
        return;
    }
    if (area->flags & AREA_SHARED && (mmu_entry_flags(entry) & MMU_DIRTY) != 0)
        page_cache_mark_dirty(&area->file->inode->cache, page);
    gather->shared[gather->shared_count++] = page;
    if (gather->shared_count == GATHER_SHARED_MAX)
        gather_finish(gather);
}

struct zap {
    const struct area *area;
    bool keeps_own;
    struct gather gather;
};

static int zap_entry(void *arg, u64 address, mmu_entry_t *slot, u64 size)
{
    struct zap *zap = arg;

    if (zap->keeps_own && page_is_own(zap->area, mmu_entry_flags(mmu_slot_read(slot))))
        return 0;
    gather_take(&zap->gather, zap->area, address, slot, size);
    return 0;
}

static void zap_range(const struct area *area, u64 lo, u64 hi, bool keeps_own)
{
    struct zap zap = { .area = area, .keeps_own = keeps_own };

    gather_init(&zap.gather);
    entries_for_each(lo, hi, zap_entry, &zap);
    gather_finish(&zap.gather);
}

void entries_zap(const struct area *area, u64 lo, u64 hi)
{
    zap_range(area, lo, hi, false);
}

void entries_zap_shared(const struct area *area, u64 lo, u64 hi)
{
    zap_range(area, lo, hi, true);
}
