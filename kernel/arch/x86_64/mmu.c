/* SPDX-License-Identifier: Apache-2.0 */
/* Page tables of four levels (Intel SDM volume 3, 4.5). */
#include "kernel/arch/mmu.h"

#include "abi/linux/errors.h"
#include "kernel/arch/x86_64/early.h"
#include "kernel/arch/x86_64/features.h"
#include "kernel/arch/x86_64/smp.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/mm/page.h"
#include "lib/base/list.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum entry_bits {
    ENTRY_PRESENT = 1 << 0,
    ENTRY_WRITE = 1 << 1,
    ENTRY_USER = 1 << 2,
    ENTRY_WRITE_THROUGH = 1 << 3,
    ENTRY_CACHE_DISABLE = 1 << 4,
    ENTRY_ACCESSED = 1 << 5,
    ENTRY_DIRTY = 1 << 6,
    ENTRY_LARGE = 1 << 7,
    ENTRY_GLOBAL = 1 << 8,
    ENTRY_COW = 1 << 9,        /* Ours to use. */
    ENTRY_NO_ACCESS = 1 << 10, /* Likewise. */
};
#define ENTRY_NX      (1ull << 63)
#define ENTRY_ADDRESS 0x000ffffffffff000ull

enum {
    TABLE_SLOTS = 512,
    LEVEL_BITS = 9,
    LEVEL_SMALL = 0, /* Level n covers 2^(12 + 9n) bytes a slot. */
    LEVEL_LARGE = 1,
    LEVEL_TOP = 3,
    PHYSICAL_BITS_MAX = 52, /* Of ENTRY_ADDRESS. */
};

/* Changes of the kernel's half. The program's half has its own rules, see mmu.h. */
static struct spinlock kernel_lock = SPINLOCK_INIT(LOCK_RANK_MMU);

void *phys_to_virt(paddr_t address)
{
    return (void *)(early_layout.direct_map + address);
}

paddr_t virt_to_phys(const void *address)
{
    u64 off = (u64)address - early_layout.image_virtual;

    if (off < (u64)(image_end - image_start))
        return early_layout.image_physical + off;
    return (u64)address - early_layout.direct_map;
}

mmu_entry_t mmu_entry_make(paddr_t address, u32 flags)
{
    mmu_entry_t entry = address | ENTRY_PRESENT;

    /*
     * CPUs with L1TF speculate with the address of an entry that is not present: inverted, it is
     * beyond all memory, and nothing of it is in the cache.
     */
    if ((flags & MMU_NO_ACCESS) != 0)
        entry = (address ^ ENTRY_ADDRESS) | ENTRY_NO_ACCESS;
    if ((flags & MMU_WRITE) != 0)
        entry |= ENTRY_WRITE;
    if ((flags & MMU_USER) != 0)
        entry |= ENTRY_USER;
    if ((flags & MMU_UNCACHED) != 0)
        entry |= ENTRY_CACHE_DISABLE | ENTRY_WRITE_THROUGH;
    if ((flags & MMU_DIRTY) != 0)
        entry |= ENTRY_DIRTY;
    if ((flags & MMU_ACCESSED) != 0)
        entry |= ENTRY_ACCESSED;
    if ((flags & MMU_LARGE) != 0)
        entry |= ENTRY_LARGE;
    if ((flags & MMU_COW) != 0)
        entry |= ENTRY_COW;
    if ((flags & MMU_EXEC) == 0 && cpu_features.nx)
        entry |= ENTRY_NX;
    return entry;
}

bool mmu_entry_is_present(mmu_entry_t entry)
{
    return (entry & (ENTRY_PRESENT | ENTRY_NO_ACCESS)) != 0;
}

paddr_t mmu_entry_address(mmu_entry_t entry)
{
    u64 inverted = (entry & ENTRY_NO_ACCESS) != 0 ? ENTRY_ADDRESS : 0;

    return (entry & ENTRY_ADDRESS) ^ inverted;
}

u32 mmu_entry_flags(mmu_entry_t entry)
{
    u32 flags = (entry & ENTRY_NX) != 0 ? 0 : MMU_EXEC;

    if ((entry & ENTRY_WRITE) != 0)
        flags |= MMU_WRITE;
    if ((entry & ENTRY_USER) != 0)
        flags |= MMU_USER;
    if ((entry & ENTRY_CACHE_DISABLE) != 0)
        flags |= MMU_UNCACHED;
    if ((entry & ENTRY_DIRTY) != 0)
        flags |= MMU_DIRTY;
    if ((entry & ENTRY_ACCESSED) != 0)
        flags |= MMU_ACCESSED;
    if ((entry & ENTRY_LARGE) != 0)
        flags |= MMU_LARGE;
    if ((entry & ENTRY_COW) != 0)
        flags |= MMU_COW;
    if ((entry & ENTRY_NO_ACCESS) != 0)
        flags |= MMU_NO_ACCESS;
    return flags;
}

static mmu_entry_t *table_of(mmu_entry_t entry)
{
    return phys_to_virt(entry & ENTRY_ADDRESS);
}

static u32 slot_index(u64 address, u32 level)
{
    return (u32)(address >> (PAGE_SHIFT + LEVEL_BITS * level)) & (TABLE_SLOTS - 1);
}

/*
 * Hangs a new table into an empty slot. Two CPUs may try at once: the loser's table goes back and
 * the winner's is used. 0 when memory is out.
 */
static mmu_entry_t table_install(mmu_entry_t *slot, u64 bits)
{
    paddr_t table = page_alloc_table();
    mmu_entry_t entry = table | bits | ENTRY_PRESENT | ENTRY_WRITE;

    if (table == 0)
        return 0;
    if (mmu_slot_replace(slot, 0, entry))
        return entry;
    page_free(page_from_address(table));
    return mmu_slot_read(slot);
}

mmu_entry_t *mmu_slot(u64 address, bool large, bool create, bool *is_large)
{
    mmu_entry_t *slot = &kernel_pml4[slot_index(address, LEVEL_TOP)];

    if (is_large)
        *is_large = false;
    for (u32 level = LEVEL_TOP; level > (large ? LEVEL_LARGE : LEVEL_SMALL); level--) {
        mmu_entry_t entry = mmu_slot_read(slot);

        if (entry == 0 && create)
            entry = table_install(slot, ENTRY_USER);
        if (entry == 0)
            return NULL;
        if ((entry & ENTRY_LARGE) != 0) {
            if (is_large)
                *is_large = true;
            return slot;
        }
        slot = table_of(entry) + slot_index(address, level - 1);
    }
    return slot;
}

int mmu_split(u64 address)
{
    bool is_large;
    mmu_entry_t *slot = mmu_slot(address, false, false, &is_large);
    mmu_entry_t large;
    mmu_entry_t *table;
    paddr_t memory;

    if (!slot || !is_large)
        return 0;
    memory = page_alloc_table();
    if (memory == 0)
        return -ENOMEM;

    large = mmu_slot_read(slot);
    table = phys_to_virt(memory);
    for (u64 i = 0; i < TABLE_SLOTS; i++) {
        table[i] = mmu_entry_make(mmu_entry_address(large) + (i << PAGE_SHIFT),
                                  mmu_entry_flags(large) & ~(u32)MMU_LARGE);
    }
    mmu_slot_exchange(slot, memory | ENTRY_PRESENT | ENTRY_WRITE | ENTRY_USER);
    tlb_flush(align_down(address, LARGE_PAGE_SIZE), LARGE_PAGE_SIZE);
    return 0;
}

/* How much one slot of `level` covers. */
static u64 slot_size(u32 level)
{
    return 1ull << (PAGE_SHIFT + LEVEL_BITS * level);
}

static bool table_is_empty(const mmu_entry_t *table)
{
    for (u32 i = 0; i < TABLE_SLOTS; i++) {
        if (table[i] != 0)
            return false;
    }
    return true;
}

/* Which tables are to go: those that have to do with [lo, hi) and lie wholly in the hole. */
struct tables_range {
    u64 lo;
    u64 hi;
    struct mmu_hole hole;
    struct list freed; /* Tables, by their struct pages. */
};

/*
 * Detaches the tables at and below `slot`. One is looked through only when the hole has all of it:
 * an upper one too, which large pages leave empty with no table below it. Depth is bounded by the
 * levels of the tables.
 */
/* NOLINTNEXTLINE(misc-no-recursion) */
static void tables_detach(mmu_entry_t *slot, u64 base, u32 level, struct tables_range *range)
{
    mmu_entry_t entry = mmu_slot_read(slot);
    mmu_entry_t *table;

    if (entry == 0 || (entry & ENTRY_LARGE) != 0)
        return;
    table = table_of(entry);
    if (level > LEVEL_LARGE) {
        u64 size = slot_size(level - 1);
        u64 first = range->lo > base ? (range->lo - base) / size : 0;

        for (u64 i = first; i < TABLE_SLOTS && base + i * size < range->hi; i++)
            tables_detach(&table[i], base + i * size, level - 1, range);
    }
    if (base < range->hole.lo || base + slot_size(level) > range->hole.hi || !table_is_empty(table))
        return;
    mmu_slot_exchange(slot, 0);
    list_push_back(&range->freed, &page_from_address(entry & ENTRY_ADDRESS)->list);
}

void mmu_free_tables(u64 lo, u64 hi, const struct mmu_hole *hole)
{
    struct tables_range range = { .lo = lo, .hi = hi, .hole = *hole };
    struct list *node;

    list_init(&range.freed);
    for (u64 base = align_down(lo, slot_size(LEVEL_TOP)); base < hi; base += slot_size(LEVEL_TOP))
        tables_detach(&kernel_pml4[slot_index(base, LEVEL_TOP)], base, LEVEL_TOP, &range);
    if (list_is_empty(&range.freed))
        return;

    /* The CPU caches upper levels too; any flush of the range drops those. */
    tlb_flush_tables(hole->lo, hole->hi - hole->lo);
    while ((node = list_pop_front(&range.freed)))
        page_free(LIST_ENTRY(node, struct page, list));
}

/* The slot of the kernel's half at `level`, tables on the way created. NULL when memory is out. */
static mmu_entry_t *kernel_slot(u64 address, u32 to_level)
{
    mmu_entry_t *slot = &kernel_pml4[slot_index(address, LEVEL_TOP)];

    for (u32 level = LEVEL_TOP; level > to_level; level--) {
        mmu_entry_t entry = mmu_slot_read(slot);

        if (entry == 0)
            entry = table_install(slot, 0);
        if (entry == 0)
            return NULL;
        if ((entry & ENTRY_LARGE) != 0)
            return slot; /* Mapped already, by a large page: the caller compares. */
        slot = table_of(entry) + slot_index(address, level - 1);
    }
    return slot;
}

/* What is mapped stays; it is an error unless it leads to the same memory (the low direct map). */
static int kernel_entry_set(mmu_entry_t *slot, paddr_t physical, u32 flags)
{
    mmu_entry_t entry = mmu_slot_read(slot);
    u64 size = (entry & ENTRY_LARGE) != 0 ? LARGE_PAGE_SIZE : PAGE_SIZE;

    if (entry == 0) {
        mmu_slot_exchange(slot, mmu_entry_make(physical, flags) | ENTRY_GLOBAL);
        return 0;
    }
    if ((entry & ENTRY_ADDRESS & ~(size - 1)) != (physical & ~(size - 1)))
        return -EEXIST;
    return (entry & ENTRY_GLOBAL) != 0 ? 0 : -EEXIST; /* A table is not global. */
}

/*
 * Whether the CPU can address it: bits beyond are reserved in an entry, and the first access would
 * fault. Tables of the firmware and BARs of devices say where they lie, and may say anything.
 */
static bool is_addressable(paddr_t physical, u64 size)
{
    u64 end = 1ull << u32_min(cpu_features.physical_bits, PHYSICAL_BITS_MAX);

    return size <= end && physical <= end - size;
}

int mmu_kernel_map(u64 address, paddr_t physical, u64 size, u32 flags)
{
    u64 step = (flags & MMU_LARGE) != 0 ? LARGE_PAGE_SIZE : PAGE_SIZE;
    int err = 0;

    ASSERT(is_aligned(address | physical | size, step));
    if (!is_addressable(physical, size))
        return -EINVAL;
    spin_lock(&kernel_lock);
    for (u64 off = 0; off < size; off += step) {
        mmu_entry_t *slot =
            kernel_slot(address + off, step == PAGE_SIZE ? LEVEL_SMALL : LEVEL_LARGE);

        if (!slot) {
            err = -ENOMEM;
        } else {
            err = kernel_entry_set(slot, physical + off, flags);
        }
        if (err < 0)
            break;
    }
    spin_unlock(&kernel_lock);
    return err;
}

void mmu_kernel_clear(u64 address, u64 size)
{
    for (u64 off = 0; off < size; off += PAGE_SIZE) {
        mmu_entry_t *slot = mmu_slot(address + off, false, false, NULL);

        if (slot)
            mmu_slot_exchange(slot, 0);
    }
}

void mmu_kernel_unmap(u64 address, u64 size)
{
    mmu_kernel_clear(address, size);
    tlb_flush(address, size);
}

bool mmu_translate(u64 address, paddr_t *physical, u32 *flags)
{
    bool is_large;
    mmu_entry_t *slot = mmu_slot(address, false, false, &is_large);
    mmu_entry_t entry = slot ? mmu_slot_read(slot) : 0;
    u64 size = is_large ? LARGE_PAGE_SIZE : PAGE_SIZE;

    if ((entry & ENTRY_PRESENT) == 0)
        return false;
    *physical = (entry & ENTRY_ADDRESS & ~(size - 1)) + (address & (size - 1));
    *flags = mmu_entry_flags(entry);
    return true;
}
