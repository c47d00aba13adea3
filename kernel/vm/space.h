/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The address space from inside kernel/vm: its lock, its areas, its page tables.
 *
 * One lock, LOCK_RANK_VM: faults hold it for reading, whatever changes areas or takes pages out of
 * the tables holds it for writing. No copy to or from the program, and no last reference to a file
 * is given back, with it held.
 *
 * Invariants
 *  1. A present entry lies in an area, and owns one reference to the page it names.
 *  2. An entry with MMU_COW names a page of the page cache, in an area that is not shared; one
 *     without in such an area names a page of its own. So does one with MMU_COW and MMU_DIRTY: a
 *     copy that its maker makes writable as soon as no CPU knows the page before it. He holds the
 *     lock for reading, and nobody else changes the entry.
 *  3. An entry with MMU_WRITE lies in an area with VM_WRITE.
 *  4. A page that was taken out of the tables is given back after tlb_flush() only.
 *  5. Entries that name pages of a page cache may be emptied by vm_unmap_cached() at any time,
 *     without `lock`. So whoever uses such a page by way of its entry has a reference of its own,
 *     or turns interrupts off, looks that the entry is still there, and is done before they are on
 *     again: until then tlb_flush() does not return, and the page is not given back (4).
 */

#include "kernel/arch/mmu.h"
#include "kernel/core/mutex.h"
#include "kernel/mm/page.h"
#include "kernel/vm/area.h"
#include "kernel/vm/vm.h"
#include "lib/base/list.h"
#include "lib/base/types.h"

enum {
    VM_ADDRESS_MIN = 65536, /* Nothing is mapped below, as with Linux' mmap_min_addr. */
};

struct space {
    struct rwlock lock;
    struct area_tree areas;
    u64 map_top; /* [const] mmap() searches down from here. */
    u64 break_start;
    u64 break_end;
    u64 stack_top;

    /* [atomic] Counts, for reports; relaxed. */
    u64 resident_pages;
    u64 faults_minor;
    u64 faults_major;

    u64 limit_size; /* RLIMIT_AS, _DATA and _STACK in bytes. [atomic] */
    u64 limit_data;
    u64 limit_stack;
    bool lock_future; /* mlockall(MCL_FUTURE): what is mapped is populated. */
};

extern struct space space;

/* NOLINTNEXTLINE(readability-non-const-parameter): clang-tidy 14 does not see atomics write. */
static inline void space_count(u64 *counter, s64 change)
{
    __atomic_fetch_add(counter, (u64)change, __ATOMIC_RELAXED);
}

/* What an entry of `area` allows, beside the pages' own state. */
u32 area_entry_flags(const struct area *area);

/* Pages taken out of the tables, until they may be given back. */
enum {
    GATHER_SHARED_MAX = 48,
};

struct gather {
    struct list own;                        /* By page->link: pages of nobody else. */
    struct page *shared[GATHER_SHARED_MAX]; /* Of the page cache or the kernel. */
    u32 shared_count;
    u64 lo; /* What has to be flushed. */
    u64 hi;
};

void gather_init(struct gather *gather);
/* Empties `slot`, which maps `size` bytes at `address` of `area`, if it still does. */
void gather_take(struct gather *gather, const struct area *area, u64 address, mmu_entry_t *slot,
                 u64 size);
/* Flushes, then gives the pages back. */
void gather_finish(struct gather *gather);

/*
 * Calls `visit` for every present entry of [lo, hi), in order; `size` is what the entry maps, and a
 * large one may stick out on either side. Returns what `visit` returned when it was not 0, else 0.
 */
typedef int entry_visit_fn(void *arg, u64 address, mmu_entry_t *slot, u64 size);
int entries_for_each(u64 lo, u64 hi, entry_visit_fn *visit, void *arg);

/* Splits a large entry that `at` lies inside of. 0, or -ENOMEM. Lock held for writing. */
int entry_split(u64 at) MUST_USE;

/*
 * Takes the pages of [lo, hi), all within `area`, out of the tables; large entries do not stick out
 * (entry_split()). Lock held for writing.
 */
void entries_zap(const struct area *area, u64 lo, u64 hi);

/* The same, but for a private area's own copies of its file's pages. */
void entries_zap_shared(const struct area *area, u64 lo, u64 hi);

/* entry_split() and area_split() at both ends of a range, for a change of it. Lock for writing. */
int space_cut(u64 lo, u64 hi) MUST_USE;

/*
 * Unmaps [lo, hi), which has been cut. Areas land on `dead`, for area_destroy_list() when the lock
 * is no longer held.
 */
void space_unmap(u64 lo, u64 hi, struct list *dead);

/* Page tables under the hole around [lo, hi) go. */
void space_free_tables(u64 lo, u64 hi);

/* A free place for `size` bytes, or 0. `flags` are MAP_ bits. Lock held. */
u64 space_place(u64 hint, u64 size, u32 flags, u64 align);

/* 0, or -ENOMEM when `size` more bytes break a limit. Lock held. */
int space_check_limits(u64 size, u32 protection, u32 area_flags) MUST_USE;

enum populate {
    POPULATE_READ,
    POPULATE_WRITE,
    POPULATE_AS_MAPPED, /* For writing where that gives the area a page of its own. */
};

/*
 * Brings pages of [lo, hi) in, as faults would. 0; -EFAULT beyond the end of a file, -EINVAL where
 * the area does not allow it, -ENOMEM. The lock is not held.
 */
int space_populate(u64 lo, u64 hi, enum populate how);
