/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The index of a page cache: a radix tree of 64-way nodes from page numbers to pages. All of it
 * under the cache's lock. It allocates nothing: who inserts brings the nodes.
 */

#include "kernel/fs/page_cache.h"
#include "kernel/mm/page.h"
#include "lib/base/types.h"

struct page_index_node;

/* A node for page_index_insert(), or NULL when memory is out. */
struct page_index_node *page_index_node_create(void) MUST_USE;
void page_index_node_destroy(struct page_index_node *node);

struct page *page_index_find(struct page_cache *cache, u64 index) HOLDS(&cache->lock);

/*
 * Puts `page` at `index`, where none is. False when it needs a node and `*spare` is NULL: call it
 * again with one. A node it used is no longer in `*spare`.
 */
bool page_index_insert(struct page_cache *cache, u64 index, struct page *page,
                       struct page_index_node **spare) HOLDS(&cache->lock) MUST_USE;

/* Takes out the page at `index`, which is there. */
void page_index_remove(struct page_cache *cache, u64 index) HOLDS(&cache->lock);

/* The first page at or after `*index`, which is set to where it is; NULL when there is none. */
struct page *page_index_next(struct page_cache *cache, u64 *index) HOLDS(&cache->lock);
