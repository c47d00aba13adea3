/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking clean pages of files back from the program, for the page cache when memory is low. The
 * other way round than everything else here: from a page to the entries that name it, by the list
 * of areas that show its file.
 *
 * Runs wherever memory is allocated, bottom halves and holders of the address space's lock
 * included, and so without that lock. What it relies on instead: an area on the list is in the tree
 * of areas, so no table below it is freed; entries change by compare and exchange; and a fault that
 * uses the page behind an entry has interrupts off, which the flush before the page is freed waits
 * for. One that makes an entry writable in this moment has marked the page dirty before: it is not
 * freed.
 */
#include "kernel/arch/mmu.h"
#include "kernel/core/spinlock.h"
#include "kernel/fs/page_cache.h"
#include "kernel/mm/page.h"
#include "kernel/vm/area.h"
#include "kernel/vm/space.h"
#include "kernel/vm/vm.h"
#include "lib/base/list.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    /*
     * A page of a file with more mappings than this stays: looking through them would take too
     * long with interrupts off. Such pages go when a fault finds no memory at all.
     */
    MAPPINGS_MAX = 1024,
};

static struct area *area_of(struct list *link)
{
    return LIST_ENTRY(link, struct area, mapping_link);
}

/* The slot for the page at `off` of the file in `area`, and its address; NULL: not shown there. */
static mmu_entry_t *slot_of(const struct area *area, u64 off, u64 *address)
{
    if (off < area->off || off - area->off >= area->end - area->start)
        return NULL;
    *address = area->start + (off - area->off);
    return mmu_slot(*address, false, false, NULL); /* No file is mapped by large pages. */
}

static bool is_entry_of(mmu_entry_t entry, const struct page *page)
{
    return mmu_entry_is_present(entry) && mmu_entry_address(entry) == page_address(page);
}

/* Whether the page has been used through `area`, which is forgotten, or must stay there. */
static bool is_used_in(const struct area *area, const struct page *page)
{
    u64 address;
    mmu_entry_t *slot = slot_of(area, page->cached.index << PAGE_SHIFT, &address);
    mmu_entry_t entry = slot ? mmu_slot_read(slot) : 0;
    u32 flags;

    if (!is_entry_of(entry, page))
        return false;
    flags = mmu_entry_flags(entry);
    if (flags & MMU_WRITE || area->flags & AREA_LOCKED)
        return true;
    if (!(flags & MMU_ACCESSED))
        return false;
    /* CPUs that know the entry do not mark it again until they forget it: it may seem unused. */
    mmu_slot_replace(slot, entry, mmu_entry_make(mmu_entry_address(entry), flags & ~MMU_ACCESSED));
    return true;
}

static void take_from(const struct area *area, struct page *page, struct page_unmapped *unmapped)
{
    u64 address;
    mmu_entry_t *slot = slot_of(area, page->cached.index << PAGE_SHIFT, &address);
    mmu_entry_t entry;

    if (!slot)
        return;
    do {
        entry = mmu_slot_read(slot);
        if (!is_entry_of(entry, page))
            return;
    } while (!mmu_slot_replace(slot, entry, 0));
    space_count(&space.resident_pages, -1);
    unmapped->lo = u64_min(unmapped->lo, address);
    unmapped->hi = u64_max(unmapped->hi, address + PAGE_SIZE);
    page_put(page); /* Not the last one: the caller has one until after the flush. */
}

bool vm_unmap_cached(struct page_cache *cache, struct page *page, bool used,
                     struct page_unmapped *unmapped)
{
    struct list *at;

    spin_lock(&cache->mapping_lock);
    if (cache->mapping_count > MAPPINGS_MAX)
        used = true;
    if (cache->mapping_count <= MAPPINGS_MAX) {
        LIST_FOR_EACH (&cache->mappings, at)
            used |= is_used_in(area_of(at), page);
    }
    if (!used) {
        LIST_FOR_EACH (&cache->mappings, at)
            take_from(area_of(at), page, unmapped);
    }
    spin_unlock(&cache->mapping_lock);
    return !used;
}
