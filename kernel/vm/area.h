/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Areas: pieces of the address space that behave alike, in a tree ordered by address. Pure data:
 * page tables are not touched here. The caller holds the address space's lock.
 *
 * Invariants
 *  1. Areas are not empty, start and end on page boundaries, and do not overlap.
 *  2. Each owns one reference to its file.
 *  3. Holes between `search_top` and `top` are at most `search_hole` large.
 *  4. An area in the tree that shows a file is on the list of mappings of the file's page cache.
 *     Borders and offset of such an area change under the lock of that list, `mapping_lock`.
 */

#include "lib/base/list.h"
#include "lib/base/tree.h"
#include "lib/base/types.h"

enum {
    AREAS_MAX = 65530,           /* As Linux' vm.max_map_count. */
    AREA_GUARD_GAP = 256 * 4096, /* Kept free below an area that grows down, as on Linux. */
};

enum area_flags {
    AREA_SHARED = 1u << 0,
    AREA_GROWS_DOWN = 1u << 1,
    AREA_HUGE = 1u << 2,    /* Large pages from the first one on (MADV_HUGEPAGE). */
    AREA_NO_HUGE = 1u << 3, /* None. */
    AREA_SPECIAL = 1u << 4, /* Pages of the kernel's: never faulted in, never given back. */
    AREA_LOCKED = 1u << 5,  /* mlock: it is populated, and says so in /proc. */
    AREA_NO_DUMP = 1u << 6,
};

struct area {
    struct tree_node node;
    struct list link;         /* On the list of those to be destroyed. */
    struct list mapping_link; /* Invariant 4. */
    u64 start;
    u64 end;
    u32 protection;    /* enum vm_protection */
    u32 flags;         /* enum area_flags */
    struct file *file; /* NULL: anonymous. */
    u64 off;           /* In the file, of `start`. */
    const char *name;  /* "[heap]" and the like, or NULL. Compared by address. */
    u64 touched_pages; /* [atomic] A hint: pages brought in so far. */
};

struct area_tree {
    struct tree tree;
    u32 count;
    u64 bytes;       /* Of all areas. */
    u64 top;         /* [const] The end of most searches, see area_gap_find(). */
    u64 search_top;  /* Where a search of all below `top` may begin. */
    u64 search_hole; /* Invariant 3. */
};

void area_tree_init(struct area_tree *areas, u64 top);

/* A copy of `from` on storage of its own, with a reference to the file; or NULL. */
struct area *area_create(const struct area *from) MUST_USE;

/* Gives back file and storage. May sleep; the lock is not held. */
void area_destroy(struct area *area);
void area_destroy_list(struct list *dead);

/* The area that covers `address`, or NULL. */
struct area *area_find(const struct area_tree *areas, u64 address);

/* The first one that ends above `address`: the one that covers it, or the next. Or NULL. */
struct area *area_find_from(const struct area_tree *areas, u64 address);

struct area *area_next(const struct area *area);
struct area *area_prev(const struct area *area);
struct area *area_first(const struct area_tree *areas);

/* Where the hole below `address` begins: the end of the area before, or 0. */
u64 area_hole_start(const struct area_tree *areas, u64 address);
/* Where the hole at and above `address` ends, at most at `limit`. */
u64 area_hole_end(const struct area_tree *areas, u64 address, u64 limit);

/* The tree takes it over. It overlaps none. */
void area_insert(struct area_tree *areas, struct area *area);
void area_remove(struct area_tree *areas, struct area *area);

/* Makes `at` a border of two areas, if it lies inside one. 0, or -ENOMEM. */
int area_split(struct area_tree *areas, u64 at) MUST_USE;

/* Joins neighbours that have become alike, from the one that ends at `lo` to the one at `hi`. */
void area_merge(struct area_tree *areas, u64 lo, u64 hi);

/* Moves a border of an area that has nothing in the way. */
void area_set_start(struct area_tree *areas, struct area *area, u64 start);
void area_set_end(struct area_tree *areas, struct area *area, u64 end);

/* True when areas cover all of [lo, hi). */
bool area_covers(const struct area_tree *areas, u64 lo, u64 hi);

/*
 * The highest hole of `size` bytes in [lo, hi) that starts at a multiple of `align`, a guard gap
 * away from areas that grow down. Its address, or 0. With `hi` the tree's `top` it remembers where
 * it has looked, and does not look there again before something was unmapped.
 */
u64 area_gap_find(struct area_tree *areas, u64 size, u64 lo, u64 hi, u64 align);
