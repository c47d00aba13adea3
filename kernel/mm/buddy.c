/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/mm/buddy.h"

#include "lib/base/num.h"

void buddy_init(struct buddy *buddy, struct page *array)
{
    buddy->array = array;
    buddy->free_pages = 0;
    for (u32 order = 0; order <= PAGE_ORDER_MAX; order++)
        list_init(&buddy->lists[order]);
}

static void list_block(struct buddy *buddy, struct page *page, u32 order, u64 bounds)
{
    page->kind = PAGE_FREE;
    page->order = (u8)order;
    page->flags = BUDDY_LISTED;
    page->reserved[0] = bounds;
    list_push_front(&buddy->lists[order], &page->link);
}

static void unlist(struct page *page)
{
    list_remove(&page->link);
    page->flags = 0;
}

void buddy_add(struct buddy *buddy, u64 lo, u64 hi)
{
    u64 bounds = lo | hi << 32;

    buddy->free_pages += hi - lo;
    while (lo < hi) {
        u32 order = log2_floor(hi - lo);

        if (lo != 0)
            order = u32_min(order, (u32)__builtin_ctzll(lo));
        order = u32_min(order, PAGE_ORDER_MAX);
        list_block(buddy, &buddy->array[lo], order, bounds);
        lo += 1ull << order;
    }
}

struct page *buddy_take(struct buddy *buddy, u32 order)
{
    u32 from = order;
    struct page *page;

    while (from <= PAGE_ORDER_MAX && list_is_empty(&buddy->lists[from]))
        from++;
    if (from > PAGE_ORDER_MAX)
        return NULL;
    page = LIST_ENTRY(buddy->lists[from].next, struct page, link);
    unlist(page);
    while (from > order) {
        from--;
        list_block(buddy, page + (1ull << from), from, page->reserved[0]);
    }
    page->order = (u8)order;
    buddy->free_pages -= 1ull << order;
    return page;
}

/* The free block that `number` of `order` merges with, or NULL. */
static struct page *mate(const struct buddy *buddy, u64 number, u32 order, u64 bounds)
{
    u64 other = number ^ (1ull << order);
    struct page *page;

    if (order == PAGE_ORDER_MAX || other < (bounds & UINT32_MAX) || other >= bounds >> 32)
        return NULL; /* Invariant 2, before the struct page is touched. */
    page = &buddy->array[other];
    if (page->kind != PAGE_FREE || page->flags != BUDDY_LISTED || page->order != order)
        return NULL;
    return page;
}

void buddy_give(struct buddy *buddy, struct page *page)
{
    u64 number = (u64)(page - buddy->array);
    u64 bounds = page->reserved[0];
    u32 order = page->order;
    struct page *other;

    buddy->free_pages += 1ull << order;
    for (other = mate(buddy, number, order, bounds); other;
         other = mate(buddy, number, order, bounds)) {
        unlist(other);
        number &= ~(1ull << order);
        order++;
    }
    list_block(buddy, &buddy->array[number], order, bounds);
}
