/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page tables for unit tests: two levels, large slots above small ones, found by region. Entries
 * are numbers that only this file understands; a physical address is a pointer, as in
 * fake_memory.c.
 */
#include "test/unit/fake_mmu.h"

#include "abi/linux/errors.h"
#include "kernel/arch/mmu.h"
#include "test/unit/fake_kernel.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    SLOTS = 512,
    REGIONS_MAX = 64,
    BIT_PRESENT = 1,
    BIT_TABLE = 1 << 10,
    FLAGS_SHIFT = 1,
    FLAGS_MASK = 0x1ff,
};

struct region {
    u64 base;
    mmu_entry_t *slots; /* SLOTS of them; NULL: this region is free. */
};

long fake_mmu_tables;
long fake_tlb_flushes;
void (*fake_tlb_flush_hook)(u64 address);

static struct region regions[REGIONS_MAX];

static mmu_entry_t *table_create(void)
{
    mmu_entry_t *table;

    if (fake_alloc_fail_after == 0)
        return NULL; /* The next allocation has to fail, whoever makes it. */
    table = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
    for (u32 i = 0; i < SLOTS; i++)
        table[i] = 0;
    fake_mmu_tables++;
    return table;
}

static struct region *region_find(u64 address, bool create)
{
    u64 base = address & ~((u64)LARGE_PAGE_SIZE * SLOTS - 1);
    struct region *unused = NULL;

    for (u32 i = 0; i < REGIONS_MAX; i++) {
        if (regions[i].slots && regions[i].base == base)
            return &regions[i];
        if (!regions[i].slots)
            unused = &regions[i];
    }
    if (!create)
        return NULL;
    if (!unused)
        abort();
    unused->slots = table_create();
    unused->base = base;
    return unused->slots ? unused : NULL;
}

mmu_entry_t mmu_entry_make(paddr_t address, u32 flags)
{
    return address | (mmu_entry_t)flags << FLAGS_SHIFT | BIT_PRESENT;
}

bool mmu_entry_is_present(mmu_entry_t entry)
{
    return (entry & BIT_PRESENT) != 0;
}

paddr_t mmu_entry_address(mmu_entry_t entry)
{
    return entry & ~(mmu_entry_t)(PAGE_SIZE - 1);
}

u32 mmu_entry_flags(mmu_entry_t entry)
{
    return (u32)(entry >> FLAGS_SHIFT) & FLAGS_MASK;
}

static mmu_entry_t *table_of(mmu_entry_t entry)
{
    return (mmu_entry_t *)(uintptr_t)mmu_entry_address(entry);
}

mmu_entry_t *mmu_slot(u64 address, bool large, bool create, bool *is_large)
{
    struct region *region = region_find(address, create);
    mmu_entry_t *slot;

    if (is_large)
        *is_large = false;
    if (!region)
        return NULL;
    slot = &region->slots[address / LARGE_PAGE_SIZE % SLOTS];
    if (large)
        return slot;
    if (*slot != 0 && (*slot & BIT_TABLE) == 0) {
        if (is_large)
            *is_large = true;
        return slot;
    }
    if (*slot == 0) {
        mmu_entry_t *table = create ? table_create() : NULL;

        if (!table)
            return NULL;
        *slot = (mmu_entry_t)(uintptr_t)table | BIT_TABLE | BIT_PRESENT;
    }
    return &table_of(*slot)[address / PAGE_SIZE % SLOTS];
}

int mmu_split(u64 address)
{
    struct region *region = region_find(address, false);
    mmu_entry_t *slot = &region->slots[address / LARGE_PAGE_SIZE % SLOTS];
    mmu_entry_t *table = table_create();

    if (!table)
        return -ENOMEM;
    for (u32 i = 0; i < SLOTS; i++) {
        table[i] = mmu_entry_make(mmu_entry_address(*slot) + (u64)i * PAGE_SIZE,
                                  mmu_entry_flags(*slot) & ~(u32)MMU_LARGE);
    }
    *slot = (mmu_entry_t)(uintptr_t)table | BIT_TABLE | BIT_PRESENT;
    return 0;
}

static bool table_is_empty(const mmu_entry_t *table)
{
    for (u32 i = 0; i < SLOTS; i++) {
        if (table[i] != 0)
            return false;
    }
    return true;
}

static void table_free(mmu_entry_t *table)
{
    if (!table_is_empty(table)) {
        fprintf(stderr, "fake_mmu: a table that is in use was freed\n");
        abort();
    }
    free(table);
    fake_mmu_tables--;
}

void mmu_free_tables(u64 lo, u64 hi, const struct mmu_hole *hole)
{
    (void)lo;
    (void)hi;
    for (u32 i = 0; i < REGIONS_MAX; i++) {
        struct region *region = &regions[i];

        for (u64 j = 0; region->slots && j < SLOTS; j++) {
            u64 base = region->base + j * LARGE_PAGE_SIZE;

            if (base >= hole->lo && base + LARGE_PAGE_SIZE <= hole->hi &&
                (region->slots[j] & BIT_TABLE)) {
                table_free(table_of(region->slots[j]));
                region->slots[j] = 0;
            }
        }
        if (region->slots && region->base >= hole->lo &&
            region->base + (u64)SLOTS * LARGE_PAGE_SIZE <= hole->hi) {
            table_free(region->slots);
            region->slots = NULL;
        }
    }
}

void tlb_flush_local(u64 address, u64 size)
{
    (void)address;
    (void)size;
}

void tlb_flush(u64 address, u64 size)
{
    (void)size;
    fake_may_sleep("tlb_flush");
    fake_tlb_flushes++;
    if (fake_tlb_flush_hook)
        fake_tlb_flush_hook(address);
}

static bool cpu_sees(mmu_entry_t entry)
{
    return mmu_entry_is_present(entry) && (mmu_entry_flags(entry) & MMU_NO_ACCESS) == 0;
}

u8 *fake_mmu_byte(u64 address)
{
    bool is_large;
    mmu_entry_t *slot = mmu_slot(address, false, false, &is_large);
    u64 size = is_large ? LARGE_PAGE_SIZE : PAGE_SIZE;

    if (!slot || !cpu_sees(*slot))
        return NULL;
    return (u8 *)(uintptr_t)(mmu_entry_address(*slot) + (address & (size - 1)));
}

u32 fake_mmu_flags(u64 address)
{
    mmu_entry_t *slot = mmu_slot(address, false, false, NULL);

    return slot && cpu_sees(*slot) ? mmu_entry_flags(*slot) : 0;
}
