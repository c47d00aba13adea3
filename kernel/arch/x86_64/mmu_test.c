/* SPDX-License-Identifier: Apache-2.0 */
/* Which page tables go with what was mapped, and which stay. Memory is the test's own. */
#include "kernel/arch/mmu.h"
#include "kernel/arch/x86_64/early.h"
#include "kernel/arch/x86_64/features.h"
#include "kernel/arch/x86_64/smp.h"
#include "kernel/core/spinlock.h"
#include "kernel/mm/page.h"
#include "lib/base/types.h"
#include "test/unit/unit.h"

#include <string.h>

enum {
    TABLES_MAX = 16,
};

#define GIB  (1ull << 30)
#define BASE (64 * GIB)

struct early_layout early_layout;
struct cpu_features cpu_features = { .nx = true, .physical_bits = 46 };
u64 kernel_pml4[512];
u8 image_start[1], text_end[1], rodata_start[1], rodata_end[1], data_start[1], image_end[1];

static u8 memory[TABLES_MAX][PAGE_SIZE] __attribute__((aligned(4096)));
static struct page pages[TABLES_MAX];
static u32 tables; /* That are in use. */
static u32 flushes;

static void reset(void)
{
    memset(kernel_pml4, 0, sizeof(kernel_pml4));
    memset(pages, 0, sizeof(pages));
    tables = 0;
    flushes = 0;
}

paddr_t page_alloc_table(void)
{
    for (u32 i = 0; i < TABLES_MAX; i++) {
        if (pages[i].refs == 0) {
            pages[i].refs = 1;
            memset(memory[i], 0, PAGE_SIZE);
            tables++;
            return (paddr_t)(uintptr_t)memory[i];
        }
    }
    return 0;
}

struct page *page_from_address(paddr_t address)
{
    return &pages[(address - (uintptr_t)memory) / PAGE_SIZE];
}

void page_free(struct page *page)
{
    CHECK_EQ(page->refs, 1);
    page->refs = 0;
    tables--;
}

/* Nobody else is there. */
void spin_lock(struct spinlock *lock) LOCK_INTERNALS
{
    lock->word = 1;
}

void spin_unlock(struct spinlock *lock) LOCK_INTERNALS
{
    lock->word = 0;
}

void tlb_flush(u64 address, u64 size)
{
    (void)address;
    (void)size;
}

void tlb_flush_tables(u64 address, u64 size)
{
    (void)address;
    (void)size;
    flushes++;
}

static void map(u64 address, bool large)
{
    mmu_entry_t *slot = mmu_slot(address, large, true, NULL);

    CHECK(slot != NULL);
    mmu_slot_exchange(slot, mmu_entry_make(0x200000, MMU_USER | (large ? MMU_LARGE : 0)));
}

static void clear(u64 address)
{
    mmu_slot_exchange(mmu_slot(address, false, false, NULL), 0);
}

static void free_tables(u64 lo, u64 hi, u64 hole_lo, u64 hole_hi)
{
    mmu_free_tables(lo, hi, &(struct mmu_hole){ hole_lo, hole_hi });
}

TEST(mmu, small_pages_take_their_tables_along)
{
    reset();
    map(BASE + 5ull * PAGE_SIZE, false);
    CHECK_EQ(tables, 3);
    clear(BASE + 5ull * PAGE_SIZE);
    free_tables(BASE + 5ull * PAGE_SIZE, BASE + 6ull * PAGE_SIZE, BASE, BASE + GIB);
    CHECK_EQ(tables, 1);
    CHECK_EQ(flushes, 1);
    map(BASE + 5ull * PAGE_SIZE, false);
    CHECK_EQ(tables, 3);
}

TEST(mmu, large_pages_take_their_table_along)
{
    reset();
    for (u64 at = 0; at < 8; at++)
        map(BASE + at * LARGE_PAGE_SIZE, true);
    CHECK_EQ(tables, 2);
    for (u64 at = 0; at < 8; at++)
        clear(BASE + at * LARGE_PAGE_SIZE);
    free_tables(BASE, BASE + 8ull * LARGE_PAGE_SIZE, BASE, BASE + GIB);
    CHECK_EQ(tables, 1);
    CHECK_EQ(flushes, 1);
}

TEST(mmu, tables_stay_that_reach_beyond_the_hole)
{
    reset();
    map(BASE, false);
    map(BASE + PAGE_SIZE, false);
    map(BASE + LARGE_PAGE_SIZE, false);
    CHECK_EQ(tables, 4);
    clear(BASE + PAGE_SIZE);
    clear(BASE + LARGE_PAGE_SIZE);
    free_tables(BASE + PAGE_SIZE, BASE + 2ull * LARGE_PAGE_SIZE, BASE + PAGE_SIZE, BASE + GIB);
    CHECK_EQ(tables, 3); /* The table of the second 2 MiB went. */
    CHECK(mmu_slot_read(mmu_slot(BASE, false, false, NULL)) != 0);
    CHECK(mmu_slot(BASE + LARGE_PAGE_SIZE, false, false, NULL) == NULL);
}

TEST(mmu, tables_of_others_in_the_hole_are_not_looked_for)
{
    reset();
    map(BASE, false);
    map(BASE + LARGE_PAGE_SIZE, false);
    clear(BASE);
    clear(BASE + LARGE_PAGE_SIZE);
    free_tables(BASE, BASE + PAGE_SIZE, BASE, BASE + GIB);
    CHECK_EQ(tables, 3); /* The other table, and so the one above both. */
    free_tables(BASE + LARGE_PAGE_SIZE, BASE + LARGE_PAGE_SIZE + PAGE_SIZE, BASE, BASE + GIB);
    CHECK_EQ(tables, 1);
}
