/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for unit tests. Pages come from an arena with a struct page for each, free ones poisoned
 * for ASan and reused as late as possible; heap objects come from malloc(). The direct map is the
 * identity, so a physical address is a pointer.
 */
#include "kernel/arch/mmu.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/mm/page.h"
#include "lib/base/list.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"

#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    ARENA_PAGES = 65536, /* 256 MiB, touched as it is used. */
    RUBBISH = 0xa5,      /* What memory nobody cleared holds. */
};

#define ARENA_SIZE ((size_t)ARENA_PAGES * PAGE_SIZE)

struct slab_cache {
    const char *name;
    size_t size;
    size_t align;
    u64 in_use;
};

long fake_pages;
long fake_heap_objects;
long fake_alloc_fail_after = -1;

static u8 *arena;
static struct page pages[ARENA_PAGES];
static u32 cursor;

static _Noreturn void die(const char *why, const void *what)
{
    fprintf(stderr, "fake_memory: %s (%p)\n", why, what);
    abort();
}

static bool shall_fail(void)
{
    if (fake_alloc_fail_after < 0)
        return false;
    return fake_alloc_fail_after-- == 0;
}

static void arena_open(void)
{
    if (arena)
        return;
    arena = mmap(NULL, ARENA_SIZE + LARGE_PAGE_SIZE * 2ul, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (arena == MAP_FAILED)
        die("no arena", NULL);
    arena += (LARGE_PAGE_SIZE * 2ul) - ((uintptr_t)arena & (LARGE_PAGE_SIZE * 2 - 1));
    __asan_poison_memory_region(arena, ARENA_SIZE);
}

static bool run_is_free(u32 first, u32 count)
{
    for (u32 i = first; i < first + count; i++) {
        if (pages[i].kind != PAGE_FREE)
            return false;
    }
    return true;
}

static struct page *run_find(u32 count)
{
    cursor = (cursor + count - 1) / count * count;
    for (u32 tries = 0; tries < ARENA_PAGES / count; tries++) {
        if (cursor + count > ARENA_PAGES)
            cursor = 0;
        cursor += count;
        if (run_is_free(cursor - count, count))
            return &pages[cursor - count];
    }
    return NULL;
}

struct page *page_alloc(u32 order, u32 flags)
{
    u32 count = 1u << order;
    struct page *page;

    arena_open();
    if (order > PAGE_ORDER_MAX || shall_fail())
        return NULL;
    page = run_find(count);
    if (!page)
        return NULL;
    for (u32 i = 0; i < count; i++) {
        memset(&page[i], 0, sizeof(page[i]));
        page[i].kind = PAGE_PLAIN;
    }
    page->refs = 1;
    page->order = (u8)order;
    list_init(&page->link);
    list_init(&page->list);
    __asan_unpoison_memory_region(page_virt(page), (size_t)count * PAGE_SIZE);
    memset(page_virt(page), flags & PAGE_ALLOC_ZERO ? 0 : RUBBISH, (size_t)count * PAGE_SIZE);
    fake_pages += count;
    return page;
}

static void run_free(struct page *page)
{
    u32 count = 1u << page->order;

    if (page->kind == PAGE_FREE)
        die("page freed twice", page);
    for (u32 i = 0; i < count; i++)
        page[i].kind = PAGE_FREE;
    __asan_poison_memory_region(page_virt(page), (size_t)count * PAGE_SIZE);
    fake_pages -= count;
}

void page_free(struct page *page)
{
    if (page->refs != 1)
        die("page_free() with other references", page);
    page->refs = 0;
    run_free(page);
}

void page_put(struct page *page)
{
    if (page->refs == 0)
        die("page given back more often than taken", page);
    if (--page->refs == 0)
        run_free(page);
}

void *page_virt(const struct page *page)
{
    return arena + (size_t)(page - pages) * PAGE_SIZE;
}

paddr_t page_address(const struct page *page)
{
    return (paddr_t)(uintptr_t)page_virt(page);
}

struct page *page_from_virt(const void *address)
{
    size_t off = (size_t)((const u8 *)address - arena);

    if (!arena || off >= ARENA_SIZE)
        die("not the address of a page", address);
    return &pages[off / PAGE_SIZE];
}

struct page *page_from_address(paddr_t address)
{
    return page_from_virt((const void *)(uintptr_t)address);
}

void page_register_reclaimer(page_reclaim_fn *fn)
{
    (void)fn;
}

void page_counts(struct page_counts *counts)
{
    counts->total = ARENA_PAGES;
    counts->free = (u64)(ARENA_PAGES - fake_pages);
}

void *phys_to_virt(paddr_t address)
{
    return (void *)(uintptr_t)address;
}

paddr_t virt_to_phys(const void *address)
{
    return (paddr_t)(uintptr_t)address;
}

static void *object_alloc(size_t size, size_t align)
{
    void *object = NULL;

    if (size > HEAP_SIZE_MAX || shall_fail() || posix_memalign(&object, align, size ? size : 1))
        return NULL;
    memset(object, RUBBISH, size);
    fake_heap_objects++;
    return object;
}

void *heap_alloc(size_t size)
{
    return object_alloc(size, size >= 64 ? 64 : 16);
}

void *heap_alloc_zero(size_t size)
{
    void *object = heap_alloc(size);

    if (object)
        memset(object, 0, size);
    return object;
}

void *heap_alloc_array(size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    return heap_alloc_zero(total);
}

char *heap_copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = heap_alloc(size);

    if (copy)
        memcpy(copy, text, size);
    return copy;
}

void heap_free(void *memory)
{
    if (!memory)
        return;
    fake_heap_objects--;
    free(memory);
}

void heap_counts(struct heap_counts *counts)
{
    counts->objects = (u64)fake_heap_objects;
    counts->bytes = 0;
}

struct slab_cache *slab_cache_create(const char *name, size_t size, size_t align)
{
    struct slab_cache *cache = calloc(1, sizeof(*cache)); /* Never destroyed: not counted. */

    if (!cache || shall_fail()) {
        free(cache);
        return NULL;
    }
    *cache = (struct slab_cache){ .name = name, .size = size, .align = align < 16 ? 16 : align };
    return cache;
}

void *slab_alloc(struct slab_cache *cache)
{
    void *object = object_alloc(cache->size, cache->align);

    if (object)
        cache->in_use++;
    return object;
}

void slab_free(struct slab_cache *cache, void *object)
{
    if (cache->in_use-- == 0)
        die("slab object freed more often than allocated", object);
    heap_free(object);
}

u64 slab_in_use(const struct slab_cache *cache)
{
    return cache->in_use;
}

u8 *stack_alloc(size_t size)
{
    return object_alloc(size, PAGE_SIZE);
}

void stack_free(u8 *stack, size_t size)
{
    (void)size;
    heap_free(stack);
}
