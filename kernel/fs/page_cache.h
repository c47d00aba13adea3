/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The page cache: pages of files in memory, the same ones for read, write, mmap and sendfile.
 *
 * A cache belongs to an inode. Pages are found by their index in the file. A page in the cache has
 * one reference of the cache's; whoever uses it holds one more, and while anybody does it is not
 * evicted. Filesystems that live in memory keep their data here too and never let it be evicted.
 *
 * Invariants
 *  1. A page is in at most one cache, at one index; page->kind is PAGE_CACHED exactly then, or until
 *     the last user of a truncated page is gone.
 *  2. A page that page_cache_get() returned is up to date; what lies beyond the file's end is zero.
 *  3. A dirty page is never evicted before it was written back.
 */

#include "kernel/core/spinlock.h"
#include "kernel/core/wait.h"
#include "kernel/mm/page.h"
#include "lib/base/list.h"
#include "lib/base/types.h"

struct inode;
struct page_cache;

struct page_cache_ops {
    /*
     * Fills `count` pages from `index` on, which are new and locked to others. Thread context; may
     * sleep. 0, or an error: none of them is kept then. Holes and what lies beyond the end are zeroed.
     */
    int (*read)(struct page_cache *cache, u64 index, struct page **pages, u32 count);

    /* Writes dirty pages back. NULL: the cache is the only home of the data (tmpfs). */
    int (*write)(struct page_cache *cache, u64 index, struct page **pages, u32 count);
};

enum page_cache_flags {
    PAGE_CACHE_IN_MEMORY = 1u << 0, /* The only home of its data: no eviction, no write-back. */
};

struct page_cache {
    struct spinlock lock; /* LOCK_RANK_PAGE_CACHE. Guards the index and the pages' cached fields. */
    struct inode *inode;  /* [const] */
    const struct page_cache_ops *ops; /* [const] */
    u32 flags;                        /* [const] */
    void *root;                       /* The index: a radix tree, see page_cache.c. */
    u8 root_height;
    u64 page_count;
    u64 read_ahead_next;  /* Where a sequential reader will be next, and how much */
    u32 read_ahead_pages; /* it gets at once. Hints: races do no harm. */
    struct list dirty_link;
    u64 map_count; /* [atomic] Areas of the program that map it shared-writable. */
};

void page_cache_init(struct page_cache *cache, struct inode *inode,
                     const struct page_cache_ops *ops, u32 flags);

/* Drops every page. Nobody uses the cache any more. */
void page_cache_fini(struct page_cache *cache);

/*
 * The page at `index`, up to date, with a reference for the caller; reads it (and some after it, when
 * access looks sequential) if need be. May sleep. 0, -EIO, -ENOMEM.
 */
int page_cache_get(struct page_cache *cache, u64 index, struct page **page) MUST_USE;

/* The page if it is there and up to date, with a reference; else NULL. Does not sleep. */
struct page *page_cache_find(struct page_cache *cache, u64 index) MUST_USE;

/*
 * The page for overwriting all of it: like page_cache_get(), but nothing is read; a new page is
 * zeroed. 0 or -ENOMEM.
 */
int page_cache_get_new(struct page_cache *cache, u64 index, struct page **page) MUST_USE;

/* Its contents changed. The caller holds a reference. */
void page_cache_mark_dirty(struct page_cache *cache, struct page *page);

/* Drops pages from index `from` on (truncation). Users of one keep it, detached. May sleep. */
void page_cache_drop_from(struct page_cache *cache, u64 from);

/* Starts reading [index, index + count) in the background or at once; errors do not matter. */
void page_cache_read_ahead(struct page_cache *cache, u64 index, u64 count);

/* Pages in all caches, and how many of them are dirty. */
void page_cache_counts(u64 *pages, u64 *dirty);
