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
 *  1. A page is in at most one cache, at one index: then cached.cache names it, else it is NULL.
 *     page->kind is PAGE_CACHED exactly then, or until the last user of a dropped page is gone.
 *  2. A page that page_cache_get() returned is up to date; what lies beyond the file's end is zero.
 *  3. A dirty page is never evicted before it was written back.
 *  4. While a page is being read it is CACHED_LOCKED, and its reader holds a reference.
 *  5. An entry of the program's page tables that names a page of a cache lies in an area on the
 *     cache's list of mappings, or is on its way to one (mremap), and owns a reference to the page.
 *
 *     (none) --get--> locked --read done--> up to date --mark_dirty--> dirty
 *        ^              |                       |
 *        +--read failed-+                       +--reclaim, drop_from--> (none)
 */

#include "kernel/core/spinlock.h"
#include "kernel/mm/page.h"
#include "lib/base/list.h"
#include "lib/base/types.h"

struct inode;

struct page_cache_ops {
    /*
     * Fills `count` pages from `index` on, which are new and locked to others. Thread context; may
     * sleep. 0, or an error: none is kept then. Holes and what lies beyond the end are zeroed.
     */
    int (*read)(struct page_cache *cache, u64 index, struct page **pages, u32 count);

    /* Writes dirty pages back. NULL: the cache is the only home of the data (tmpfs). */
    int (*write)(struct page_cache *cache, u64 index, struct page **pages, u32 count);

    /*
     * For PAGE_CACHE_IN_MEMORY: `count` pages are about to come (or, negative, have gone). 0, or
     * -ENOSPC when the filesystem has no room; leaving always works. NULL: no limit.
     */
    int (*account)(struct page_cache *cache, s64 count);
};

enum page_cache_flags {
    PAGE_CACHE_IN_MEMORY = 1u << 0, /* The only home of its data: no eviction, no write-back. */
};

/* page->flags of a cached page. [atomic] */
enum cached_flags {
    CACHED_LOCKED = 1u << 0,
    CACHED_UP_TO_DATE = 1u << 1,
    CACHED_DIRTY = 1u << 2,
    CACHED_REFERENCED = 1u << 3, /* Used since eviction looked last. */
};

enum {
    READ_AHEAD_PAGES_MIN = 4,   /* 16 KiB, where access is not sequential. */
    READ_AHEAD_PAGES_MAX = 128, /* 512 KiB */
};

struct page_cache {
    struct spinlock lock; /* LOCK_RANK_PAGE_CACHE. Guards the index and the pages' cached fields. */
    u32 flags;            /* [const] */
    struct inode *inode;  /* [const] */
    const struct page_cache_ops *ops; /* [const] */
    void *root;                       /* The index: a radix tree, see page_index.c. */
    u8 root_height;
    u32 evictors;   /* [atomic] Evictions under way: page_cache_fini() waits for them. */
    u64 page_count; /* Under `lock`. */
    u64 map_count;  /* [atomic] Areas of the program that map it shared-writable. */

    /* Areas of the program that show it: kernel/vm's. Before `lock`. */
    struct spinlock mapping_lock; /* LOCK_RANK_PAGE_MAPPING */
    struct list mappings GUARDED_BY(&mapping_lock);
    u32 mapping_count; /* [atomic] Changed under `mapping_lock`. */
};

void page_cache_init(struct page_cache *cache, struct inode *inode,
                     const struct page_cache_ops *ops, u32 flags);

/* Drops every page. Nobody uses the cache any more. */
void page_cache_fini(struct page_cache *cache);

/*
 * The page at `index`, up to date, with a reference for the caller; reads it (and some after it,
 * when access looks sequential) if need be. May sleep. 0, -EIO, -ENOMEM, -ENOSPC.
 */
int page_cache_get(struct page_cache *cache, u64 index, struct page **result) MUST_USE;

/* The page if it is there and up to date, with a reference; else NULL. Does not sleep. */
struct page *page_cache_find(struct page_cache *cache, u64 index) MUST_USE;

/*
 * The page for overwriting all of it: like page_cache_get(), but nothing is read; a new page is
 * zeroed. 0, -ENOMEM, -ENOSPC.
 */
int page_cache_get_new(struct page_cache *cache, u64 index, struct page **result) MUST_USE;

/* Its contents changed. The caller holds a reference. */
void page_cache_mark_dirty(struct page_cache *cache, struct page *page);

/* Drops pages [from, to) (truncation, holes). Users of one keep it, detached. May sleep. */
void page_cache_drop(struct page_cache *cache, u64 from, u64 to);

static inline void page_cache_drop_from(struct page_cache *cache, u64 from)
{
    page_cache_drop(cache, from, UINT64_MAX);
}

/* The index of the first page at or after `from`; false when there is none. Does not sleep. */
bool page_cache_next(struct page_cache *cache, u64 from, u64 *index);

/* Reads [index, index + count) now, as far as memory goes; errors do not matter. May sleep. */
void page_cache_read_ahead(struct page_cache *cache, u64 index, u64 count);

/* Pages in all caches, and how many of them are dirty. */
void page_cache_counts(u64 *pages, u64 *dirty);

/*
 * Frees up to `count` clean pages that nobody uses, mapped ones too; how many it did. Does not
 * sleep, but waits for other CPUs: interrupts are on and no spinlock is held.
 */
u64 page_cache_reclaim(u64 count);

/*
 * Whether a call of that is under way anywhere. An entry that it has emptied may be known to CPUs
 * until it is over: who finds an entry empty, and then false here, may show another page there.
 */
bool page_cache_is_reclaiming(void);

/* Addresses that CPUs may still know pages at. Nothing while `lo` is not below `hi`. */
struct page_unmapped {
    u64 lo;
    u64 hi;
};

/*
 * Takes `page` of `cache` out of the program's page tables, adds to `unmapped` where it was, and
 * gives back the references that the entries had; the caller has one, and the entries are no longer
 * dirty. False when the page stays: it must, or `used` is true, or the program has used it since it
 * was asked last, which is forgotten now. Set once at boot.
 */
typedef bool page_unmap_fn(struct page_cache *cache, struct page *page, bool used,
                           struct page_unmapped *unmapped);
void page_cache_set_unmap_hook(page_unmap_fn *fn);

/*
 * How many pages all caches have at least while mapped ones are evicted: with fewer, those that the
 * program has mapped stay. 0 unless set, once, at boot.
 */
void page_cache_keep_mapped(u64 count);

/* Registers the above. At boot. */
void page_cache_setup(void);
