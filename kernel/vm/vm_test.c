/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The address space against the simplest thing that could be right: an array with a line a page.
 * Each access goes the way of the CPU: the entry if it allows it, else a fault.
 */
#include "abi/linux/errors.h"
#include "abi/linux/mman.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/upcall.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/page_cache.h"
#include "kernel/vm/area.h"
#include "kernel/vm/space.h"
#include "kernel/vm/vm.h"
#include "lib/base/types.h"
#include "test/unit/fake_files.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/fake_mmu.h"
#include "test/unit/unit.h"

#include <string.h>

enum {
    WINDOW_PAGES = 1536, /* Three large pages. */
};

#define WINDOW 0x40000000ull

static u64 page_at(u64 index)
{
    return WINDOW + index * PAGE_SIZE;
}

static long map_at(u64 address, u64 size, u32 protection, u32 flags)
{
    struct vm_map_request request = {
        .address = address,
        .size = size,
        .protection = protection,
        .flags = flags,
    };

    return vm_map(&request);
}

/* What the CPU does for the program. */
static enum vm_fault touch(u64 address, u32 access, u8 **byte)
{
    u32 flags = fake_mmu_flags(address);
    enum vm_fault result = VM_FAULT_DONE;

    if (!(flags & MMU_USER) || (access & FAULT_WRITE && !(flags & MMU_WRITE)))
        result = vm_fault(address, access | FAULT_USER);
    if (result != VM_FAULT_DONE)
        return result;
    flags = fake_mmu_flags(address);
    CHECK(flags & MMU_USER);
    CHECK(!(access & FAULT_WRITE) || flags & MMU_WRITE);
    *byte = fake_mmu_byte(address);
    return VM_FAULT_DONE;
}

static enum vm_fault put(u64 address, u8 value)
{
    u8 *byte;
    enum vm_fault result = touch(address, FAULT_WRITE, &byte);

    if (result == VM_FAULT_DONE)
        *byte = value;
    return result;
}

static int get(u64 address)
{
    u8 *byte;

    return touch(address, 0, &byte) == VM_FAULT_DONE ? *byte : -1;
}

static void check_nothing_left(void)
{
    CHECK_EQ(vm_unmap(VM_ADDRESS_MIN, USER_END - VM_ADDRESS_MIN), 0);
    CHECK_EQ(space.resident_pages, 0);
    CHECK_EQ(fake_file_fini(), 0);
    CHECK_EQ(fake_pages, 0);
    CHECK_EQ(fake_heap_objects, 0);
    CHECK_EQ(fake_mutexes_held, 0);
}

static u64 seed = 1;

static u32 pick(u32 bound)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (u32)(seed >> 33) % bound;
}

struct line {
    bool mapped;
    u32 protection;
    u8 value;
};

static struct line model[WINDOW_PAGES];

static void model_check(u32 index)
{
    const struct line *line = &model[index];
    int expected = line->mapped && line->protection != 0 ? line->value : -1;

    CHECK_EQ(get(page_at(index)), expected);
}

static void model_write(u32 index)
{
    struct line *line = &model[index];
    u8 value = (u8)(1 + pick(255));
    enum vm_fault result = put(page_at(index), value);

    if (!line->mapped) {
        CHECK_EQ(result, VM_FAULT_NO_AREA);
    } else if (!(line->protection & PROT_WRITE)) {
        CHECK_EQ(result, VM_FAULT_DENIED);
    } else {
        CHECK_EQ(result, VM_FAULT_DONE);
    }
    if (result == VM_FAULT_DONE)
        line->value = value;
}

static bool model_covers(u32 first, u32 count)
{
    for (u32 i = first; i < first + count; i++) {
        if (!model[i].mapped)
            return false;
    }
    return true;
}

static void model_map(u32 first, u32 count, u32 protection)
{
    CHECK_EQ(map_at(page_at(first), (u64)count * PAGE_SIZE, protection,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED),
             (long)page_at(first));
    for (u32 i = first; i < first + count; i++)
        model[i] = (struct line){ .mapped = true, .protection = protection };
}

static void model_unmap(u32 first, u32 count)
{
    CHECK_EQ(vm_unmap(page_at(first), (u64)count * PAGE_SIZE), 0);
    memset(&model[first], 0, count * sizeof(model[0]));
}

static void model_protect(u32 first, u32 count, u32 protection)
{
    int expected = model_covers(first, count) ? 0 : -ENOMEM;

    CHECK_EQ(vm_protect(page_at(first), (u64)count * PAGE_SIZE, protection), expected);
    for (u32 i = first; i < first + count && model[i].mapped; i++)
        model[i].protection = protection;
}

static void model_advise(u32 first, u32 count, int advice)
{
    int expected = model_covers(first, count) ? 0 : -ENOMEM;

    CHECK_EQ(vm_advise(page_at(first), (u64)count * PAGE_SIZE, advice), expected);
    for (u32 i = first; advice == MADV_DONTNEED && i < first + count; i++)
        model[i].value = 0;
}

/* Moves whole areas only: the model does not know where areas end, so it asks. */
static void model_move(u32 from, u32 count, u32 to)
{
    struct line moved[WINDOW_PAGES];
    long result = vm_remap(page_at(from), (u64)count * PAGE_SIZE, (u64)count * PAGE_SIZE,
                           MREMAP_MAYMOVE | MREMAP_FIXED, page_at(to));
    bool overlaps = from < to + count && to < from + count;

    if (overlaps) {
        CHECK_EQ(result, -EINVAL);
        return;
    }
    if (result == -EFAULT)
        return;
    CHECK_EQ(result, (long)page_at(to));
    CHECK(model_covers(from, count));
    memcpy(moved, &model[from], count * sizeof(moved[0]));
    memset(&model[from], 0, count * sizeof(moved[0]));
    memcpy(&model[to], moved, count * sizeof(moved[0]));
}

static void model_step(void)
{
    static const u32 protections[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE,
                                       PROT_READ | PROT_WRITE };
    u32 first = pick(WINDOW_PAGES);
    u32 count = 1 + pick(pick(4) == 0 ? WINDOW_PAGES : 24);
    u32 to = pick(WINDOW_PAGES);

    if (pick(4) == 0)
        first &= ~511u;
    if (count > WINDOW_PAGES - first)
        count = WINDOW_PAGES - first;
    if (to > WINDOW_PAGES - count)
        to = pick(2) ? WINDOW_PAGES - count : (WINDOW_PAGES - count) & ~511u;

    switch (pick(8)) {
    case 0:
    case 1:
        model_map(first, count, protections[pick(4)]);
        break;
    case 2:
        model_unmap(first, count);
        break;
    case 3:
        model_protect(first, count, protections[pick(4)]);
        break;
    case 4:
        model_advise(first, count, MADV_DONTNEED);
        break;
    case 5:
        model_advise(first, count, pick(2) ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
        break;
    default:
        model_move(first, count, to);
        break;
    }
}

static void check_invariants(void)
{
    u64 bytes = 0;
    u32 count = 0;

    for (struct area *area = area_first(&space.areas); area; area = area_next(area)) {
        struct area *next = area_next(area);

        CHECK(area->start < area->end);
        CHECK(!next || area->end <= next->start);
        bytes += area->end - area->start;
        count++;
    }
    CHECK_EQ(space.areas.bytes, bytes);
    CHECK_EQ(space.areas.count, count);
}

static void model_run(u64 first_seed, int steps)
{
    seed = first_seed;
    vm_init();
    for (int i = 0; i < steps; i++) {
        model_step();
        for (int j = 0; j < 24; j++)
            model_write(pick(WINDOW_PAGES));
        for (int j = 0; j < 24; j++)
            model_check(pick(WINDOW_PAGES));
        check_invariants();
    }
    for (u32 i = 0; i < WINDOW_PAGES; i++)
        model_check(i);
    check_nothing_left();
    CHECK_EQ(fake_mmu_tables, 0);
}

TEST(vm, agrees_with_the_model)
{
    model_run(1, 1200);
}

TEST(vm, agrees_with_the_model_from_another_seed)
{
    model_run(20261122, 1200);
}

/* Any allocation may fail: the call says ENOMEM, and nothing changed. */
TEST(vm, changes_nothing_when_memory_runs_out)
{
    for (long nth = 0; nth < 12; nth++) {
        vm_init();
        CHECK_EQ(map_at(WINDOW, 4ull << 20, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED),
                 (long)WINDOW);
        CHECK_EQ(vm_advise(WINDOW, 4ull << 20, MADV_HUGEPAGE), 0);
        CHECK_EQ(put(WINDOW + 5ul * PAGE_SIZE, 5), VM_FAULT_DONE);
        CHECK_EQ(put(WINDOW + 600ul * PAGE_SIZE, 6), VM_FAULT_DONE);
        CHECK(fake_mmu_flags(WINDOW) & MMU_LARGE);

        fake_alloc_fail_after = nth;
        if (vm_unmap(WINDOW + 3ul * PAGE_SIZE, PAGE_SIZE) == -ENOMEM) {
            fake_alloc_fail_after = -1;
            CHECK_EQ(get(WINDOW + 3ul * PAGE_SIZE), 0);
        }
        fake_alloc_fail_after = nth;
        (void)!vm_remap(WINDOW + 4ul * PAGE_SIZE, 1ull << 20, 1ull << 20,
                        MREMAP_MAYMOVE | MREMAP_FIXED, WINDOW + (16ull << 20));
        fake_alloc_fail_after = -1;
        check_invariants();
        CHECK_EQ(get(WINDOW + 600ul * PAGE_SIZE), 6);
        check_nothing_left();
    }
}

TEST(vm, finds_room_from_the_top_and_reuses_it)
{
    long first;
    long second;

    vm_init();
    first = map_at(0, PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS);
    second = map_at(0, 3ul * PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS);
    CHECK_EQ((u64)first, space.map_top - PAGE_SIZE);
    CHECK_EQ(second, first - 3ul * PAGE_SIZE);
    CHECK_EQ(space.areas.count, 1); /* Neighbours that are alike are one. */

    CHECK_EQ(vm_unmap((u64)second + PAGE_SIZE, PAGE_SIZE), 0);
    CHECK_EQ(map_at(0, 2ul * PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS),
             second - 2ul * PAGE_SIZE);
    CHECK_EQ(map_at(0, PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS), second + PAGE_SIZE);
    check_nothing_left();
}

/* With tens of thousands of areas a search from the top each time would take minutes. */
TEST(vm, goes_on_searching_where_it_found_room)
{
    long address = 0;

    vm_init();
    for (u32 i = 0; i < 10; i++) {
        address = map_at(0, PAGE_SIZE, i % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS);
        CHECK_EQ(space.areas.search_top, address + PAGE_SIZE);
    }
    CHECK_EQ(map_at(0, PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS), address - PAGE_SIZE);
    CHECK_EQ(space.areas.search_top, address);
    CHECK_EQ(space.areas.count, 10);
    check_nothing_left();
}

TEST(vm, refuses_what_linux_refuses)
{
    static const struct {
        u64 address;
        u64 size;
        u32 flags;
        long result;
    } rows[] = {
        { 0, 0, MAP_PRIVATE | MAP_ANONYMOUS, -EINVAL },
        { 0, 4096, MAP_ANONYMOUS, -EINVAL },
        { 0, UINT64_MAX, MAP_PRIVATE | MAP_ANONYMOUS, -ENOMEM },
        { 0, UINT64_MAX - 4096, MAP_PRIVATE | MAP_ANONYMOUS, -ENOMEM },
        { 0, USER_END, MAP_PRIVATE | MAP_ANONYMOUS, -ENOMEM },
        { 0x40000001, 4096, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -EINVAL },
        { 0, 4096, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -EPERM },
        { USER_END, 4096, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -ENOMEM },
        { UINT64_MAX & ~4095ull, 4096, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -ENOMEM },
        { 0, 4096, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -ENOMEM },
        { 0, 4096, MAP_SHARED_VALIDATE | MAP_ANONYMOUS | 0x80000000u, -EOPNOTSUPP },
    };

    vm_init();
    for (u32 i = 0; i < ARRAY_COUNT(rows); i++)
        CHECK_EQ(map_at(rows[i].address, rows[i].size, PROT_READ, rows[i].flags), rows[i].result);
    CHECK_EQ(vm_unmap(1, 4096), -EINVAL);
    CHECK_EQ(vm_unmap(4096, 0), -EINVAL);
    CHECK_EQ(vm_unmap(4096, UINT64_MAX), -EINVAL);
    CHECK_EQ(vm_protect(WINDOW, 4096, PROT_READ), -ENOMEM);
    CHECK_EQ(vm_remap(WINDOW, 4096, 8192, MREMAP_MAYMOVE, 0), -EFAULT);
    CHECK_EQ(vm_remap(WINDOW, 4096, 0, MREMAP_MAYMOVE, 0), -EINVAL);
    CHECK_EQ(vm_advise(WINDOW, 4096, 1000), -EINVAL);
    check_nothing_left();
}

static long map_file(u64 address, u64 pages, u32 protection, u32 flags, u64 page_off)
{
    struct vm_map_request request = {
        .address = address,
        .size = pages * PAGE_SIZE,
        .protection = protection,
        .flags = flags,
        .file = &fake_file,
        .off = page_off * PAGE_SIZE,
    };

    return vm_map(&request);
}

TEST(vm, copies_a_private_file_page_on_the_first_write)
{
    vm_init();
    fake_file_init(10 * PAGE_SIZE + 1, FILE_READABLE, 0);
    CHECK_EQ(map_file(WINDOW, 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, 2),
             (long)WINDOW);

    CHECK_EQ(get(WINDOW), 2);
    CHECK(fake_mmu_flags(WINDOW) & MMU_COW);
    CHECK_EQ(put(WINDOW, 99), VM_FAULT_DONE);
    CHECK_EQ(fake_tlb_flushes, 1); /* Others may still know the old page. */
    CHECK_EQ(get(WINDOW), 99);
    CHECK_EQ(put(WINDOW + PAGE_SIZE, 98), VM_FAULT_DONE);
    CHECK_EQ(get(WINDOW + PAGE_SIZE), 98);

    /* The file itself is as it was, and ends where it ends. */
    CHECK_EQ(map_file(WINDOW + (1 << 20), 1, PROT_READ, MAP_PRIVATE | MAP_FIXED, 2),
             (long)WINDOW + (1 << 20));
    CHECK_EQ(get(WINDOW + (1 << 20)), 2);
    CHECK_EQ(get(WINDOW + 8ul * PAGE_SIZE), 10);
    CHECK_EQ(vm_fault(WINDOW + 9ul * PAGE_SIZE, FAULT_USER), VM_FAULT_NO_DATA);
    fake_file_broken = true;
    CHECK_EQ(vm_fault(WINDOW + 4ul * PAGE_SIZE, FAULT_USER), VM_FAULT_NO_DATA);
    check_nothing_left();
    CHECK_EQ(fake_file.refs, 1);
}

TEST(vm, keeps_copies_writable_through_protection_changes)
{
    vm_init();
    fake_file_init(10ul * PAGE_SIZE, FILE_READABLE, 0);
    CHECK_EQ(map_file(WINDOW, 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, 0), (long)WINDOW);
    CHECK_EQ(put(WINDOW, 7), VM_FAULT_DONE);
    CHECK_EQ(get(WINDOW + PAGE_SIZE), 1);
    CHECK_EQ(vm_protect(WINDOW, 2ul * PAGE_SIZE, PROT_READ), 0);
    CHECK_EQ(put(WINDOW, 8), VM_FAULT_DENIED);
    CHECK_EQ(vm_protect(WINDOW, 2ul * PAGE_SIZE, PROT_READ | PROT_WRITE), 0);
    CHECK(fake_mmu_flags(WINDOW) & MMU_WRITE);
    CHECK(!(fake_mmu_flags(WINDOW + PAGE_SIZE) & MMU_WRITE)); /* It is the file's page. */
    CHECK_EQ(put(WINDOW + PAGE_SIZE, 9), VM_FAULT_DONE);
    CHECK_EQ(get(WINDOW), 7);
    check_nothing_left();
}

TEST(vm, tells_the_cache_of_the_first_write_to_a_shared_page)
{
    vm_init();
    fake_file_init(10ul * PAGE_SIZE, FILE_READABLE | FILE_WRITABLE, 0);
    CHECK_EQ(map_file(WINDOW, 4, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, 0), (long)WINDOW);
    CHECK_EQ(fake_inode.cache.map_count, 1);
    CHECK_EQ(get(WINDOW), 0);
    CHECK_EQ(fake_marks_dirty, 0);
    CHECK_EQ(put(WINDOW, 42), VM_FAULT_DONE);
    CHECK_EQ(fake_marks_dirty, 1);

    CHECK_EQ(map_file(WINDOW + (1 << 20), 1, PROT_READ, MAP_SHARED | MAP_FIXED, 0),
             (long)WINDOW + (1 << 20));
    CHECK_EQ(get(WINDOW + (1 << 20)), 42);
    check_nothing_left();
    CHECK_EQ(fake_inode.cache.map_count, 0);
}

TEST(vm, refuses_a_shared_mapping_that_could_write_a_read_only_file)
{
    vm_init();
    fake_file_init(PAGE_SIZE, FILE_READABLE, 0);
    CHECK_EQ(map_file(0, 1, PROT_READ | PROT_WRITE, MAP_SHARED, 0), -EACCES);
    CHECK_EQ(map_file(WINDOW, 1, PROT_READ, MAP_SHARED | MAP_FIXED, 0), (long)WINDOW);
    CHECK_EQ(vm_protect(WINDOW, PAGE_SIZE, PROT_READ | PROT_WRITE), -EACCES);
    fake_file.flags = FILE_WRITABLE;
    CHECK_EQ(map_file(0, 1, PROT_READ, MAP_PRIVATE, 0), -EACCES);
    check_nothing_left();
}

TEST(vm, maps_neighbours_that_are_cached_in_one_fault)
{
    vm_init();
    fake_file_init(32ul * PAGE_SIZE, FILE_READABLE, 0);
    CHECK_EQ(map_file(WINDOW, 32, PROT_READ, MAP_PRIVATE | MAP_FIXED, 0), (long)WINDOW);
    for (u32 i = 0; i < 16; i++)
        CHECK_EQ(get(page_at(i)), (int)i);
    CHECK_EQ(fake_file_reads, 16);
    CHECK_EQ(vm_advise(WINDOW, 32ul * PAGE_SIZE, MADV_DONTNEED), 0);
    CHECK_EQ(space.resident_pages, 0);
    CHECK_EQ(get(page_at(3)), 3);
    CHECK_EQ(space.resident_pages, 16);
    check_nothing_left();
}

TEST(vm, lets_go_of_pages_beyond_the_end_of_a_file_that_shrank)
{
    vm_init();
    fake_file_init(8ul * PAGE_SIZE, FILE_READABLE, 0);
    CHECK_EQ(map_file(WINDOW, 8, PROT_READ, MAP_PRIVATE | MAP_FIXED, 0), (long)WINDOW);
    for (u32 i = 0; i < 8; i++)
        CHECK_EQ(get(page_at(i)), (int)i);
    fake_inode.size = 2 * PAGE_SIZE + 10;
    vm_file_unmap(&fake_inode, 3ul * PAGE_SIZE, UINT64_MAX, true);
    CHECK_EQ(space.resident_pages, 3);
    CHECK_EQ(get(page_at(2)), 2);
    CHECK_EQ(vm_fault(page_at(3), FAULT_USER), VM_FAULT_NO_DATA);
    check_nothing_left();
}

TEST(vm, lets_go_of_the_pages_of_a_hole_and_keeps_copies)
{
    vm_init();
    fake_file_init(8ul * PAGE_SIZE, FILE_READABLE, 0);
    CHECK_EQ(map_file(WINDOW, 4, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, 2), (long)WINDOW);
    for (u32 i = 0; i < 4; i++)
        CHECK_EQ(get(page_at(i)), (int)i + 2);
    CHECK_EQ(put(page_at(1), 99), VM_FAULT_DONE);
    vm_file_unmap(&fake_inode, PAGE_SIZE, 5ul * PAGE_SIZE, false);
    CHECK_EQ(space.resident_pages, 2);
    CHECK_EQ(get(page_at(1)), 99);
    vm_file_unmap(&fake_inode, 0, 2ul * PAGE_SIZE, true);
    vm_file_unmap(&fake_inode, 6ul * PAGE_SIZE, 8ul * PAGE_SIZE, true);
    CHECK_EQ(space.resident_pages, 2);
    check_nothing_left();
}

TEST(vm, drops_mapped_file_pages_before_it_gives_up)
{
    vm_init();
    fake_file_init(8ul * PAGE_SIZE, FILE_READABLE, 0);
    CHECK_EQ(map_file(WINDOW, 8, PROT_READ, MAP_PRIVATE | MAP_FIXED, 0), (long)WINDOW);
    CHECK_EQ(get(WINDOW), 0);
    CHECK_EQ(map_at(WINDOW + (1 << 20), PAGE_SIZE, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED),
             (long)WINDOW + (1 << 20));
    fake_alloc_fail_after = 0;
    CHECK_EQ(put(WINDOW + (1 << 20), 1), VM_FAULT_DONE);
    CHECK_EQ(space.resident_pages, 1);
    check_nothing_left();
}

TEST(vm, grows_the_stack_to_its_limit_and_not_into_a_neighbour)
{
    u64 limit = 1ull << 20;
    u64 top;

    vm_init();
    top = (u64)vm_map_stack(limit, false);
    CHECK_EQ(put(top - 1, 1), VM_FAULT_DONE);
    CHECK_EQ(put(top - limit, 2), VM_FAULT_DONE);
    CHECK_EQ(put(top - limit - 1, 3), VM_FAULT_NO_AREA);
    check_nothing_left();

    top = (u64)vm_map_stack(limit, false);
    CHECK_EQ(map_at(top - limit - AREA_GUARD_GAP + PAGE_SIZE, PAGE_SIZE, PROT_READ,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED),
             (long)(top - limit - AREA_GUARD_GAP + PAGE_SIZE));
    CHECK_EQ(put(top - limit, 2), VM_FAULT_NO_AREA);
    CHECK_EQ(put(top - limit + 2ul * PAGE_SIZE, 2), VM_FAULT_DONE);
    check_nothing_left();
}

TEST(vm, moves_the_break_both_ways)
{
    u64 start;

    vm_init();
    vm_start_break(0x555555560000);
    start = vm_set_break(0);
    CHECK(start > 0x555555560000);
    CHECK_EQ(vm_set_break(start + 10000), start + 10000);
    CHECK_EQ(put(start + 9999, 3), VM_FAULT_DONE);
    CHECK_EQ(vm_set_break(start + 100), start + 100);
    CHECK_EQ(vm_fault(start + 9999, FAULT_USER), VM_FAULT_NO_AREA);
    CHECK_EQ(vm_set_break(start + 10000), start + 10000);
    CHECK_EQ(get(start + 9999), 0);
    CHECK_EQ(vm_set_break(USER_END), start + 10000);
    vm_set_limits(UINT64_MAX, 1 << 20, 8 << 20);
    CHECK_EQ(vm_set_break(start + (2 << 20)), start + 10000);
    vm_set_limits(UINT64_MAX, UINT64_MAX, 8 << 20);
    CHECK_EQ(vm_set_break(start), start);
    check_nothing_left();
}

TEST(vm, gives_a_growing_area_large_pages_while_memory_is_plentiful)
{
    vm_init();
    CHECK_EQ(
        map_at(WINDOW, 8ull << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED),
        (long)WINDOW);
    CHECK_EQ(vm_advise(WINDOW, 8ull << 20, MADV_HUGEPAGE), 0);
    CHECK_EQ(put(WINDOW + 5, 1), VM_FAULT_DONE);
    CHECK_EQ(space.resident_pages, 512);
    CHECK_EQ(vm_advise(WINDOW + PAGE_SIZE, PAGE_SIZE, MADV_DONTNEED), 0);
    CHECK_EQ(space.resident_pages, 511);
    CHECK_EQ(get(WINDOW + 5), 1);
    check_nothing_left();
}

TEST(vm, reports_what_is_in_memory)
{
    static u8 vector[4];

    vm_init();
    CHECK_EQ(map_at(WINDOW, 4ul * PAGE_SIZE, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED),
             (long)WINDOW);
    CHECK_EQ(put(WINDOW + PAGE_SIZE, 1), VM_FAULT_DONE);
    CHECK_EQ(vm_resident(WINDOW, 4ul * PAGE_SIZE, (uaddr_t)vector), 0);
    CHECK_EQ(vector[0], 0);
    CHECK_EQ(vector[1], 1);
    CHECK_EQ(vm_resident(WINDOW, 5ul * PAGE_SIZE, (uaddr_t)vector), -ENOMEM);
    check_nothing_left();
}
