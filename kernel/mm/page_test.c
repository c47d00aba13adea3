/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page allocator over RAM with holes, odd ends and rubbish in it: blocks never overlap, nothing
 * that is no RAM is touched (it is poisoned or not there), and everything that was taken can be
 * given back and taken again as the largest blocks.
 */
#include "kernel/mm/page.h"

#include "test/unit/fake_kernel.h"
#include "test/unit/fake_ram.h"
#include "test/unit/unit.h"

#include <string.h>

enum {
    MIB = 1 << 20,
    BLOCKS = 4096,
};

static struct page *blocks[BLOCKS];
static u8 owner[1 << 20]; /* By page number: 1 while allocated. */

static void mark(const struct page *page, u8 from, u8 to)
{
    u64 number = page_address(page) >> PAGE_SHIFT;

    CHECK_EQ(page_address(page) % ((u64)PAGE_SIZE << page->order), 0);
    for (u64 i = 0; i < 1ull << page->order; i++) {
        CHECK_EQ(owner[number + i], from);
        owner[number + i] = to;
    }
    memset(page_virt(page), 0x5a, (size_t)PAGE_SIZE << page->order);
}

static u64 free_now(void)
{
    struct page_counts counts;

    page_counts(&counts);
    return counts.free;
}

static void random_run(int steps)
{
    for (int step = 0; step < steps; step++) {
        struct page **slot = &blocks[rand() % BLOCKS];

        if (*slot) {
            mark(*slot, 1, 0);
            page_free(*slot);
            *slot = NULL;
        } else {
            u32 order = rand() % 4 == 0 ? (u32)(rand() % (PAGE_ORDER_MAX + 1)) : 0;

            *slot = page_alloc(order, 0);
            if (*slot) {
                CHECK_EQ((*slot)->order, order);
                CHECK_EQ((*slot)->refs, 1);
                mark(*slot, 0, 1);
            }
        }
    }
    for (int i = 0; i < BLOCKS; i++) {
        if (blocks[i])
            page_free(blocks[i]);
        blocks[i] = NULL;
    }
    memset(owner, 0, sizeof(owner));
}

TEST(page, random_use_of_memory_with_holes)
{
    u64 before;

    srand(7);
    fake_ram_add(64ul * 1024, 576 * 1024 + 123); /* An odd end. */
    fake_ram_add(1ul * MIB, 7ul * MIB);
    fake_ram_add(9 * MIB + 4096, 30ul * MIB);
    fake_ram_add(120ul * MIB, 20ul * MIB); /* Across a section. */
    fake_ram_add(1024ull * MIB, 3ul * MIB);
    fake_ram_start();
    random_run(2000);
    before = free_now();
    for (int i = 0; i < 5; i++) {
        random_run(20000);
        CHECK_EQ(free_now(), before); /* All of it was brought online by the first run. */
    }
    CHECK_EQ(fake_locks_held, 0);
}

TEST(page, merges_back_to_the_largest_blocks)
{
    static struct page *pages[40000];
    u32 large = 0;
    u32 count = 0;
    struct page *page;

    fake_ram_add(1ul * MIB, 127ul * MIB);
    fake_ram_start();
    while ((page = page_alloc(PAGE_ORDER_MAX, 0)) != NULL)
        blocks[large++] = page;
    CHECK(large >= 29);
    for (u32 i = 0; i < large; i++)
        page_free(blocks[i]);
    while ((page = page_alloc(0, 0)) != NULL)
        pages[count++] = page;
    CHECK(count > 31000);
    CHECK_EQ(free_now(), 0);
    for (u32 i = 0; i < count; i++)
        page_free(pages[(i * 7919ull) % count]); /* 7919 is a prime: each once. */
    CHECK_EQ(free_now(), count);
    for (u32 i = 0; i < large; i++)
        CHECK(page_alloc(PAGE_ORDER_MAX, 0)); /* As many as before, */
    CHECK(!page_alloc(PAGE_ORDER_MAX, 0));    /* and no more. */
}

TEST(page, counts_references)
{
    struct page *page;
    u64 before;

    fake_ram_add(1ul * MIB, 31ul * MIB);
    fake_ram_start();
    before = free_now();
    page = page_alloc(2, PAGE_ALLOC_ZERO);
    CHECK_EQ(*(u8 *)page_virt(page), 0);
    CHECK(page_from_virt((u8 *)page_virt(page) + 5) == page);
    CHECK(page_from_address(page_address(page)) == page);
    page_get(page);
    page_put(page);
    CHECK_EQ(free_now(), before - 4);
    page_put(page);
    CHECK_EQ(free_now(), before);
    CHECK(!page_alloc(PAGE_ORDER_MAX + 1, 0));
}

static struct page *hoard[200];
static u32 hoarded;

static u64 give_some(u64 count)
{
    u64 given = 0;

    for (; given < count && hoarded > 0; given++)
        page_free(hoard[--hoarded]);
    return given;
}

TEST(page, asks_reclaimers_before_it_gives_up_but_not_where_it_may_not)
{
    fake_ram_add(1ul * MIB, 8ul * MIB);
    fake_ram_start();
    page_register_reclaimer(give_some);
    while (hoarded < 200)
        hoard[hoarded++] = page_alloc(0, 0);
    while (page_alloc(0, PAGE_ALLOC_NO_WAIT))
        ;
    CHECK_EQ(hoarded, 200);
    fake_in_interrupt = true;
    CHECK(!page_alloc(0, 0));
    fake_in_interrupt = false;
    CHECK_EQ(hoarded, 200);
    for (int i = 0; i < 200; i++)
        CHECK(page_alloc(0, 0));
    CHECK_EQ(hoarded, 0);
    CHECK(!page_alloc(0, 0));
}

TEST(page, makes_room_soon_for_those_who_may_not_wait_for_it)
{
    fake_ram_add(1ul * MIB, 8ul * MIB);
    fake_ram_start();
    page_register_reclaimer(give_some);
    while (hoarded < 200)
        hoard[hoarded++] = page_alloc(0, 0);
    fake_in_interrupt = true;
    while (page_alloc(0, 0))
        ;
    fake_in_interrupt = false;
    fake_run_bottom_halves();
    CHECK(hoarded < 200);
    fake_in_interrupt = true;
    CHECK(page_alloc(0, 0));
}

TEST(page, boot_cost_does_not_grow_with_memory)
{
    fake_ram_add(1ul * MIB, 127ul * MIB);
    fake_ram_add(128ull * MIB, 3900ull * MIB);
    fake_ram_start();
    CHECK(free_now() > 1000000);
    for (int i = 0; i < 100; i++)
        CHECK(page_alloc(0, PAGE_ALLOC_ZERO));
    while (page_alloc(PAGE_ORDER_MAX, 0))
        ;
    CHECK(free_now() < 30000);
}
