/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The kernel's heap: slabs per size, with a small cache per CPU in front. Any context, never
 * sleeps. NULL means memory is out, and callers turn it into -ENOMEM.
 */

#include "lib/base/types.h"

enum {
    HEAP_SIZE_MAX = 4 << 20,
};

void *heap_alloc(size_t size) MUST_USE; /* Undefined bytes. Aligned to 16, or to 64 from 64 on. */
void *heap_alloc_zero(size_t size) MUST_USE;
void heap_free(void *memory); /* NULL is fine. */

/* heap_alloc_zero(count * size), or NULL when that overflows. */
void *heap_alloc_array(size_t count, size_t size) MUST_USE;

/* A copy of `text`, or NULL. */
char *heap_copy_text(const char *text) MUST_USE;

/* A cache of objects of one size. `name` is for reports. [const] size and alignment. */
struct slab_cache;
struct slab_cache *slab_cache_create(const char *name, size_t size, size_t align) MUST_USE;
void *slab_alloc(struct slab_cache *cache) MUST_USE;
void slab_free(struct slab_cache *cache, void *object);

/* Bytes in use by the heap and the number of objects in use, for reports and leak tests. */
struct heap_counts {
    u64 bytes;
    u64 objects;
};
void heap_counts(struct heap_counts *counts);

/* Objects in use in one cache. */
u64 slab_in_use(const struct slab_cache *cache);

void heap_init(void);
