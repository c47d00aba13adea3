/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages of files that are taken from the program when memory is low: which go, which stay, and that
 * the program notices nothing, whatever became of its areas meanwhile.
 */
#include "abi/linux/mman.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/upcall.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/page_cache.h"
#include "kernel/mm/page.h"
#include "kernel/vm/space.h"
#include "kernel/vm/vm.h"
#include "lib/base/types.h"
#include "test/unit/fake_files.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/fake_mmu.h"
#include "test/unit/unit.h"

#include <string.h>

enum {
    WINDOW_PAGES = 192,
    STEPS = 4000,
};

#define WINDOW 0x40000000ull

static u64 page_at(u64 index)
{
    return WINDOW + index * PAGE_SIZE;
}

static long map_file(u64 place, u64 pages, u32 protection, u32 flags, u64 page_off)
{
    struct vm_map_request request = {
        .address = page_at(place),
        .size = pages * PAGE_SIZE,
        .protection = protection,
        .flags = flags | MAP_FIXED,
        .file = &fake_file,
        .off = page_off * PAGE_SIZE,
    };

    return vm_map(&request);
}

/* What the program reads or writes at a page; NULL when it may not. */
static u8 *touch(u64 address, u32 access)
{
    u32 flags = fake_mmu_flags(address);

    if (!(flags & MMU_USER) || (access & FAULT_WRITE && !(flags & MMU_WRITE))) {
        if (vm_fault(address, access | FAULT_USER) != VM_FAULT_DONE)
            return NULL;
    }
    return fake_mmu_byte(address);
}

static int get(u64 index)
{
    const u8 *byte = touch(page_at(index), 0);

    return byte ? *byte : -1;
}

static void put(u64 index, u8 value)
{
    *touch(page_at(index), FAULT_WRITE) = value;
}

/* Asks for page `index` of the file. */
static bool take(u64 index, bool used, struct page_unmapped *unmapped)
{
    struct page *page = page_cache_find(&fake_inode.cache, index);
    bool taken = page && vm_unmap_cached(&fake_inode.cache, page, used, unmapped);

    CHECK(!taken || page->refs == 2); /* The cache's and ours. */
    if (page)
        page_put(page);
    return taken;
}

static void start(u32 file_flags)
{
    vm_init();
    fake_file_init((u64)FAKE_FILE_PAGES * PAGE_SIZE, file_flags, 0);
}

static void check_nothing_left(void)
{
    CHECK_EQ(vm_unmap(VM_ADDRESS_MIN, USER_END - VM_ADDRESS_MIN), 0);
    CHECK_EQ(space.resident_pages, 0);
    CHECK_EQ(fake_inode.cache.mapping_count, 0);
    CHECK_EQ(fake_file_fini(), 0);
    CHECK_EQ(fake_pages, 0);
    CHECK_EQ(fake_heap_objects, 0);
    CHECK_EQ(fake_mutexes_held, 0);
}

TEST(unmap_cached, takes_a_page_from_all_that_show_it_the_second_time_it_is_asked)
{
    struct page_unmapped unmapped = { .lo = UINT64_MAX };

    start(FILE_READABLE);
    CHECK(map_file(0, 4, PROT_READ, MAP_PRIVATE, 8) > 0);
    CHECK(map_file(20, 4, PROT_READ, MAP_SHARED, 9) > 0);
    CHECK_EQ(get(1), 9);
    CHECK_EQ(get(20), 9);
    CHECK_EQ(space.resident_pages, 2);

    CHECK(!take(9, false, &unmapped)); /* Both were used just now. */
    CHECK(!take(9, true, &unmapped));
    CHECK_EQ(space.resident_pages, 2);
    CHECK(take(9, false, &unmapped));
    CHECK_EQ(space.resident_pages, 0);
    CHECK_EQ(unmapped.lo, page_at(1));
    CHECK_EQ(unmapped.hi, page_at(21));
    CHECK_EQ(get(1), 9);
    CHECK_EQ(get(20), 9);
    check_nothing_left();
}

static u32 flushes_seen;

/* Another CPU may still know the old page: nobody can have written to the new one. */
static void nobody_writes_yet(u64 address)
{
    flushes_seen++;
    CHECK(!(fake_mmu_flags(address) & MMU_WRITE));
}

TEST(unmap_cached, a_copy_is_written_only_when_all_have_forgotten_the_page)
{
    struct page_unmapped unmapped = { .lo = UINT64_MAX };

    start(FILE_READABLE);
    CHECK(map_file(0, 4, PROT_READ | PROT_WRITE, MAP_PRIVATE, 8) > 0);
    CHECK_EQ(get(0), 8);
    CHECK_EQ(get(1), 9);
    flushes_seen = 0;
    fake_tlb_flush_hook = nobody_writes_yet;
    put(0, 100); /* An entry that is there. */
    CHECK_EQ(flushes_seen, 1);

    CHECK(!take(9, false, &unmapped));
    CHECK(take(9, false, &unmapped));
    fake_reclaiming = true; /* Its flush is still to come. */
    put(1, 101);
    CHECK_EQ(flushes_seen, 2);
    fake_reclaiming = false;
    put(2, 102); /* Nobody can know it. */
    CHECK_EQ(flushes_seen, 2);

    fake_tlb_flush_hook = NULL;
    CHECK_EQ(get(0), 100);
    CHECK_EQ(get(1), 101);
    CHECK_EQ(get(2), 102);
    check_nothing_left();
}

TEST(unmap_cached, leaves_what_is_locked_or_writable_or_a_copy)
{
    struct page_unmapped unmapped = { .lo = UINT64_MAX };

    start(FILE_READABLE | FILE_WRITABLE);
    CHECK(map_file(0, 1, PROT_READ, MAP_PRIVATE, 0) > 0);
    CHECK_EQ(vm_lock(page_at(0), PAGE_SIZE, true, true), 0);
    CHECK(map_file(1, 1, PROT_READ | PROT_WRITE, MAP_SHARED, 1) > 0);
    put(1, 101);
    CHECK(map_file(2, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE, 2) > 0);
    CHECK_EQ(get(2), 2);
    put(2, 102);
    for (u32 round = 0; round < 3; round++) {
        CHECK(!take(0, false, &unmapped));
        CHECK(!take(1, false, &unmapped));
    }
    CHECK(take(2, false, &unmapped)); /* Nobody shows the file's own page. */
    CHECK(unmapped.lo > unmapped.hi);
    CHECK_EQ(space.resident_pages, 3);
    CHECK_EQ(get(2), 102);
    check_nothing_left();
}

TEST(unmap_cached, gives_up_on_a_file_with_very_many_mappings)
{
    struct page_unmapped unmapped = { .lo = UINT64_MAX };

    start(FILE_READABLE);
    for (u32 i = 0; i < 1025; i++)
        CHECK(map_file(2ull * i, 1, PROT_READ, MAP_PRIVATE, 0) > 0);
    CHECK_EQ(get(0), 0);
    for (u32 round = 0; round < 3; round++)
        CHECK(!take(0, false, &unmapped));
    CHECK_EQ(vm_unmap(page_at(2), PAGE_SIZE), 0);
    CHECK(!take(0, false, &unmapped));
    CHECK(take(0, false, &unmapped));
    CHECK_EQ(space.resident_pages, 0);
    check_nothing_left();
}

/* ---- Against a model. ---- */

static u64 seed = 1;

static u32 pick(u32 bound)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (u32)(seed >> 33) % bound;
}

struct line {
    bool mapped;
    u32 protection;
    int value; /* Of the file's page, or what was written to the copy. */
};

static struct line model[WINDOW_PAGES];

static void model_map(u32 first, u32 count)
{
    static const u32 protections[] = { PROT_READ, PROT_READ | PROT_WRITE };
    u32 protection = protections[pick(2)];
    u32 page_off = pick(FAKE_FILE_PAGES - count);

    CHECK_EQ(map_file(first, count, protection, MAP_PRIVATE, page_off), (long)page_at(first));
    for (u32 i = 0; i < count; i++)
        model[first + i] = (struct line){ true, protection, (int)(page_off + i) };
}

static void model_protect(u32 first, u32 count)
{
    u32 protection = pick(3) == 0 ? PROT_READ : PROT_READ | PROT_WRITE;
    int err = vm_protect(page_at(first), (u64)count * PAGE_SIZE, protection);

    for (u32 i = first; i < first + count && model[i].mapped; i++)
        model[i].protection = protection;
    CHECK(err == 0 || err < 0);
}

static void model_move(u32 first, u32 count, u32 to)
{
    long result = vm_remap(page_at(first), (u64)count * PAGE_SIZE, (u64)count * PAGE_SIZE,
                           MREMAP_MAYMOVE | MREMAP_FIXED, page_at(to));
    struct line moved[WINDOW_PAGES];

    if (result < 0)
        return;
    memcpy(moved, &model[first], count * sizeof(moved[0]));
    memset(&model[first], 0, count * sizeof(moved[0]));
    memcpy(&model[to], moved, count * sizeof(moved[0]));
}

static void model_step(void)
{
    struct page_unmapped unmapped;
    u32 count = 1 + pick(16);
    u32 first = pick(WINDOW_PAGES - count);

    switch (pick(12)) {
    case 0:
    case 1:
        model_map(first, count);
        break;
    case 2:
        CHECK_EQ(vm_unmap(page_at(first), (u64)count * PAGE_SIZE), 0);
        memset(&model[first], 0, count * sizeof(model[0]));
        break;
    case 3:
        model_protect(first, count);
        break;
    case 4:
        model_move(first, count, pick(WINDOW_PAGES - count));
        break;
    case 5:
    case 6:
        if (model[first].mapped && model[first].protection & PROT_WRITE) {
            model[first].value = 64 + (int)pick(192);
            put(first, (u8)model[first].value);
        }
        break;
    default:
        for (u32 i = 0; i < FAKE_FILE_PAGES; i++)
            (void)!take(i, pick(4) == 0, &unmapped);
        break;
    }
}

static void model_run(u64 first_seed)
{
    seed = first_seed;
    start(FILE_READABLE);
    for (int step = 0; step < STEPS; step++) {
        model_step();
        for (u32 i = 0; i < 8; i++) {
            u32 index = pick(WINDOW_PAGES);

            CHECK_EQ(get(index), model[index].mapped ? model[index].value : -1);
        }
    }
    check_nothing_left();
    CHECK_EQ(fake_mmu_tables, 0);
}

TEST(unmap_cached, is_not_noticed_by_the_program)
{
    model_run(1);
}

TEST(unmap_cached, is_not_noticed_with_another_seed)
{
    model_run(20261122);
}
