/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree of height h has h levels of nodes and covers 64^h pages; height 0 is empty, or page 0
 * alone in `root`. Most files of a server fit height 1.
 */
#include "kernel/fs/page_index.h"

#include "kernel/fs/page_cache.h"
#include "kernel/mm/heap.h"
#include "lib/base/types.h"

enum {
    NODE_SHIFT = 6,
    NODE_SLOTS = 1 << NODE_SHIFT,
    HEIGHT_MAX = (64 + NODE_SHIFT - 1) / NODE_SHIFT,
};

struct page_index_node {
    void *slots[NODE_SLOTS];
    u32 count;
};

struct page_index_node *page_index_node_create(void)
{
    return heap_alloc_zero(sizeof(struct page_index_node));
}

void page_index_node_destroy(struct page_index_node *node)
{
    heap_free(node);
}

/* Whether a tree of `height` has a place for `index`. */
static bool covers(u32 height, u64 index)
{
    return height * NODE_SHIFT >= 64 || (index >> (height * NODE_SHIFT)) == 0;
}

/* Which slot of a node `level` levels above the pages leads to `index`. */
static u32 slot_of(u64 index, u32 level)
{
    return (u32)(index >> (level * NODE_SHIFT)) % NODE_SLOTS;
}

struct page *page_index_find(struct page_cache *cache, u64 index)
{
    void *at = cache->root;

    if (!covers(cache->root_height, index))
        return NULL;
    for (u32 level = cache->root_height; level > 0 && at; level--) {
        struct page_index_node *node = at;

        at = node->slots[slot_of(index, level - 1)];
    }
    return at;
}

static struct page_index_node *take(struct page_index_node **spare)
{
    struct page_index_node *node = *spare;

    *spare = NULL;
    return node;
}

/* Adds levels until the tree covers `index`. */
static bool grow(struct page_cache *cache, u64 index, struct page_index_node **spare)
{
    while (!covers(cache->root_height, index)) {
        if (cache->root) {
            struct page_index_node *node = take(spare);

            if (!node)
                return false;
            node->slots[0] = cache->root;
            node->count = 1;
            cache->root = node;
        }
        cache->root_height++;
    }
    return true;
}

bool page_index_insert(struct page_cache *cache, u64 index, struct page *page,
                       struct page_index_node **spare)
{
    struct page_index_node *above = NULL;
    void **slot = &cache->root;

    if (!grow(cache, index, spare))
        return false;
    for (u32 level = cache->root_height; level > 0; level--) {
        if (!*slot) {
            struct page_index_node *node = take(spare);

            if (!node)
                return false;
            *slot = node;
            if (above)
                above->count++;
        }
        above = *slot;
        slot = &above->slots[slot_of(index, level - 1)];
    }
    *slot = page;
    if (above)
        above->count++;
    cache->page_count++;
    return true;
}

void page_index_remove(struct page_cache *cache, u64 index)
{
    void **path[HEIGHT_MAX + 1];
    void **slot = &cache->root;
    u32 depth = 0;

    for (u32 level = cache->root_height; level > 0; level--) {
        struct page_index_node *node = *slot;

        path[depth++] = slot;
        slot = &node->slots[slot_of(index, level - 1)];
    }
    *slot = NULL;
    cache->page_count--;

    while (depth > 0) {
        void **above = path[--depth];
        struct page_index_node *node = *above;

        if (--node->count > 0)
            return;
        *above = NULL;
        page_index_node_destroy(node);
    }
    cache->root_height = 0;
}

struct page *page_index_next(struct page_cache *cache, u64 *index)
{
    while (cache->root && covers(cache->root_height, *index)) {
        void *at = cache->root;
        u32 level = cache->root_height;
        u64 skipped;

        while (level > 0 && at) {
            struct page_index_node *node = at;

            level--;
            at = node->slots[slot_of(*index, level)];
        }
        if (at)
            return at;
        /* Nothing below this slot: on to the one after it. */
        skipped = level * NODE_SHIFT >= 64 ? UINT64_MAX : ((u64)1 << (level * NODE_SHIFT)) - 1;
        if ((*index | skipped) == UINT64_MAX)
            return NULL;
        *index = (*index | skipped) + 1;
    }
    return NULL;
}
