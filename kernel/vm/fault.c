/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page faults. All of this runs with the address space locked for reading, on several CPUs at once:
 * an entry is installed only into the slot state it was decided on, and who loses the race gives
 * its page back and is done, since the winner's entry is as good.
 */
#include "abi/linux/errors.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/upcall.h"
#include "kernel/core/mutex.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/page_cache.h"
#include "kernel/mm/page.h"
#include "kernel/vm/area.h"
#include "kernel/vm/space.h"
#include "kernel/vm/vm.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    FAULT_AROUND_PAGES = 16,
    PAGES_PER_LARGE = LARGE_PAGE_SIZE / PAGE_SIZE,

    /*
     * An area gets large pages once it has filled this many small ones: what is touched here and
     * there (stacks of threads, sparse tables) never does, a growing heap does soon.
     */
    LARGE_AFTER_PAGES = PAGES_PER_LARGE,

    /* And only while memory is plentiful: this many pages are free. 256 MiB. */
    LARGE_FREE_PAGES = 65536,
    /* Or this part of all memory, where the program asked for it (MADV_HUGEPAGE). */
    LARGE_FREE_PART = 4,

    RECLAIM_PAGES = 256, /* At once, when memory is out. 1 MiB. */

    ENTRY_SETTLES = MMU_COW | MMU_DIRTY, /* Without MMU_WRITE: invariant 2. */
};

u32 area_entry_flags(const struct area *area)
{
    u32 flags = MMU_ACCESSED | MMU_USER;

    if (area->protection == 0)
        flags |= MMU_NO_ACCESS; /* The entry holds the page for a later mprotect(). */
    if (area->protection & VM_EXEC)
        flags |= MMU_EXEC;
    return flags;
}

static bool area_allows(const struct area *area, u32 access)
{
    if (access & FAULT_WRITE)
        return (area->protection & VM_WRITE) != 0;
    if (access & FAULT_EXEC)
        return (area->protection & VM_EXEC) != 0;
    return area->protection != 0; /* Whatever may be written or run may be read, as on Linux. */
}

/* Hands `page`, of which the caller has a reference, to an empty slot. False: it was not empty. */
static bool entry_install(struct area *area, mmu_entry_t *slot, struct page *page, u32 flags)
{
    u64 pages = flags & MMU_LARGE ? PAGES_PER_LARGE : 1;

    if (!mmu_slot_replace(slot, 0, mmu_entry_make(page_address(page), flags))) {
        page_put(page);
        return false;
    }
    space_count(&space.resident_pages, (s64)pages);
    space_count(&area->touched_pages, (s64)pages);
    return true;
}

static bool large_wanted(const struct area *area, u64 address)
{
    u64 base = align_down(address, LARGE_PAGE_SIZE);
    struct page_counts counts;

    if (area->flags & AREA_NO_HUGE || base < area->start || area->end - base < LARGE_PAGE_SIZE)
        return false;
    if (!(area->flags & AREA_HUGE) &&
        __atomic_load_n(&area->touched_pages, __ATOMIC_RELAXED) < LARGE_AFTER_PAGES)
        return false;
    page_counts(&counts);
    if (area->flags & AREA_HUGE)
        return counts.free >= counts.total / LARGE_FREE_PART;
    return counts.free >= LARGE_FREE_PAGES;
}

/* False when small pages have to do. */
static bool large_fault(struct area *area, u64 address)
{
    bool is_large;
    mmu_entry_t *slot = mmu_slot(address, true, true, &is_large);
    u32 flags = area_entry_flags(area) | MMU_LARGE;
    struct page *page;

    if (!slot || mmu_slot_read(slot) != 0)
        return false;
    page = page_alloc(PAGE_ORDER_LARGE, PAGE_ALLOC_ZERO | PAGE_ALLOC_NO_WAIT);
    if (!page)
        return false;
    if (area->protection & VM_WRITE)
        flags |= MMU_WRITE | MMU_DIRTY;
    (void)entry_install(area, slot, page, flags);
    return true;
}

/*
 * Lets the program write to the copy that `slot` names. Where other CPUs may still know the page it
 * was copied from, not before they have forgotten that: they would read what was, after they have
 * been told of what is. A writer that comes meanwhile tries again (invariant 2).
 */
static void copy_settle(const struct area *area, u64 address, mmu_entry_t *slot,
                        const struct page *page, bool others_know)
{
    u32 flags = area_entry_flags(area) | MMU_WRITE | MMU_DIRTY;

    if (others_know)
        tlb_flush(address, PAGE_SIZE);
    mmu_slot_exchange(slot, mmu_entry_make(page_address(page), flags)); /* It is ours to change. */
}

/*
 * Copies the cached page that `entry` names and puts the copy in its place, if the entry is still
 * there. The page has no reference of ours: interrupts are off so that nobody gives it back
 * meanwhile (invariant 5). Of several CPUs that do this one wins.
 */
static bool entry_copy(const struct area *area, mmu_entry_t *slot, mmu_entry_t entry,
                       struct page *page)
{
    u32 flags = area_entry_flags(area) | ENTRY_SETTLES;
    bool irq_was_on = irq_save();
    bool replaced = false;

    if (mmu_slot_read(slot) == entry) {
        mem_copy(page_virt(page), page_virt(page_from_address(mmu_entry_address(entry))),
                 PAGE_SIZE);
        replaced = mmu_slot_replace(slot, entry, mmu_entry_make(page_address(page), flags));
    }
    irq_restore(irq_was_on);
    return replaced;
}

/* A page of its own for an entry that shares one until it is written to. */
static enum vm_fault copy_on_write(const struct area *area, u64 address, mmu_entry_t *slot,
                                   mmu_entry_t entry)
{
    struct page *page = page_alloc(0, 0);

    if (!page)
        return VM_FAULT_NO_MEMORY;
    if (!entry_copy(area, slot, entry, page)) {
        page_put(page);
        return VM_FAULT_DONE;
    }
    copy_settle(area, address, slot, page, true);
    page_put(page_from_address(mmu_entry_address(entry)));
    return VM_FAULT_DONE;
}

/*
 * The first write through an entry of a shared file: whoever writes it back has to know, before it
 * happens. As above there is no reference of ours.
 */
static void entry_make_dirty(const struct area *area, mmu_entry_t *slot, mmu_entry_t entry)
{
    paddr_t address = mmu_entry_address(entry);
    u32 flags = mmu_entry_flags(entry) | MMU_WRITE | MMU_DIRTY | MMU_ACCESSED;
    bool irq_was_on = irq_save();

    if (mmu_slot_read(slot) == entry) {
        page_cache_mark_dirty(&area->file->inode->cache, page_from_address(address));
        mmu_slot_replace(slot, entry, mmu_entry_make(address, flags));
    }
    irq_restore(irq_was_on);
}

/* Something is there, and the access is allowed: it was there first, or it needs to be writable. */
static enum vm_fault present_fault(struct area *area, u64 address, mmu_entry_t *slot,
                                   mmu_entry_t entry, u32 access)
{
    u32 flags = mmu_entry_flags(entry);

    if (!(access & FAULT_WRITE) || flags & MMU_WRITE) {
        tlb_flush_local(address, PAGE_SIZE);
        return VM_FAULT_DONE;
    }
    if ((flags & ENTRY_SETTLES) == ENTRY_SETTLES) {
        cpu_relax();
        return VM_FAULT_DONE;
    }
    if (flags & MMU_COW)
        return copy_on_write(area, address, slot, entry);

    if (area->file && area->flags & AREA_SHARED) {
        entry_make_dirty(area, slot, entry);
    } else {
        flags |= MMU_WRITE | MMU_DIRTY | MMU_ACCESSED;
        mmu_slot_replace(slot, entry, mmu_entry_make(mmu_entry_address(entry), flags));
    }
    tlb_flush_local(address, PAGE_SIZE);
    return VM_FAULT_DONE;
}

static enum vm_fault anonymous_fault(struct area *area, u64 address, u32 access)
{
    u32 flags = area_entry_flags(area);
    bool is_large;
    mmu_entry_t *slot;
    mmu_entry_t entry;
    struct page *page;

    if (large_wanted(area, address) && large_fault(area, address))
        return VM_FAULT_DONE;
    slot = mmu_slot(address, false, true, &is_large);
    if (!slot)
        return VM_FAULT_NO_MEMORY;
    entry = mmu_slot_read(slot);
    if (entry != 0)
        return present_fault(area, address, slot, entry, access);

    page = page_alloc(0, PAGE_ALLOC_ZERO);
    if (!page)
        return VM_FAULT_NO_MEMORY;
    if (area->protection & VM_WRITE)
        flags |= MMU_WRITE | MMU_DIRTY; /* It is zeros and nobody else's: no second fault. */
    (void)entry_install(area, slot, page, flags);
    return VM_FAULT_DONE;
}

static u64 file_index(const struct area *area, u64 address)
{
    return (area->off + (address - area->start)) >> PAGE_SHIFT;
}

static u64 file_page_count(const struct inode *inode)
{
    u64 size = __atomic_load_n(&inode->size, __ATOMIC_RELAXED);

    return (size >> PAGE_SHIFT) + !is_aligned(size, PAGE_SIZE);
}

/* How a page of the cache is entered for reading. */
static u32 cached_flags(const struct area *area, const struct page_cache *cache)
{
    u32 flags = area_entry_flags(area);

    if (!(area->flags & AREA_SHARED))
        return flags | MMU_COW;
    /* Where nothing is written back nobody asks which pages are dirty. */
    if (cache->flags & PAGE_CACHE_IN_MEMORY && area->protection & VM_WRITE)
        flags |= MMU_WRITE | MMU_DIRTY;
    return flags;
}

/* Enters the neighbours that are in the cache: a program's text is used in runs. */
static void fault_around(struct area *area, u64 address, struct page_cache *cache, u64 page_count)
{
    u64 window = (u64)FAULT_AROUND_PAGES * PAGE_SIZE;
    u64 lo = u64_max(align_down(address, window), area->start);
    u64 hi = u64_min(align_down(address, window) + window, area->end);
    mmu_entry_t *slot = mmu_slot(lo, false, false, NULL);

    for (; slot && lo < hi; lo += PAGE_SIZE, slot++) {
        u64 index = file_index(area, lo);
        struct page *page;

        if (index >= page_count)
            return;
        if (mmu_slot_read(slot) != 0)
            continue;
        page = page_cache_find(cache, index);
        if (page)
            (void)entry_install(area, slot, page, cached_flags(area, cache));
    }
}

static enum vm_fault cached_page(struct page_cache *cache, u64 index, struct page **page)
{
    int err;

    *page = page_cache_find(cache, index);
    if (*page)
        return VM_FAULT_DONE;
    space_count(&space.faults_major, 1);
    err = page_cache_get(cache, index, page);
    if (err < 0)
        return err == -ENOMEM ? VM_FAULT_NO_MEMORY : VM_FAULT_NO_DATA;
    return VM_FAULT_DONE;
}

/*
 * The first write to a page of a private mapping that was never read; or it was, and the entry has
 * just been emptied by vm_unmap_cached(), whose flush may be still to come.
 */
static enum vm_fault private_write(struct area *area, u64 address, mmu_entry_t *slot,
                                   struct page *cached)
{
    struct page *page = page_alloc(0, 0);

    if (page) {
        mem_copy(page_virt(page), page_virt(cached), PAGE_SIZE);
        if (entry_install(area, slot, page, area_entry_flags(area) | ENTRY_SETTLES))
            copy_settle(area, address, slot, page, page_cache_is_reclaiming());
    }
    page_put(cached);
    return page ? VM_FAULT_DONE : VM_FAULT_NO_MEMORY;
}

static enum vm_fault file_fault(struct area *area, u64 address, u32 access)
{
    struct page_cache *cache = &area->file->inode->cache;
    u64 page_count = file_page_count(area->file->inode);
    u64 index = file_index(area, address);
    mmu_entry_t *slot = mmu_slot(address, false, true, NULL);
    mmu_entry_t entry;
    enum vm_fault result;
    struct page *page;
    u32 flags;

    if (!slot)
        return VM_FAULT_NO_MEMORY;
    entry = mmu_slot_read(slot);
    if (entry != 0)
        return present_fault(area, address, slot, entry, access);
    if (index >= page_count)
        return VM_FAULT_NO_DATA;

    result = cached_page(cache, index, &page);
    if (result != VM_FAULT_DONE)
        return result;
    if (access & FAULT_WRITE && !(area->flags & AREA_SHARED))
        return private_write(area, address, slot, page);

    flags = cached_flags(area, cache);
    if (access & FAULT_WRITE) {
        page_cache_mark_dirty(cache, page);
        flags |= MMU_WRITE | MMU_DIRTY;
    }
    (void)entry_install(area, slot, page, flags);
    fault_around(area, address, cache, page_count);
    return VM_FAULT_DONE;
}

static enum vm_fault area_fault(struct area *area, u64 address, u32 access)
{
    if (!area_allows(area, access))
        return VM_FAULT_DENIED;
    if (area->flags & AREA_SPECIAL)
        return VM_FAULT_NO_DATA;
    if (area->file)
        return file_fault(area, address, access);
    return anonymous_fault(area, address, access);
}

/* An area that grows down takes in `address` below it, if its limit and its neighbour allow. */
static bool stack_grow(u64 address)
{
    struct area *area;
    bool grown = false;

    rwlock_write_lock(&space.lock);
    area = area_find_from(&space.areas, address);
    if (area && area->start <= address) {
        grown = true; /* Somebody else was faster. */
    } else if (area && area->flags & AREA_GROWS_DOWN && area->end - address <= space.limit_stack &&
               address >= VM_ADDRESS_MIN &&
               area_hole_start(&space.areas, address) + AREA_GUARD_GAP <= address &&
               space_check_limits(area->start - address, area->protection, area->flags) == 0) {
        area_set_start(&space.areas, area, address);
        grown = true;
    }
    rwlock_write_unlock(&space.lock);
    return grown;
}

static int drop_clean_entry(void *arg, u64 address, mmu_entry_t *slot, u64 size)
{
    struct gather *gather = arg;
    static const struct area unshared;
    u32 flags = mmu_entry_flags(mmu_slot_read(slot));

    if (flags & MMU_COW)
        gather_take(gather, &unshared, address, slot, size);
    return 0;
}

/*
 * The last resort when memory is out, for what vm_unmap_cached() leaves alone: forgets the mappings
 * of clean file pages, so that the page cache may evict them. They fault back in.
 */
static void clean_entries_drop(void)
{
    struct gather gather;

    gather_init(&gather);
    rwlock_write_lock(&space.lock);
    for (struct area *area = area_first(&space.areas); area; area = area_next(area)) {
        if (area->file && !(area->flags & (AREA_SHARED | AREA_SPECIAL)))
            entries_for_each(area->start, area->end, drop_clean_entry, &gather);
    }
    gather_finish(&gather);
    rwlock_write_unlock(&space.lock);
}

static enum vm_fault fault_once(u64 address, u32 access)
{
    enum vm_fault result = VM_FAULT_NO_AREA;
    struct area *area;

    rwlock_read_lock(&space.lock);
    area = area_find(&space.areas, address);
    if (area)
        result = area_fault(area, address, access);
    rwlock_read_unlock(&space.lock);
    return result;
}

enum vm_fault vm_fault(u64 address, u32 access)
{
    u64 page = align_down(address, PAGE_SIZE);
    enum vm_fault result = fault_once(page, access);

    if (result == VM_FAULT_NO_AREA && stack_grow(page))
        result = fault_once(page, access);
    if (result == VM_FAULT_NO_MEMORY) {
        /* Page tables are allocated without: the allocator itself has tried for other pages. */
        if (page_cache_reclaim(RECLAIM_PAGES) == 0)
            clean_entries_drop();
        result = fault_once(page, access);
    }
    if (result == VM_FAULT_DONE)
        space_count(&space.faults_minor, 1);
    return result;
}
