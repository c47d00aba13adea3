/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Page tables. There is one address space: the program in the lower half, the kernel in the upper.
 *
 * Entries of the program's half are changed by atomic operations on the slot itself, so faults on
 * two CPUs need no lock between them: who installs compares and exchanges from what it saw. Removal
 * and protection changes happen under the address space's lock for writing (kernel/vm), followed by
 * tlb_flush() before the page may be used for anything else.
 */

#include "lib/base/types.h"

enum {
    PAGE_SHIFT = 12,
    PAGE_SIZE = 1 << PAGE_SHIFT,
    LARGE_PAGE_SHIFT = 21,
    LARGE_PAGE_SIZE = 1 << LARGE_PAGE_SHIFT,
};

/* The program's half ends here. 4 KiB short of the hole, as on Linux. */
#define USER_END 0x00007ffffffff000ull

typedef u64 paddr_t; /* A physical address. */

enum mmu_flags {
    MMU_WRITE = 1u << 0,
    MMU_EXEC = 1u << 1,
    MMU_USER = 1u << 2,
    MMU_UNCACHED = 1u << 3, /* Device memory. */
    MMU_DIRTY = 1u << 4,    /* Entry starts out dirty; and what mmu_entry_flags() reports. */
    MMU_ACCESSED = 1u << 5, /* Likewise. */
    MMU_LARGE = 1u << 6,    /* One entry for LARGE_PAGE_SIZE. */
    MMU_COW = 1u << 7,      /* Software bit: shared until the first write. */

    /*
     * The entry keeps its page and its flags, and the CPU sees nothing there: the kernel's own
     * accesses fault as the program's do. mmu_entry_is_present() is true all the same.
     */
    MMU_NO_ACCESS = 1u << 8,
};

/* One slot of a page table. 0 is empty. [atomic] */
typedef u64 mmu_entry_t;

/* A present entry. `flags` without MMU_WRITE or MMU_EXEC forbid it; read is always allowed. */
mmu_entry_t mmu_entry_make(paddr_t address, u32 flags);
bool mmu_entry_is_present(mmu_entry_t entry);
paddr_t mmu_entry_address(mmu_entry_t entry);
u32 mmu_entry_flags(mmu_entry_t entry);

/*
 * The slot for `address` in the program's half: the large-page slot where `large`, else the small
 * one. Creates tables on the way where `create`; NULL when memory is out. Without `create`, NULL
 * when no table is there. A small slot is never found below a large page: then `*is_large` is set
 * and the large slot is returned. Needs no lock.
 */
mmu_entry_t *mmu_slot(u64 address, bool large, bool create, bool *is_large);

/*
 * Replaces a large entry by a table of small ones for the same memory and protection. Returns 0, or
 * -ENOMEM. Under the address space's lock for writing.
 */
int mmu_split(u64 address) MUST_USE;

static inline mmu_entry_t mmu_slot_read(mmu_entry_t *slot)
{
    return __atomic_load_n(slot, __ATOMIC_ACQUIRE);
}

/* True, and the slot changed, if it still held `expected`. */
static inline bool mmu_slot_replace(mmu_entry_t *slot, mmu_entry_t expected, mmu_entry_t entry)
{
    return __atomic_compare_exchange_n(slot, &expected, entry, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

static inline mmu_entry_t mmu_slot_exchange(mmu_entry_t *slot, mmu_entry_t entry)
{
    return __atomic_exchange_n(slot, entry, __ATOMIC_ACQ_REL);
}

/* A range of addresses where nothing is mapped, nor going to be. */
struct mmu_hole {
    u64 lo;
    u64 hi;
};

/*
 * Frees the tables that what was mapped in [lo, hi) of the program's half has used, and that lie
 * wholly in the hole around it: all their slots are empty, and tlb_flush() of the hole follows
 * before any of them is used again (done inside). Under the address space's lock for writing.
 */
void mmu_free_tables(u64 lo, u64 hi, const struct mmu_hole *hole);

/* Forgets cached translations of `size` bytes at `address`, on this CPU only. */
void tlb_flush_local(u64 address, u64 size);

/*
 * The same on every CPU; returns when all have, and so when all have had interrupts on. Interrupts
 * are on, no spinlock is held: a CPU that spins for one with interrupts off could not answer. An
 * idle CPU forgets translations of the program's half only when it is idle no more.
 */
void tlb_flush(u64 address, u64 size);

/* This CPU turns to its idle thread, or from it to another one. Interrupts are off. */
void tlb_idle_begin(void);
void tlb_idle_end(void);

/*
 * The kernel's half. `address`, `physical` and `size` are multiples of the page size (of the large
 * one with MMU_LARGE). 0; -ENOMEM; -EEXIST where something else, or a table, is in the way; -EINVAL
 * for memory that the CPU cannot address.
 */
int mmu_kernel_map(u64 address, paddr_t physical, u64 size, u32 flags) MUST_USE;
void mmu_kernel_unmap(u64 address, u64 size); /* Flushes everywhere. */

/* The same without the flush: the caller does it before the memory is used for anything else. */
void mmu_kernel_clear(u64 address, u64 size);

/* Where all of physical memory that has been brought online is mapped, writable. */
void *phys_to_virt(paddr_t address);
paddr_t virt_to_phys(const void *address); /* Of the direct map, or of the kernel's image. */

/* Walks the tables for a debugger or a crash report: false when not mapped. */
bool mmu_translate(u64 address, paddr_t *physical, u32 *flags);
