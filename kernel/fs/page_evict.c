/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Eviction is a clock: one list of all pages that may go, oldest first. Using a page only sets a
 * bit; the hand gives a page with the bit another round. A page joins the list when it is up to
 * date and leaves it before the cache gives up its reference, so what the hand meets is alive.
 *
 * Pages that the program has mapped go as well, by way of kernel/vm: entries that lead to them are
 * emptied, a batch at a time; one flush of all CPUs follows, and only then may the pages be used
 * for something else. Who faults on one meanwhile gets it back: it has a reference more then, and
 * stays. The last of them stay in any case: a program whose own code is thrown out as fast as it is
 * read back would do nothing else, where an allocation that fails ends it, or is coped with.
 */
#include "kernel/fs/page_evict.h"

#include "kernel/arch/mmu.h"
#include "kernel/core/spinlock.h"
#include "kernel/fs/page_cache.h"
#include "kernel/mm/page.h"
#include "lib/base/list.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    RECLAIM_SCAN_MIN = 64, /* Pages looked at in one call at least. */
    CLOCK_STEPS = 64,      /* Pages the hand passes at a time: nothing else happens meanwhile. */
    BATCH_PAGES = 32,      /* Pages taken from the program for one flush of all CPUs. */
};

#define PAGE_UNMAPPED_NONE ((struct page_unmapped){ .lo = UINT64_MAX })

static struct spinlock lru_lock = SPINLOCK_INIT(LOCK_RANK_PAGE_LRU);
static struct list lru GUARDED_BY(&lru_lock) = LIST_INIT(lru);
static u64 lru_count GUARDED_BY(&lru_lock);

static page_unmap_fn *unmap_hook; /* [const] after boot. */
static u32 reclaims;              /* [atomic] Under way. */
static u64 mapped_kept;           /* [const] after boot. */

void page_cache_set_unmap_hook(page_unmap_fn *fn)
{
    unmap_hook = fn;
}

void page_cache_keep_mapped(u64 count)
{
    mapped_kept = count;
}

static bool page_cache_is_mapped(const struct page_cache *cache)
{
    /* A hint: a mapping that comes now brings its pages in by references, which are counted. */
    return __atomic_load_n(&cache->mapping_count, __ATOMIC_RELAXED) > 0;
}

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
 *
 * A page with the bit set is passed, but for those that may be mapped: whether the program used
 * them is asked, and forgotten, at the same time as the bit.
 */
static struct page *clock_next(u64 *budget, struct page_cache **cache, bool *used)
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
        *cache = candidate->cached.cache;
        *used = (cached_flags(candidate) & CACHED_REFERENCED) != 0;
        if (*used)
            cached_flags_clear(candidate, CACHED_REFERENCED);
        if (*used && !page_cache_is_mapped(*cache)) {
            list_push_back(&lru, node);
            continue;
        }
        page = candidate;
        lru_count--;
        page_get(page);
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

/* Ends the eviction of a page that the hand has stopped at. True when the page is gone. */
static bool candidate_finish(struct page_cache *cache, struct page *page, bool may_go)
{
    bool gone = false;

    spin_lock(&cache->lock);
    if (page->cached.cache == cache) {
        gone = may_go && may_evict(page);
        if (gone) {
            page_cache_take_out(cache, page);
        } else {
            page_lru_add(page);
        }
    }
    spin_unlock(&cache->lock);
    if (gone)
        page_put(page);
    __atomic_fetch_sub(&cache->evictors, 1, __ATOMIC_RELEASE); /* With page_cache_fini(). */
    page_put(page);
    return gone;
}

/* Pages on their way out. They have left the program's tables, but CPUs may still know them. */
struct batch {
    struct {
        struct page *page;
        struct page_cache *cache;
    } pages[BATCH_PAGES];
    u32 count;
    struct page_unmapped unmapped;
};

static u64 batch_finish(struct batch *batch)
{
    u64 freed = 0;

    if (batch->unmapped.lo < batch->unmapped.hi)
        tlb_flush(batch->unmapped.lo, batch->unmapped.hi - batch->unmapped.lo);
    batch->unmapped = PAGE_UNMAPPED_NONE;
    while (batch->count > 0) {
        batch->count--;
        freed += candidate_finish(batch->pages[batch->count].cache, batch->pages[batch->count].page,
                                  true);
    }
    return freed;
}

/* Whether mapped pages stay. The count may be a few pages off. */
static bool is_small(void) LOCK_INTERNALS
{
    return __atomic_load_n(&lru_count, __ATOMIC_RELAXED) < mapped_kept;
}

/* Whether `page` may join the batch: nobody used it, and no mapping shows it any more. */
static bool candidate_unmap(struct page_cache *cache, struct page *page, bool used,
                            struct page_unmapped *unmapped)
{
    if (cached_flags(page) & (CACHED_DIRTY | CACHED_LOCKED))
        return false;
    if (!page_cache_is_mapped(cache) || !unmap_hook)
        return !used;
    if (!may_evict(page) && is_small())
        return false;
    return unmap_hook(cache, page, used, unmapped);
}

u64 page_cache_reclaim(u64 count)
{
    u64 budget = count > UINT64_MAX / 16 ? UINT64_MAX : count * 16 + RECLAIM_SCAN_MIN;
    struct batch batch;
    u64 freed = 0;

    __atomic_fetch_add(&reclaims, 1, __ATOMIC_SEQ_CST); /* Before any entry is emptied. */
    batch.count = 0;
    batch.unmapped = PAGE_UNMAPPED_NONE;
    spin_lock(&lru_lock);
    budget = u64_min(budget, lru_count * 2); /* Twice around at most. */
    spin_unlock(&lru_lock);

    while (freed + batch.count < count && budget > 0) {
        struct page_cache *cache;
        bool used;
        struct page *page = clock_next(&budget, &cache, &used);

        if (!page)
            continue;
        if (!candidate_unmap(cache, page, used, &batch.unmapped)) {
            (void)!candidate_finish(cache, page, false);
            continue;
        }
        batch.pages[batch.count].page = page;
        batch.pages[batch.count].cache = cache;
        if (++batch.count == BATCH_PAGES)
            freed += batch_finish(&batch);
    }
    freed += batch_finish(&batch);
    __atomic_fetch_sub(&reclaims, 1, __ATOMIC_SEQ_CST); /* After the last flush. */
    return freed;
}

bool page_cache_is_reclaiming(void)
{
    return __atomic_load_n(&reclaims, __ATOMIC_SEQ_CST) != 0;
}
