/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vm/area.h"

#include "abi/linux/errors.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/page_cache.h"
#include "kernel/mm/heap.h"
#include "lib/base/list.h"
#include "lib/base/num.h"
#include "lib/base/tree.h"
#include "lib/base/types.h"

static struct area *area_of(struct tree_node *node)
{
    return node ? TREE_ENTRY(node, struct area, node) : NULL;
}

void area_tree_init(struct area_tree *areas, u64 top)
{
    *areas = (struct area_tree){ .top = top, .search_top = UINT64_MAX };
}

/* Counts the areas through which a file may come to be written. */
static void map_count_add(const struct area *area, s64 change)
{
    if (area->flags & AREA_SHARED && area->file && area->file->flags & FILE_WRITABLE)
        __atomic_fetch_add(&area->file->inode->cache.map_count, (u64)change, __ATOMIC_RELAXED);
}

struct area *area_create(const struct area *from)
{
    struct area *area = heap_alloc(sizeof(*area));

    if (!area)
        return NULL;
    *area = *from;
    list_init(&area->link);
    list_init(&area->mapping_link);
    if (area->file)
        file_get(area->file);
    map_count_add(area, 1);
    return area;
}

void area_destroy(struct area *area)
{
    map_count_add(area, -1);
    if (area->file)
        file_put(area->file);
    heap_free(area);
}

void area_destroy_list(struct list *dead)
{
    struct list *node;

    for (node = list_pop_front(dead); node; node = list_pop_front(dead))
        area_destroy(LIST_ENTRY(node, struct area, link));
}

struct area *area_find_from(const struct area_tree *areas, u64 address)
{
    struct tree_node *node = areas->tree.root;
    struct area *best = NULL;

    while (node) {
        struct area *area = area_of(node);

        if (area->end > address) {
            best = area;
            if (area->start <= address)
                break;
            node = node->left;
        } else {
            node = node->right;
        }
    }
    return best;
}

struct area *area_find(const struct area_tree *areas, u64 address)
{
    struct area *area = area_find_from(areas, address);

    return area && area->start <= address ? area : NULL;
}

struct area *area_next(const struct area *area)
{
    return area_of(tree_next(&area->node));
}

struct area *area_prev(const struct area *area)
{
    return area_of(tree_prev(&area->node));
}

struct area *area_first(const struct area_tree *areas)
{
    return area_of(tree_first(&areas->tree));
}

static struct area *area_last_below(const struct area_tree *areas, u64 address)
{
    struct area *above = area_find_from(areas, address);

    if (above)
        return area_prev(above);
    return area_of(tree_last(&areas->tree));
}

u64 area_hole_start(const struct area_tree *areas, u64 address)
{
    struct area *below = area_last_below(areas, address);

    return below ? below->end : 0;
}

u64 area_hole_end(const struct area_tree *areas, u64 address, u64 limit)
{
    struct area *above = area_find_from(areas, address);

    return above ? u64_min(above->start, limit) : limit;
}

/* A hole may have appeared or grown, up to `end`: the next search must see it. */
static void search_reset(struct area_tree *areas, u64 end)
{
    if (end > areas->search_top) {
        areas->search_top = UINT64_MAX;
        areas->search_hole = 0;
    }
}

/* Invariant 4. */
static void mapping_add(struct area *area)
{
    struct page_cache *cache;

    if (!area->file)
        return;
    cache = &area->file->inode->cache;
    spin_lock(&cache->mapping_lock);
    list_push_back(&cache->mappings, &area->mapping_link);
    __atomic_fetch_add(&cache->mapping_count, 1, __ATOMIC_RELAXED); /* A hint. */
    spin_unlock(&cache->mapping_lock);
}

static void mapping_remove(struct area *area)
{
    struct page_cache *cache;

    if (!area->file)
        return;
    cache = &area->file->inode->cache;
    spin_lock(&cache->mapping_lock);
    list_remove(&area->mapping_link);
    __atomic_fetch_sub(&cache->mapping_count, 1, __ATOMIC_RELAXED); /* A hint. */
    spin_unlock(&cache->mapping_lock);
}

/* Moves the borders; what is shown of a file stays where it is. Invariant 4. */
static void set_borders(struct area *area, u64 start, u64 end)
{
    struct page_cache *cache;

    if (!area->file) {
        area->start = start;
        area->end = end;
        return;
    }
    cache = &area->file->inode->cache;
    spin_lock(&cache->mapping_lock);
    area->off += start - area->start;
    area->start = start;
    area->end = end;
    spin_unlock(&cache->mapping_lock);
}

void area_insert(struct area_tree *areas, struct area *area)
{
    struct tree_node **link = &areas->tree.root;
    struct tree_node *parent = NULL;

    ASSERT(area->start < area->end); /* Invariant 1. */
    while (*link) {
        parent = *link;
        link = area->start < area_of(parent)->start ? &parent->left : &parent->right;
    }
    tree_insert(&areas->tree, parent, link, &area->node);
    areas->count++;
    areas->bytes += area->end - area->start;
    mapping_add(area);
}

static void unlink_area(struct area_tree *areas, struct area *area)
{
    mapping_remove(area);
    tree_remove(&areas->tree, &area->node);
    areas->count--;
    areas->bytes -= area->end - area->start;
}

void area_remove(struct area_tree *areas, struct area *area)
{
    unlink_area(areas, area);
    search_reset(areas, area->end);
}

void area_set_start(struct area_tree *areas, struct area *area, u64 start)
{
    areas->bytes += area->start - start;
    search_reset(areas, u64_max(start, area->start));
    set_borders(area, start, area->end);
}

void area_set_end(struct area_tree *areas, struct area *area, u64 end)
{
    areas->bytes += end - area->end;
    search_reset(areas, u64_max(end, area->end));
    set_borders(area, area->start, end);
}

int area_split(struct area_tree *areas, u64 at)
{
    struct area *area = area_find(areas, at);
    struct area *upper;

    if (!area || area->start == at)
        return 0;
    if (areas->count >= AREAS_MAX)
        return -ENOMEM;
    upper = area_create(area);
    if (!upper)
        return -ENOMEM;

    set_borders(upper, at, area->end);
    areas->bytes -= area->end - at;
    set_borders(area, area->start, at);
    area_insert(areas, upper);
    return 0;
}

static bool area_is_alike(const struct area *lower, const struct area *upper)
{
    if (lower->end != upper->start || lower->protection != upper->protection ||
        lower->flags != upper->flags || lower->file != upper->file || lower->name != upper->name)
        return false;
    if (lower->flags & (AREA_SPECIAL | AREA_GROWS_DOWN))
        return false;
    return !lower->file || lower->off + (lower->end - lower->start) == upper->off;
}

void area_merge(struct area_tree *areas, u64 lo, u64 hi)
{
    struct area *area = area_find_from(areas, lo ? lo - 1 : 0);

    while (area && area->start <= hi) {
        struct area *next = area_next(area);

        if (!next || !area_is_alike(area, next)) {
            area = next;
            continue;
        }
        unlink_area(areas, next); /* No hole comes of it. */
        areas->bytes += next->end - next->start;
        set_borders(area, area->start, next->end);
        area->touched_pages += next->touched_pages;
        area_destroy(next); /* Not the last reference to its file: `area` has one. */
    }
}

bool area_covers(const struct area_tree *areas, u64 lo, u64 hi)
{
    struct area *area = area_find(areas, lo);

    while (area && area->end < hi) {
        struct area *next = area_next(area);

        if (!next || next->start != area->end)
            return false;
        area = next;
    }
    return area != NULL;
}

/* The highest address for `size` bytes in the hole [lo, hi), or 0. */
static u64 hole_fit(u64 lo, u64 hi, u64 size, u64 align)
{
    u64 address;

    if (hi < lo || hi - lo < size)
        return 0;
    address = align_down(hi - size, align);
    return address >= lo ? address : 0;
}

/*
 * Walks down the holes of [lo, top). Stores the greatest one it passed over in `*passed`, if that
 * is greater.
 */
static u64 gap_search(const struct area_tree *areas, u64 size, u64 lo, u64 top, u64 align,
                      u64 *passed)
{
    struct area *above = area_find_from(areas, top);
    struct area *below = above ? area_prev(above) : area_of(tree_last(&areas->tree));
    u64 hole_end = above ? u64_min(above->start, top) : top;

    while (hole_end > lo) {
        u64 hole_start = u64_max(below ? below->end : 0, lo);
        u64 guard = above && above->flags & AREA_GROWS_DOWN ? AREA_GUARD_GAP : 0;
        u64 limit = above ? u64_min(hole_end, above->start - u64_min(guard, above->start)) : top;
        u64 address = hole_fit(hole_start, limit, size, align);

        if (address) {
            *passed = u64_max(*passed, limit - (address + size));
            return address;
        }
        if (hole_end > hole_start)
            *passed = u64_max(*passed, hole_end - hole_start);
        if (!below)
            return 0;
        above = below;
        hole_end = above->start;
        below = area_prev(above);
    }
    return 0;
}

u64 area_gap_find(struct area_tree *areas, u64 size, u64 lo, u64 hi, u64 align)
{
    bool remembers = hi == areas->top;
    bool hinted =
        remembers && size > areas->search_hole && areas->search_top <= hi && areas->search_top > lo;
    u64 passed = hinted ? areas->search_hole : 0;
    u64 address = gap_search(areas, size, lo, hinted ? areas->search_top : hi, align, &passed);

    if (!address && hinted) {
        passed = 0;
        address = gap_search(areas, size, lo, hi, align, &passed);
    }
    if (address && remembers && (hinted || areas->search_top == UINT64_MAX)) {
        areas->search_top = address + size;
        areas->search_hole = passed;
    }
    return address;
}
