/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Eviction is a clock: one list of all pages that may go, oldest first. Using a page only sets a
 * bit; the hand gives a page with the bit another round. A page joins the list when it is up to
 * date and leaves it before the cache gives up its reference, so what the hand meets is alive.
 */
#include "kernel/fs/page_evict.h"

#include "kernel/core/spinlock.h"
#include "kernel/fs/page_cache.h"
#include "kernel/mm/page.h"
#include "lib/base/list.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    RECLAIM_SCAN_MIN = 64, /* Pages looked at in one call at least. */
    CLOCK_STEPS = 64,      /* Pages the hand passes at a time: nothing else happens meanwhile. */
};

static struct spinlock lru_lock = SPINLOCK_INIT(LOCK_RANK_PAGE_LRU);
static struct list lru GUARDED_BY(&lru_lock) = LIST_INIT(lru);
static u64 lru_count GUARDED_BY(&lru_lock);

void page_lru_add(struct page *page)
{
    spin_lock(&lru_lock);
    list_push_back(&lru, &page->list);
    lru_count++;
    spin_unlock(&lru_lock);
}

void page_lru_remove(struct page *page)
{
    spin_lock(&lru_lock);
    if (list_is_linked(&page->list)) {
        list_remove(&page->list);
        lru_count--;
    }
    spin_unlock(&lru_lock);
}

/*
 * The next page the hand stops at, off the list, with a reference; its cache is told that an
 * eviction is under way, and lives until that is over. `*budget` counts the pages passed. NULL when
 * it has not stopped yet.
 */
static struct page *clock_next(u64 *budget, struct page_cache **cache)
{
    struct page *page = NULL;

    spin_lock(&lru_lock);
    for (u32 i = 0; i < CLOCK_STEPS; i++) {
        struct list *node = *budget > 0 ? list_pop_front(&lru) : NULL;
        struct page *candidate;

        if (!node) {
            *budget = 0;
            break;
        }
        (*budget)--;
        candidate = LIST_ENTRY(node, struct page, list);
        if (cached_flags(candidate) & CACHED_REFERENCED) {
            cached_flags_clear(candidate, CACHED_REFERENCED);
            list_push_back(&lru, node);
            continue;
        }
        page = candidate;
        lru_count--;
        page_get(page);
        *cache = page->cached.cache;
        __atomic_fetch_add(&(*cache)->evictors, 1, __ATOMIC_RELAXED); /* Ordered by the lock. */
        break;
    }
    spin_unlock(&lru_lock);
    return page;
}

static bool may_evict(const struct page *page)
{
    /* The cache's reference and ours. More can only come under the cache's lock. */
    return __atomic_load_n(&page->refs, __ATOMIC_ACQUIRE) == 2 &&
           !(cached_flags(page) & (CACHED_DIRTY | CACHED_LOCKED));
}

static bool evict(struct page_cache *cache, struct page *page)
{
    bool gone = false;

    spin_lock(&cache->lock);
    if (page->cached.cache == cache) {
        gone = may_evict(page);
        if (gone) {
            page_cache_take_out(cache, page);
        } else {
            page_lru_add(page);
        }
    }
    spin_unlock(&cache->lock);
    return gone;
}

u64 page_cache_reclaim(u64 count)
{
    u64 budget = count > UINT64_MAX / 16 ? UINT64_MAX : count * 16 + RECLAIM_SCAN_MIN;
    u64 freed = 0;

    spin_lock(&lru_lock);
    budget = u64_min(budget, lru_count * 2); /* Twice around at most. */
    spin_unlock(&lru_lock);

    while (freed < count && budget > 0) {
        struct page_cache *cache;
        struct page *page = clock_next(&budget, &cache);

        if (!page)
            continue;
        if (evict(cache, page)) {
            page_put(page);
            freed++;
        }
        __atomic_fetch_sub(&cache->evictors, 1, __ATOMIC_RELEASE); /* With page_cache_fini(). */
        page_put(page);
    }
    return freed;
}
