/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Inside kernel/mm: blocks of 2^order pages, split and merged. No locks and no idea where memory
 * comes from.
 *
 * 1. Only the first page of a block has a valid struct page. Memory comes in ranges that are cut
 *    into aligned blocks, so the buddy of a block, if it lies in the same range, begins with the
 *    first page of some block: its struct page is valid, too.
 * 2. A block knows the bounds of its range (`reserved[0]`) and never merges across them: what lies
 *    beyond may be no memory at all.
 * 3. A page is in a list here exactly while its kind is PAGE_FREE and its flags are BUDDY_LISTED.
 */

#include "kernel/mm/page.h"
#include "lib/base/list.h"
#include "lib/base/types.h"

enum {
    BUDDY_LISTED = 0xb0dd,
};

struct buddy {
    struct page *array; /* [const] Indexed by page number. */
    struct list lists[PAGE_ORDER_MAX + 1];
    u64 free_pages;
};

void buddy_init(struct buddy *buddy, struct page *array);

/* Adds page numbers [lo, hi), whose struct pages need not be initialised. Below 2^32. */
void buddy_add(struct buddy *buddy, u64 lo, u64 hi);

/* A block, or NULL. Its struct page holds `order` and the bounds, the rest is stale. */
struct page *buddy_take(struct buddy *buddy, u32 order);

void buddy_give(struct buddy *buddy, struct page *page);
