/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the page cache and its eviction share: kernel/fs/page_cache.c, page_evict.c. */

#include "kernel/fs/page_cache.h"
#include "kernel/mm/page.h"
#include "lib/base/types.h"

/* enum cached_flags of a page. */
static inline u16 cached_flags(const struct page *page)
{
    return __atomic_load_n(&page->flags, __ATOMIC_ACQUIRE); /* Pairs with cached_flags_set(). */
}

static inline void cached_flags_set(struct page *page, u16 flags)
{
    /* The page's bytes come before the flag that promises them. */
    __atomic_fetch_or(&page->flags, flags, __ATOMIC_RELEASE);
}

static inline void cached_flags_clear(struct page *page, u16 flags)
{
    __atomic_fetch_and(&page->flags, (u16)~flags, __ATOMIC_RELEASE);
}

/* Lets a page that is in a cache be evicted, and no longer. The cache's lock is held. */
void page_lru_add(struct page *page);
void page_lru_remove(struct page *page);

/* Takes a page that is in the cache out of it. The cache's reference is the caller's to drop. */
void page_cache_take_out(struct page_cache *cache, struct page *page) HOLDS(&cache->lock);
