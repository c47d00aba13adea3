/* SPDX-License-Identifier: Apache-2.0 */
/* The heap over the real page allocator: contents survive, nothing overlaps, nothing leaks. */
#include "kernel/mm/heap.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/thread.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/mm/page.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/fake_ram.h"
#include "test/unit/unit.h"

#include <string.h>

enum {
    MIB = 1 << 20,
    OBJECTS = 3000,
};

static struct {
    u8 *memory;
    size_t size;
    u8 fill;
} objects[OBJECTS];

static void check_fill(const u8 *memory, size_t size, u8 fill)
{
    for (size_t i = 0; i < size; i++)
        CHECK_EQ(memory[i], fill);
}

static void drop(int i)
{
    check_fill(objects[i].memory, objects[i].size, objects[i].fill);
    heap_free(objects[i].memory);
    objects[i].memory = NULL;
}

static size_t random_size(void)
{
    switch (rand() % 8) {
    case 0:
        return (size_t)(rand() % 20000);
    case 1:
        return (size_t)(rand() % 9000);
    default:
        return (size_t)(rand() % 600);
    }
}

TEST(heap, random_sizes_on_many_cpus_keep_their_bytes)
{
    struct heap_counts counts;
    struct page_counts pages;
    u64 pages_before;

    srand(3);
    fake_ram_add(1ul * MIB, 127ul * MIB);
    fake_cpu_count = 4;
    fake_ram_start();
    heap_free(heap_alloc(100));
    page_counts(&pages);
    pages_before = pages.free;
    for (int step = 0; step < 60000; step++) {
        int i = rand() % OBJECTS;

        fake_cpu = (u32)(rand() % 4);
        if (objects[i].memory) {
            drop(i);
            continue;
        }
        objects[i].size = random_size();
        objects[i].fill = (u8)rand();
        objects[i].memory = heap_alloc(objects[i].size);
        CHECK(objects[i].memory);
        CHECK_EQ((uintptr_t)objects[i].memory % (objects[i].size >= 64 ? 64 : 16), 0);
        memset(objects[i].memory, objects[i].fill, objects[i].size);
    }
    for (int i = 0; i < OBJECTS; i++) {
        if (objects[i].memory)
            drop(i);
    }
    heap_counts(&counts);
    CHECK_EQ(counts.objects, 0);
    CHECK_EQ(counts.bytes, 0);
    page_counts(&pages);
    CHECK(pages.free + 500 > pages_before); /* Slabs in magazines and spares. */
    CHECK_EQ(fake_locks_held, 0);
    CHECK(fake_irq_on);
}

TEST(heap, zeroed_copied_and_refused)
{
    u8 *memory;
    char *text;

    fake_ram_add(1ul * MIB, 31ul * MIB);
    fake_ram_start();
    memory = heap_alloc(5000);
    memset(memory, 1, 5000);
    heap_free(memory);
    memory = heap_alloc_zero(5000);
    check_fill(memory, 5000, 0);
    CHECK(!heap_alloc((size_t)HEAP_SIZE_MAX + 1));
    CHECK(!heap_alloc_array(SIZE_MAX / 2, 3));
    CHECK(heap_alloc(HEAP_SIZE_MAX));
    text = heap_copy_text("soliton");
    CHECK(strcmp(text, "soliton") == 0);
    heap_free(NULL);
    CHECK(heap_alloc(0));
}

TEST(heap, runs_out_and_recovers)
{
    static void *taken[100000];
    int count = 0;

    fake_ram_add(1ul * MIB, 10ul * MIB);
    fake_ram_start();
    while (count < 100000) {
        taken[count] = heap_alloc(512);
        if (!taken[count])
            break;
        count++;
    }
    CHECK(count > 15000);
    for (int i = 0; i < count; i++)
        heap_free(taken[i]);
    for (int i = 0; i < count - 100; i++)
        CHECK(heap_alloc(512));
}

TEST(heap, caches_count_what_is_in_use)
{
    struct slab_cache *cache;
    void *taken[100];

    fake_ram_add(1ul * MIB, 31ul * MIB);
    fake_ram_start();
    cache = slab_cache_create("things", 200, 256);
    for (int i = 0; i < 100; i++) {
        taken[i] = slab_alloc(cache);
        CHECK_EQ((uintptr_t)taken[i] % 256, 0);
    }
    CHECK_EQ(slab_in_use(cache), 100);
    heap_free(taken[0]);
    for (int i = 1; i < 100; i++)
        slab_free(cache, taken[i]);
    CHECK_EQ(slab_in_use(cache), 0);
}

static struct slab_cache *shared;
static u32 thefts;

/* Another CPU comes in wherever it can and takes a slab's worth, which leaves none on the list. */
static void other_cpu_takes_a_slab(void)
{
    static bool inside;
    bool irq_was_on = fake_irq_on;
    u32 cpu = fake_cpu;

    if (inside || fake_locks_held > 0 || thefts == 64)
        return;
    inside = true;
    thefts++;
    fake_cpu = 1;
    for (int i = 0; i < 4; i++)
        CHECK(slab_alloc(shared));
    fake_cpu = cpu;
    fake_irq_on = irq_was_on;
    inside = false;
}

TEST(heap, a_new_slab_is_not_taken_from_under_who_made_it)
{
    fake_ram_add(1ul * MIB, 31ul * MIB);
    fake_ram_start();
    shared = slab_cache_create("large things", 8192, 16); /* Four in a slab. */
    thefts = 0;
    fake_interleave = other_cpu_takes_a_slab;
    for (int i = 0; i < 8; i++)
        CHECK(slab_alloc(shared));
    fake_interleave = NULL;
    CHECK(thefts > 8);
}

TEST(kernel_map, stacks_are_reused_and_have_a_hole_below)
{
    u8 *stacks[100];
    paddr_t physical;
    u32 flags;

    fake_ram_add(1ul * MIB, 31ul * MIB);
    fake_ram_start();
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 100; i++) {
            stacks[i] = stack_alloc(THREAD_STACK_SIZE);
            memset(stacks[i], i, THREAD_STACK_SIZE);
            CHECK(!mmu_translate((u64)stacks[i] - 1, &physical, &flags));
        }
        for (int i = 0; i < 100; i++)
            check_fill(stacks[i], THREAD_STACK_SIZE, (u8)i);
        for (int i = 0; i < 100; i++)
            stack_free(stacks[i], THREAD_STACK_SIZE);
    }
    CHECK(fake_ram_unmaps > 0 && fake_ram_unmaps <= 3); /* Each interrupts every CPU. */
}

TEST(kernel_map, a_stack_that_cannot_be_mapped_gives_its_page_back)
{
    struct page_counts before;
    struct page_counts after;

    fake_ram_add(1ul * MIB, 31ul * MIB);
    fake_ram_start();
    heap_free(heap_alloc(16));
    fake_ram_map_fails = true;
    CHECK(!stack_alloc(THREAD_STACK_SIZE));
    page_counts(&before);
    CHECK(!stack_alloc(THREAD_STACK_SIZE));
    page_counts(&after);
    CHECK(after.free + 1 >= before.free); /* The fake keeps a table. */
}
