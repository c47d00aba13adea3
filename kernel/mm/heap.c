/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heap. A slab is a block of pages cut into objects of one size; its first struct page holds
 * the list of free objects, the other ones of the block point to the first (SLAB_TAIL). Each CPU
 * keeps a magazine of a few free objects per cache in front of the slabs, so that most calls take
 * no lock. What is larger than the largest class is a block of pages of its own.
 *
 * 1. A slab is on `partial` exactly while it has a free object, except that the last one to become
 *    empty of users stays there (`spare`) instead of going back, so that a cache does not flap.
 * 2. `in_use` of a slab counts objects that are not in the slab, those in magazines included.
 */
#include "kernel/mm/heap.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/mm/page.h"
#include "lib/base/list.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"

enum {
    CACHES_MAX = 64,
    MAGAZINE_SIZE = 31, /* With the count it fills four cache lines. */
    MAGAZINE_BYTES_MAX = 16384,
    MAGAZINES_ORDER = 2,
    SLAB_ORDER_MAX = 3,
    SLAB_WASTE_MAX = 8, /* At most one part in this many of a slab may be left over. */
    SLAB_TAIL = 1,      /* In a struct page's flags: `list.next` is the slab's first. */
    CLASS_SIZE_MAX = 8192,
    CLASS_UNIT = 64,
    OBJECT_ALIGN_MIN = 16,
    HEAP_ORDER_MAX = 10,
};
static_assert((PAGE_SIZE << HEAP_ORDER_MAX) == HEAP_SIZE_MAX, "");

/* From 64 on multiples of 64, so that objects are aligned to cache lines. */
static const u16 class_sizes[] = {
    16,  32,  48,  64,   128,  192,  256,  320,  384,  448,
    512, 640, 768, 1024, 1280, 1536, 2048, 3072, 4096, CLASS_SIZE_MAX,
};

struct slab_cache {
    struct spinlock lock;
    struct list partial; /* Under `lock`; by struct page's `list`. */
    u32 spare;           /* Under `lock`: slabs on `partial` without a user. */
    u32 size;            /* [const] Of an object, as the caller asked. */
    u32 stride;          /* [const] From one object to the next. */
    u32 order;           /* [const] Of a slab. */
    u32 objects;         /* [const] In a slab. */
    u32 magazine_size;   /* [const] */
    u64 in_use;          /* Under `lock`: the sum of the slabs'. */
    const char *name;
};

struct magazine {
    u64 count;
    void *objects[MAGAZINE_SIZE];
};
static_assert(sizeof(struct magazine) * CACHES_MAX <= PAGE_SIZE << MAGAZINES_ORDER, "");

static struct slab_cache caches[CACHES_MAX];
static u32 cache_count; /* [atomic] Grows under `caches_lock`. */
static struct spinlock caches_lock = SPINLOCK_INIT(LOCK_RANK_HEAP);
static struct magazine *magazines[CPUS_MAX]; /* [irq] By index of the cache; NULL at first. */
static u8 class_of_unit[CLASS_SIZE_MAX / CLASS_UNIT + 1]; /* [const] */
static u64 large_bytes;                                   /* [atomic] */
static u64 large_count;                                   /* [atomic] */

/* ---- Slabs. Under the cache's lock, which is given back around the page allocator. ---- */

static void slab_link_objects(const struct slab_cache *cache, struct page *slab)
{
    u8 *base = page_virt(slab);
    void *next = NULL;

    for (u32 i = cache->objects; i > 0; i--) {
        void **object = (void **)(base + (size_t)(i - 1) * cache->stride);

        *object = next;
        next = object;
    }
    slab->slab.cache = NULL;
    slab->slab.free = next;
    slab->slab.in_use = 0;
}

static struct page *slab_create(struct slab_cache *cache)
{
    struct page *slab = page_alloc(cache->order, 0);

    if (!slab)
        return NULL;
    slab_link_objects(cache, slab);
    slab->slab.cache = cache;
    slab->kind = PAGE_SLAB;
    for (u32 i = 1; i < 1u << cache->order; i++) {
        slab[i].kind = PAGE_SLAB;
        slab[i].flags = SLAB_TAIL;
        slab[i].list.next = &slab->list;
    }
    return slab;
}

/* The slab that `object` lies in; NULL when it is a block of pages of its own. */
static struct page *slab_of(const void *object)
{
    struct page *page = page_from_virt(object);

    if (page->kind != PAGE_SLAB)
        return NULL;
    return page->flags == SLAB_TAIL ? LIST_ENTRY(page->list.next, struct page, list) : page;
}

static void *slab_take(struct slab_cache *cache) HOLDS(&cache->lock)
{
    struct page *slab;
    void **object;

    if (list_is_empty(&cache->partial))
        return NULL;
    slab = LIST_ENTRY(cache->partial.next, struct page, list);
    object = slab->slab.free;
    slab->slab.free = *object;
    if (slab->slab.in_use++ == 0)
        cache->spare--;
    cache->in_use++;
    if (!slab->slab.free)
        list_remove(&slab->list);
    return object;
}

/* Puts `object` back. Returns its slab when that has no user any more and shall go. */
static struct page *slab_put(struct slab_cache *cache, void *object) HOLDS(&cache->lock)
{
    struct page *slab = slab_of(object);

    ASSERT(slab && slab->slab.cache == cache && slab->slab.in_use > 0);
    if (!slab->slab.free)
        list_push_front(&cache->partial, &slab->list);
    *(void **)object = slab->slab.free;
    slab->slab.free = object;
    cache->in_use--;
    if (--slab->slab.in_use > 0)
        return NULL;
    if (cache->spare++ == 0)
        return NULL;
    cache->spare--;
    list_remove(&slab->list);
    return slab;
}

/* ---- Magazines. Interrupts are off. ---- */

static struct magazine *magazine_of(const struct slab_cache *cache)
{
    struct magazine *here = magazines[cpu_id()];

    return here ? &here[cache - caches] : NULL;
}

static void magazines_create(void)
{
    struct page *page = page_alloc(MAGAZINES_ORDER, PAGE_ALLOC_ZERO | PAGE_ALLOC_NO_WAIT);

    if (page)
        magazines[cpu_id()] = page_virt(page);
}

/* Fills half of a magazine from slabs that are there, and returns one object more, or NULL. */
static void *take_many(struct slab_cache *cache, struct magazine *magazine) HOLDS(&cache->lock)
{
    void *object = slab_take(cache);

    while (object && magazine && magazine->count < cache->magazine_size / 2) {
        void *more = slab_take(cache);

        if (!more)
            break;
        magazine->objects[magazine->count++] = more;
    }
    return object;
}

static void put_many(struct slab_cache *cache, struct magazine *magazine, u64 to_count)
    LOCK_INTERNALS
{
    struct list gone = LIST_INIT(gone);
    struct list *node;
    struct list *after;

    spin_lock(&cache->lock);
    while (magazine->count > to_count) {
        struct page *slab = slab_put(cache, magazine->objects[--magazine->count]);

        if (slab)
            list_push_back(&gone, &slab->list);
    }
    spin_unlock(&cache->lock);
    LIST_FOR_EACH_SAFE (&gone, node, after)
        page_free(LIST_ENTRY(node, struct page, list));
}

/* Interrupts are off on entry and on return, and may be on in between. */
static void *alloc_from_slabs(struct slab_cache *cache, bool irq_was_on) LOCK_INTERNALS
{
    struct page *slab;
    void *object;

    if (!magazines[cpu_id()])
        magazines_create();
    spin_lock(&cache->lock);
    object = take_many(cache, magazine_of(cache));
    spin_unlock(&cache->lock);
    if (object)
        return object;
    irq_restore(irq_was_on); /* So that memory can be reclaimed. */
    slab = slab_create(cache);
    (void)irq_save();
    if (!slab)
        return NULL;
    spin_lock(&cache->lock);
    list_push_front(&cache->partial, &slab->list);
    cache->spare++;
    object = take_many(cache, magazine_of(cache)); /* Before another CPU has all of them. */
    spin_unlock(&cache->lock);
    return object;
}

/* The magazine is empty. Apart from slab_alloc(), which then needs no stack frame. */
static __attribute__((noinline)) void *alloc_slow(struct slab_cache *cache, bool irq_was_on)
{
    void *object = alloc_from_slabs(cache, irq_was_on);

    irq_restore(irq_was_on);
    return object;
}

void *slab_alloc(struct slab_cache *cache)
{
    bool irq_was_on = irq_save();
    struct magazine *magazine = magazine_of(cache);
    void *object;

    if (!magazine || magazine->count == 0)
        return alloc_slow(cache, irq_was_on);
    object = magazine->objects[--magazine->count];
    irq_restore(irq_was_on);
    return object;
}

/* The magazine is full, or there was no memory for one when this CPU wanted it. */
static __attribute__((noinline)) void free_slow(struct slab_cache *cache, void *object,
                                                bool irq_was_on)
{
    struct magazine single = { .count = 1, .objects = { object } };
    struct magazine *magazine = magazine_of(cache);

    if (!magazine) {
        put_many(cache, &single, 0);
    } else {
        put_many(cache, magazine, cache->magazine_size / 2);
        magazine->objects[magazine->count++] = object;
    }
    irq_restore(irq_was_on);
}

void slab_free(struct slab_cache *cache, void *object)
{
    bool irq_was_on = irq_save();
    struct magazine *magazine = magazine_of(cache);

    if (!magazine || magazine->count >= cache->magazine_size) {
        free_slow(cache, object, irq_was_on);
        return;
    }
    magazine->objects[magazine->count++] = object;
    irq_restore(irq_was_on);
}

/* ---- Caches. ---- */

static u32 objects_in(u32 stride, u32 order)
{
    return (u32)(PAGE_SIZE << order) / stride;
}

/* The smallest slab that wastes little. */
static u32 order_for(u32 stride)
{
    u32 order = 0;

    while (order < SLAB_ORDER_MAX) {
        u32 size = (u32)PAGE_SIZE << order;

        if (size >= stride && size % stride <= size / SLAB_WASTE_MAX)
            break;
        order++;
    }
    return order;
}

static void cache_init(struct slab_cache *cache, const char *name, size_t size, size_t align)
{
    spinlock_init(&cache->lock, LOCK_RANK_HEAP);
    list_init(&cache->partial);
    cache->name = name;
    cache->size = (u32)size;
    cache->stride =
        (u32)align_up(u64_max(size, OBJECT_ALIGN_MIN), u64_max(align, OBJECT_ALIGN_MIN));
    cache->order = order_for(cache->stride);
    cache->objects = objects_in(cache->stride, cache->order);
    cache->magazine_size =
        (u32)u64_max(1, u64_min(MAGAZINE_SIZE, MAGAZINE_BYTES_MAX / cache->stride));
}

struct slab_cache *slab_cache_create(const char *name, size_t size, size_t align)
{
    struct slab_cache *cache = NULL;

    ASSERT(size > 0 && size <= CLASS_SIZE_MAX && align <= PAGE_SIZE);
    spin_lock(&caches_lock);
    if (cache_count < CACHES_MAX) {
        cache = &caches[cache_count];
        cache_init(cache, name, size, align);
        __atomic_store_n(&cache_count, cache_count + 1, __ATOMIC_RELEASE); /* heap_counts(). */
    }
    spin_unlock(&caches_lock);
    return cache;
}

/* Objects that lie in magazines. Others change them meanwhile: exact on a quiet machine only. */
static u64 in_magazines(u64 index)
{
    u64 count = 0;

    for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
        const struct magazine *all = __atomic_load_n(&magazines[cpu], __ATOMIC_RELAXED);

        if (all)
            count += __atomic_load_n(&all[index].count, __ATOMIC_RELAXED);
    }
    return count;
}

u64 slab_in_use(const struct slab_cache *cache)
{
    u64 out = __atomic_load_n(&cache->in_use, __ATOMIC_RELAXED);
    u64 idle = in_magazines((u64)(cache - caches));

    return out > idle ? out - idle : 0;
}

/* ---- The general heap: the first caches are its classes. ---- */

void heap_init(void)
{
    u32 class = 0;

    for (u32 i = 0; i < ARRAY_COUNT(class_sizes); i++) {
        cache_init(&caches[i], "heap", class_sizes[i],
                   class_sizes[i] >= CLASS_UNIT ? CLASS_UNIT : 0);
    }
    cache_count = ARRAY_COUNT(class_sizes);
    for (u32 unit = 0; unit < ARRAY_COUNT(class_of_unit); unit++) {
        while (class_sizes[class] < unit * CLASS_UNIT)
            class ++;
        class_of_unit[unit] = (u8) class;
    }
}

static struct slab_cache *class_for(size_t size)
{
    if (size <= CLASS_UNIT - OBJECT_ALIGN_MIN)
        return &caches[size == 0 ? 0 : (size - 1) / OBJECT_ALIGN_MIN];
    return &caches[class_of_unit[(size + CLASS_UNIT - 1) / CLASS_UNIT]];
}

static void *large_alloc(size_t size, u32 flags)
{
    struct page *page;

    if (size > HEAP_SIZE_MAX)
        return NULL;
    page = page_alloc(log2_ceil((size + PAGE_SIZE - 1) >> PAGE_SHIFT), flags);
    if (!page)
        return NULL;
    __atomic_fetch_add(&large_bytes, (u64)PAGE_SIZE << page->order, __ATOMIC_RELAXED);
    __atomic_fetch_add(&large_count, 1, __ATOMIC_RELAXED);
    return page_virt(page);
}

static void large_free(void *memory)
{
    struct page *page = page_from_virt(memory);

    ASSERT(page_virt(page) == memory);
    __atomic_fetch_sub(&large_bytes, (u64)PAGE_SIZE << page->order, __ATOMIC_RELAXED);
    __atomic_fetch_sub(&large_count, 1, __ATOMIC_RELAXED);
    page_free(page);
}

void *heap_alloc(size_t size)
{
    return size <= CLASS_SIZE_MAX ? slab_alloc(class_for(size)) : large_alloc(size, 0);
}

void *heap_alloc_zero(size_t size)
{
    void *memory;

    if (size > CLASS_SIZE_MAX)
        return large_alloc(size, PAGE_ALLOC_ZERO);
    memory = slab_alloc(class_for(size));
    if (memory)
        mem_zero(memory, size);
    return memory;
}

void heap_free(void *memory)
{
    struct page *slab;

    if (!memory)
        return;
    slab = slab_of(memory);
    if (slab) {
        slab_free(slab->slab.cache, memory);
    } else {
        large_free(memory);
    }
}

void *heap_alloc_array(size_t count, size_t size)
{
    u64 total;

    return u64_mul(count, size, &total) ? heap_alloc_zero(total) : NULL;
}

char *heap_copy_text(const char *text)
{
    size_t size = str_len(text) + 1;
    char *copy = heap_alloc(size);

    if (copy)
        mem_copy(copy, text, size);
    return copy;
}

void heap_counts(struct heap_counts *counts)
{
    u32 count = __atomic_load_n(&cache_count, __ATOMIC_ACQUIRE);

    counts->bytes = __atomic_load_n(&large_bytes, __ATOMIC_RELAXED);
    counts->objects = __atomic_load_n(&large_count, __ATOMIC_RELAXED);
    for (u32 i = 0; i < count; i++) {
        u64 in_use = slab_in_use(&caches[i]);

        counts->objects += in_use;
        counts->bytes += in_use * caches[i].stride;
    }
}
