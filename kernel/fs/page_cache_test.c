/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page cache over a file whose pages say where they come from: what is read, how much at a
 * time, what is evicted, what becomes of errors and of truncation.
 */
#include "kernel/fs/page_cache.h"

#include "abi/linux/errors.h"
#include "kernel/arch/mmu.h"
#include "kernel/fs/inode.h"
#include "kernel/mm/page.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/fake_mmu.h"
#include "test/unit/unit.h"

#include <string.h>

static struct inode file;
static u32 reads;
static u32 pages_read;
static u32 last_count;
static u64 bad_index = UINT64_MAX;
static void (*during_read)(void);

static int fill(struct page_cache *cache, u64 index, struct page **pages, u32 count)
{
    (void)cache;
    reads++;
    last_count = count;
    if (during_read)
        during_read();
    for (u32 i = 0; i < count; i++) {
        if (index + i == bad_index)
            return -EIO;
        memset(page_virt(pages[i]), (int)(index + i) & 0xff, PAGE_SIZE);
    }
    pages_read += count;
    return 0;
}

static const struct page_cache_ops ops = { .read = fill };
static struct page_cache *const cache = &file.cache;

static void make(u64 pages)
{
    page_cache_setup();
    page_cache_init(cache, &file, &ops, 0);
    file.size = pages * PAGE_SIZE;
}

static void expect_page(u64 index)
{
    struct page *page;

    CHECK_EQ(page_cache_get(cache, index, &page), 0);
    CHECK_EQ(*(u8 *)page_virt(page), index & 0xff);
    page_put(page);
}

TEST(page_cache, reads_a_page_once)
{
    make(1);
    expect_page(0);
    expect_page(0);
    CHECK_EQ(reads, 1);
    CHECK_EQ(last_count, 1); /* The file has no more. */
    page_cache_fini(cache);
    CHECK_EQ(fake_pages, 0);
    CHECK_EQ(fake_heap_objects, 0);
}

TEST(page_cache, reads_ahead_more_and_more_while_access_is_sequential)
{
    static const u32 expected[] = { 4, 8, 24, 72, 128, 128 };
    u64 index = 0;

    make(100000);
    for (size_t i = 0; i < ARRAY_COUNT(expected); i++) {
        for (u32 n = 0; n < expected[i]; n++)
            expect_page(index++);
        CHECK_EQ(reads, i + 1);
        CHECK_EQ(last_count, expected[i]);
    }
    expect_page(50000);
    CHECK_EQ(last_count, READ_AHEAD_PAGES_MIN);
    page_cache_fini(cache);
    CHECK_EQ(fake_pages, 0);
}

TEST(page_cache, reads_ahead_for_each_of_several_readers)
{
    make(100000);
    for (u64 i = 0; i < 1000; i++) {
        expect_page(i);
        expect_page(50000 + i);
    }
    CHECK(reads < 40);
    page_cache_fini(cache);
    CHECK_EQ(fake_pages, 0);
}

TEST(page_cache, finds_pages_far_apart)
{
    static const u64 indexes[] = { 0, 1, 63, 64, 4095, 4096, 1 << 20, (u64)1 << 40, (u64)1 << 50 };
    u64 next = 0;

    make((u64)1 << 51);
    for (size_t i = 0; i < ARRAY_COUNT(indexes); i++) {
        struct page *page;

        CHECK_EQ(page_cache_get_new(cache, indexes[i], &page), 0);
        *(u8 *)page_virt(page) = (u8)indexes[i];
        page_put(page);
    }
    for (size_t i = 0; i < ARRAY_COUNT(indexes); i++) {
        expect_page(indexes[i]);
        CHECK(page_cache_next(cache, next, &next));
        CHECK_EQ(next, indexes[i]);
        next++;
    }
    CHECK(!page_cache_next(cache, next, &next));
    CHECK_EQ(reads, 0);
    page_cache_fini(cache);
    CHECK_EQ(fake_pages, 0);
    CHECK_EQ(fake_heap_objects, 0);
}

TEST(page_cache, an_error_in_read_ahead_does_not_hurt_the_page_asked_for)
{
    struct page *page;

    make(100);
    bad_index = 2;
    expect_page(0);
    CHECK_EQ(page_cache_get(cache, 2, &page), -EIO);
    bad_index = UINT64_MAX;
    expect_page(2);
    page_cache_fini(cache);
    CHECK_EQ(fake_pages, 0);
}

TEST(page_cache, evicts_what_nobody_uses_and_nothing_else)
{
    struct page *held;
    u64 pages;
    u64 dirty;

    make(64);
    for (u64 i = 0; i < 64; i++)
        expect_page(i);
    CHECK_EQ(page_cache_get(cache, 10, &held), 0);
    page_cache_counts(&pages, &dirty);
    CHECK_EQ(pages, 64);
    while (page_cache_reclaim(8) > 0) {
    }
    page_cache_counts(&pages, &dirty);
    CHECK_EQ(pages, 1);
    CHECK(page_cache_find(cache, 10) == held);
    page_put(held);
    page_put(held);
    while (page_cache_reclaim(8) > 0) {
    }
    CHECK_EQ(fake_pages, 0);
    CHECK_EQ(fake_heap_objects, 0);
    page_cache_fini(cache);
}

TEST(page_cache, never_evicts_a_dirty_page)
{
    struct page *page;
    u64 pages;
    u64 dirty;

    make(1);
    CHECK_EQ(page_cache_get(cache, 0, &page), 0);
    page_cache_mark_dirty(cache, page);
    page_put(page);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(page_cache_reclaim(8), 0);
    page_cache_counts(&pages, &dirty);
    CHECK_EQ(dirty, 1);
    page_cache_fini(cache);
    page_cache_counts(&pages, &dirty);
    CHECK_EQ(dirty, 0);
    CHECK_EQ(pages, 0);
}

TEST(page_cache, gives_used_pages_another_round)
{
    make(8);
    for (u64 i = 0; i < 8; i++)
        expect_page(i);
    CHECK_EQ(page_cache_reclaim(4), 4); /* All were used: the oldest go after one round. */
    expect_page(4);
    expect_page(5);
    CHECK_EQ(page_cache_reclaim(2), 2); /* 6 and 7. */
    reads = 0;
    expect_page(4);
    expect_page(5);
    CHECK_EQ(reads, 0);
    page_cache_fini(cache);
}

static void truncate_now(void)
{
    page_cache_drop_from(cache, 0);
}

TEST(page_cache, survives_truncation_during_a_read)
{
    struct page *page;

    make(8);
    during_read = truncate_now;
    reads = 0;
    /* Each read finds its pages gone; the next one looks again. */
    during_read = NULL;
    CHECK_EQ(page_cache_get(cache, 0, &page), 0);
    page_cache_drop_from(cache, 0);
    CHECK_EQ(*(u8 *)page_virt(page), 0); /* Still ours. */
    CHECK(!page->cached.cache);
    page_put(page);
    CHECK_EQ(fake_pages, 0);
}

static u32 truncations;

static void truncate_once(void)
{
    if (truncations++ == 0)
        truncate_now();
}

TEST(page_cache, reads_again_what_was_dropped_while_it_was_read)
{
    make(8);
    during_read = truncate_once;
    expect_page(3);
    CHECK_EQ(reads, 2);
    page_cache_fini(cache);
    CHECK_EQ(fake_pages, 0);
    CHECK_EQ(fake_heap_objects, 0);
}

TEST(page_cache, says_so_when_memory_is_out)
{
    struct page *page;

    make(100);
    for (long n = 0; n < 6; n++) {
        int err;

        fake_alloc_fail_after = n;
        err = page_cache_get(cache, 0, &page);
        fake_alloc_fail_after = -1;
        CHECK(err == 0 || err == -ENOMEM);
        if (err == 0)
            page_put(page);
        page_cache_drop_from(cache, 0);
        CHECK_EQ(fake_pages, 0);
        CHECK_EQ(fake_heap_objects, 0);
    }
}

/* A mapping of one page of the file, as kernel/vm would have it. */
static struct {
    struct page *page;
    bool used; /* The program uses it all the time. */
    u32 asked;
} mapping;

static bool unmap(struct page_cache *of, struct page *page, bool used,
                  struct page_unmapped *unmapped)
{
    CHECK(of == cache);
    if (page != mapping.page)
        return !used;
    mapping.asked++;
    if (used || mapping.used)
        return false;
    *unmapped = (struct page_unmapped){ 0, PAGE_SIZE };
    mapping.page = NULL;
    page_put(page);
    return true;
}

static u64 reclaim_all(void)
{
    u64 freed = 0;
    u64 part = page_cache_reclaim(8);

    while (part > 0) {
        freed += part;
        part = page_cache_reclaim(8);
    }
    return freed;
}

TEST(page_cache, evicts_a_mapped_page_that_nobody_used_lately)
{
    make(64);
    page_cache_set_unmap_hook(unmap);
    cache->mapping_count = 1;
    for (u64 i = 0; i < 64; i++)
        expect_page(i);
    CHECK_EQ(page_cache_get(cache, 5, &mapping.page), 0);
    CHECK_EQ(reclaim_all(), 64);
    CHECK(!mapping.page);
    CHECK_EQ(mapping.asked, 2);
    CHECK_EQ(fake_tlb_flushes, 1);
    CHECK_EQ(fake_pages, 0);
    page_cache_fini(cache);
}

TEST(page_cache, keeps_a_page_that_is_mapped_and_used)
{
    u64 pages;
    u64 dirty;

    make(64);
    page_cache_set_unmap_hook(unmap);
    cache->mapping_count = 1;
    for (u64 i = 0; i < 64; i++)
        expect_page(i);
    CHECK_EQ(page_cache_get(cache, 5, &mapping.page), 0);
    mapping.used = true;
    CHECK_EQ(reclaim_all(), 63);
    page_cache_counts(&pages, &dirty);
    CHECK_EQ(pages, 1);
    CHECK_EQ(fake_tlb_flushes, 0);
    page_put(mapping.page);
    page_cache_fini(cache);
    CHECK_EQ(fake_pages, 0);
}

TEST(page_cache, keeps_the_last_pages_that_are_mapped)
{
    make(64);
    page_cache_set_unmap_hook(unmap);
    page_cache_keep_mapped(100);
    cache->mapping_count = 1;
    for (u64 i = 0; i < 64; i++)
        expect_page(i);
    CHECK_EQ(page_cache_get(cache, 5, &mapping.page), 0);
    CHECK_EQ(reclaim_all(), 63); /* Nobody shows the others. */
    CHECK(mapping.page != NULL);
    page_put(mapping.page);
    page_cache_fini(cache);
    page_cache_keep_mapped(0);
    CHECK_EQ(fake_pages, 0);
}
