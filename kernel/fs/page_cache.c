/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/fs/page_cache.h"

#include "abi/linux/errors.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/clock.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/wait.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/page_evict.h"
#include "kernel/fs/page_index.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "lib/base/list.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    READ_QUEUES = 16, /* Who waits for a page to be read sleeps on one of these. */
};

static struct wait_queue read_queues[READ_QUEUES];

static u64 total_pages; /* [atomic] Counts for reports. */
static u64 total_dirty; /* [atomic] */

void page_cache_setup(void)
{
    for (u32 i = 0; i < READ_QUEUES; i++)
        wait_queue_init(&read_queues[i]);
    page_register_reclaimer(page_cache_reclaim);
}

void page_cache_init(struct page_cache *cache, struct inode *inode,
                     const struct page_cache_ops *ops, u32 flags)
{
    mem_zero(cache, sizeof(*cache));
    spinlock_init(&cache->lock, LOCK_RANK_PAGE_CACHE);
    spinlock_init(&cache->mapping_lock, LOCK_RANK_PAGE_MAPPING);
    list_init(&cache->mappings);
    cache->inode = inode;
    cache->ops = ops;
    cache->flags = flags;
}

static bool is_in_memory(const struct page_cache *cache)
{
    return (cache->flags & PAGE_CACHE_IN_MEMORY) != 0;
}

static struct wait_queue *read_queue_of(const struct page *page)
{
    return &read_queues[((uintptr_t)page / sizeof(*page)) % READ_QUEUES];
}

/* ---- In and out. ---- */

struct page *page_cache_find(struct page_cache *cache, u64 index)
{
    struct page *page;

    spin_lock(&cache->lock);
    page = page_index_find(cache, index);
    if (page && (cached_flags(page) & CACHED_UP_TO_DATE)) {
        page_get(page);
        if (!(cached_flags(page) & CACHED_REFERENCED))
            cached_flags_set(page, CACHED_REFERENCED);
    } else {
        page = NULL;
    }
    spin_unlock(&cache->lock);
    return page;
}

/* The page whatever its state, with a reference. */
static struct page *find_any(struct page_cache *cache, u64 index)
{
    struct page *page;

    spin_lock(&cache->lock);
    page = page_index_find(cache, index);
    if (page)
        page_get(page);
    spin_unlock(&cache->lock);
    return page;
}

/*
 * Puts a new page in, with `flags`: 0, -EEXIST, -ENOMEM. The cache takes a reference of its own;
 * the caller keeps his.
 */
static int insert(struct page_cache *cache, u64 index, struct page *page, u16 flags)
{
    struct page_index_node *spare = NULL;
    int err = -EAGAIN;

    page->kind = PAGE_CACHED;
    page->flags = flags;
    page->cached.cache = cache;
    page->cached.index = index;
    list_init(&page->list);

    while (err == -EAGAIN) {
        spin_lock(&cache->lock);
        if (page_index_find(cache, index)) {
            err = -EEXIST;
        } else if (page_index_insert(cache, index, page, &spare)) {
            page_get(page);
            err = 0;
        }
        spin_unlock(&cache->lock);
        if (err == -EAGAIN) {
            spare = page_index_node_create();
            if (!spare)
                err = -ENOMEM;
        }
    }
    if (spare)
        page_index_node_destroy(spare);
    if (err == 0) {
        __atomic_fetch_add(&total_pages, 1, __ATOMIC_RELAXED); /* A count. */
    } else {
        page->kind = PAGE_PLAIN;
    }
    return err;
}

void page_cache_take_out(struct page_cache *cache, struct page *page)
{
    page_index_remove(cache, page->cached.index);
    page_lru_remove(page); /* First: what is on the clock names its cache. */
    page->cached.cache = NULL;
    __atomic_fetch_sub(&total_pages, 1, __ATOMIC_RELAXED); /* Counts. */
    if (cached_flags(page) & CACHED_DIRTY)
        __atomic_fetch_sub(&total_dirty, 1, __ATOMIC_RELAXED);
}

static struct page *take_out_next(struct page_cache *cache, u64 *from, u64 to)
{
    struct page *page;

    spin_lock(&cache->lock);
    page = page_index_next(cache, from);
    if (page && *from < to) {
        page_cache_take_out(cache, page);
    } else {
        page = NULL;
    }
    spin_unlock(&cache->lock);
    return page;
}

void page_cache_drop(struct page_cache *cache, u64 from, u64 to)
{
    s64 count = 0;

    for (struct page *page = take_out_next(cache, &from, to); page;
         page = take_out_next(cache, &from, to)) {
        page_put(page);
        count++;
    }
    if (count > 0 && cache->ops->account)
        (void)!cache->ops->account(cache, -count); /* Leaving always works. */
}

bool page_cache_next(struct page_cache *cache, u64 from, u64 *index)
{
    bool found;

    spin_lock(&cache->lock);
    found = page_index_next(cache, &from) != NULL;
    spin_unlock(&cache->lock);
    *index = from;
    return found;
}

void page_cache_fini(struct page_cache *cache)
{
    page_cache_drop_from(cache, 0);
    /* No page of ours is on the clock any more; an eviction under way is about to notice. */
    while (__atomic_load_n(&cache->evictors, __ATOMIC_ACQUIRE) != 0)
        cpu_relax();
}

/* ---- Reading. ---- */

/* A page is no longer locked; with `flags` it is up to date, without it has failed. */
static void unlock_page(struct page *page, u16 flags)
{
    struct wait_queue *queue = read_queue_of(page);

    if (flags)
        cached_flags_set(page, flags);
    cached_flags_clear(page, CACHED_LOCKED);
    if (!wait_queue_is_empty(queue))
        wait_wake_all(queue, 0);
}

static void wait_unlocked(struct page *page)
{
    struct waiter waiter;

    wait_begin(read_queue_of(page), &waiter, 0);
    while (cached_flags(page) & CACHED_LOCKED)
        (void)!wait_block_uninterruptible(&waiter, DEADLINE_NONE);
    wait_end(&waiter);
}

/* Makes `count` pages from `index` on, locked, as far as there are none. How many, or -ENOMEM. */
static long make_pages(struct page_cache *cache, u64 index, struct page **pages, u32 count)
{
    u32 made;

    for (made = 0; made < count; made++) {
        struct page *page = page_alloc(0, 0);
        int err;

        if (!page)
            return made ? (long)made : -ENOMEM;
        err = insert(cache, index + made, page, CACHED_LOCKED | CACHED_REFERENCED);
        if (err < 0) {
            page_put(page);
            return err == -EEXIST || made ? (long)made : err;
        }
        pages[made] = page;
    }
    return made;
}

/*
 * The read of a page is over: it joins the others, or leaves again. Drops the reader's reference.
 */
static void finish_page(struct page_cache *cache, struct page *page, int err)
{
    bool dropped;

    spin_lock(&cache->lock);
    dropped = page->cached.cache != cache; /* By a truncation meanwhile. */
    if (!dropped && err < 0) {
        page_cache_take_out(cache, page);
    } else if (!dropped) {
        page_lru_add(page);
    }
    spin_unlock(&cache->lock);

    unlock_page(page, err < 0 ? 0 : CACHED_UP_TO_DATE);
    if (!dropped && err < 0)
        page_put(page);
    page_put(page);
}

/*
 * Reads up to `count` pages from `index` on. 0 when something was done about the first, whatever
 * became of the others: the caller looks again.
 */
static int read_pages(struct page_cache *cache, u64 index, struct page **pages, u32 count)
{
    long made = make_pages(cache, index, pages, count);
    int err;

    if (made <= 0)
        return (int)made;
    err = cache->ops->read(cache, index, pages, (u32)made);
    if (err < 0 && made > 1) {
        /* What failed may be a page that nobody asked for. */
        for (long i = 1; i < made; i++)
            finish_page(cache, pages[i], err);
        made = 1;
        err = cache->ops->read(cache, index, pages, 1);
    }
    for (long i = 0; i < made; i++)
        finish_page(cache, pages[i], err);
    return err;
}

static u64 pages_of_file(const struct page_cache *cache)
{
    u64 size = __atomic_load_n(&cache->inode->size, __ATOMIC_RELAXED); /* A hint. */

    return size / PAGE_SIZE + (size % PAGE_SIZE != 0);
}

/* Pages in the cache that lead up to `index` without a gap, as far as that matters. */
static u32 count_before(struct page_cache *cache, u64 index)
{
    u32 count = 0;

    spin_lock(&cache->lock);
    while (count < READ_AHEAD_PAGES_MAX / 2 && count < index &&
           page_index_find(cache, index - count - 1))
        count++;
    spin_unlock(&cache->lock);
    return count;
}

/*
 * How many pages to read at `index`: twice as many as lie before it, which is how a reader going
 * through the file gets more each time, and several readers do not disturb each other.
 */
static u32 read_ahead_count(struct page_cache *cache, u64 index)
{
    u64 end = pages_of_file(cache);

    if (index >= end)
        return 1;
    return (u32)u64_min(u32_max(count_before(cache, index) * 2, READ_AHEAD_PAGES_MIN), end - index);
}

static int read_window(struct page_cache *cache, u64 index, u32 count)
{
    struct page *one;
    struct page **pages;
    int err;

    pages = count > 1 ? heap_alloc_array(count, sizeof(struct page *)) : NULL;
    if (!pages)
        return read_pages(cache, index, &one, 1);
    err = read_pages(cache, index, pages, count);
    heap_free(pages);
    return err;
}

/* A page of a filesystem in memory, all zeros. */
static int make_zero_page(struct page_cache *cache, u64 index, struct page **result)
{
    struct page *page;
    int err;

    if (cache->ops->account) {
        err = cache->ops->account(cache, 1);
        if (err < 0)
            return err;
    }
    page = page_alloc(0, PAGE_ALLOC_ZERO);
    err = page ? insert(cache, index, page, CACHED_UP_TO_DATE | CACHED_REFERENCED) : -ENOMEM;
    if (err == 0) {
        *result = page;
        return 0;
    }
    if (page)
        page_put(page);
    if (cache->ops->account)
        (void)!cache->ops->account(cache, -1); /* Leaving always works. */
    return err;
}

int page_cache_get(struct page_cache *cache, u64 index, struct page **result)
{
    int err = 0;

    *result = NULL;
    while (err == 0 || err == -EEXIST) {
        struct page *page = find_any(cache, index);

        if (page && (cached_flags(page) & CACHED_LOCKED))
            wait_unlocked(page);
        if (page && (cached_flags(page) & CACHED_UP_TO_DATE)) {
            cached_flags_set(page, CACHED_REFERENCED);
            *result = page;
            return 0;
        }
        if (page) {
            page_put(page); /* Its reader failed; it is no longer in the cache. */
            err = 0;
        } else if (is_in_memory(cache)) {
            err = make_zero_page(cache, index, result);
            if (err == 0)
                return 0;
        } else {
            err = read_window(cache, index, read_ahead_count(cache, index));
        }
    }
    return err;
}

int page_cache_get_new(struct page_cache *cache, u64 index, struct page **result)
{
    struct page *page = page_cache_find(cache, index);
    int err;

    *result = page;
    if (page)
        return 0;
    if (is_in_memory(cache))
        return page_cache_get(cache, index, result);

    page = page_alloc(0, PAGE_ALLOC_ZERO);
    if (!page)
        return -ENOMEM;
    err = insert(cache, index, page, CACHED_UP_TO_DATE | CACHED_REFERENCED);
    if (err == 0) {
        spin_lock(&cache->lock);
        if (page->cached.cache == cache) /* Not dropped by a truncation meanwhile. */
            page_lru_add(page);
        spin_unlock(&cache->lock);
        *result = page;
        return 0;
    }
    page_put(page);
    return err == -EEXIST ? page_cache_get(cache, index, result) : err;
}

void page_cache_mark_dirty(struct page_cache *cache, struct page *page)
{
    if (is_in_memory(cache) || (cached_flags(page) & CACHED_DIRTY))
        return;
    spin_lock(&cache->lock);
    if (page->cached.cache == cache && !(cached_flags(page) & CACHED_DIRTY)) {
        cached_flags_set(page, CACHED_DIRTY);
        __atomic_fetch_add(&total_dirty, 1, __ATOMIC_RELAXED); /* A count. */
    }
    spin_unlock(&cache->lock);
}

void page_cache_read_ahead(struct page_cache *cache, u64 index, u64 count)
{
    u64 end =
        u64_min(pages_of_file(cache), index > UINT64_MAX - count ? UINT64_MAX : index + count);

    if (is_in_memory(cache))
        return;
    while (index < end) {
        u32 part = (u32)u64_min(end - index, READ_AHEAD_PAGES_MAX);
        struct page *page = page_cache_find(cache, index);

        if (page) {
            page_put(page);
            part = 1;
        } else if (read_window(cache, index, part) < 0) {
            return;
        }
        index += part;
    }
}

void page_cache_counts(u64 *pages, u64 *dirty)
{
    *pages = __atomic_load_n(&total_pages, __ATOMIC_RELAXED);
    *dirty = __atomic_load_n(&total_dirty, __ATOMIC_RELAXED);
}
