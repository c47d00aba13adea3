/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Physical memory, by the page.
 *
 * Every page of RAM has a `struct page`. A block of 2^order pages is allocated and freed whole; its
 * first page stands for it and carries the reference count. Pages of the program, of the page cache
 * and of network buffers are shared by counting references: the last page_put() frees.
 *
 * RAM is brought online in sections on demand, so that boot does not depend on its size. Nothing
 * here sleeps; under pressure the allocator calls the reclaimers that were registered.
 */

#include "kernel/arch/mmu.h"
#include "lib/base/list.h"
#include "lib/base/types.h"

enum {
    PAGE_ORDER_MAX = 10, /* 4 MiB. */
    PAGE_ORDER_LARGE = LARGE_PAGE_SHIFT - PAGE_SHIFT,
};

enum page_kind {
    PAGE_FREE,   /* In the buddy lists; `link`. */
    PAGE_PLAIN,  /* Allocated, no more is known: anonymous, kernel, network. */
    PAGE_SLAB,   /* Belongs to a slab of the heap. */
    PAGE_CACHED, /* In the page cache of an inode; `cached`. */
};

struct page {
    u32 refs;  /* [atomic] */
    u8 kind;   /* enum page_kind */
    u8 order;  /* Of the block it is the first page of. */
    u16 flags; /* [atomic] The owner's, by kind. */
    union {
        struct list link; /* PAGE_FREE: buddy list. PAGE_PLAIN: the owner's. */
        struct {
            struct slab_cache *cache;
            void *free; /* First free object. */
            u32 in_use;
        } slab;
        struct {
            struct page_cache *cache;
            u64 index; /* Offset in the file, in pages. */
        } cached;
    };
    struct list list; /* Second link of the owner: slab lists, LRU, ... */
    u64 reserved[2];  /* Keeps the size a power of two. */
};
static_assert(sizeof(struct page) == 64, "the page array is indexed by shifting");

enum page_flags {
    PAGE_ALLOC_ZERO = 1u << 0,    /* Filled with zeros. */
    PAGE_ALLOC_NO_WAIT = 1u << 1, /* Do not call reclaimers: atomic contexts that can do without. */
};

/* A block of 2^order pages with one reference, or NULL when memory is out. Any context. */
struct page *page_alloc(u32 order, u32 flags) MUST_USE;

/* The block that `page` begins, the one reference the caller's. page_put() is for counted ones. */
void page_free(struct page *page);

static inline struct page *page_get(struct page *page)
{
    __atomic_fetch_add(&page->refs, 1, __ATOMIC_RELAXED); /* The caller holds one already. */
    return page;
}

/* Gives one reference back; the last frees the block. Any context. */
void page_put(struct page *page);

paddr_t page_address(const struct page *page);
struct page *page_from_address(paddr_t address); /* Of RAM only: any page inside a block. */
void *page_virt(const struct page *page);
struct page *page_from_virt(const void *address); /* Of the direct map. */

/* The first page of the block that `page` lies in is not known: keep it. */

/*
 * Called when memory runs low, outside of interrupts; frees up to `count` pages and returns how
 * many it did. Must not allocate. [const] after boot.
 */
typedef u64 page_reclaim_fn(u64 count);
void page_register_reclaimer(page_reclaim_fn *fn);

/* Counts in pages. */
struct page_counts {
    u64 total; /* RAM the machine has for us. */
    u64 free;  /* Sections not online included. */
};
void page_counts(struct page_counts *counts);

/*
 * A zeroed page for the page tables, which are what brings memory online: it comes from low memory,
 * in the direct map from the start, before the first section is. Never brings memory online itself,
 * so it may be called with the tables' lock held. 0 when memory is out.
 */
paddr_t page_alloc_table(void) MUST_USE;

/*
 * Takes over boot_info()'s RAM. The struct pages lie from `array` on, 64 bytes for each page up to
 * the highest; `array` is aligned to large pages and nothing is mapped there yet.
 */
void page_init(u64 array);
