/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where things go: a random place for the image, the heap, the mmap area and the stack, each drawn
 * from 2^28 pages (1 TiB), new at every boot. From the bottom:
 *
 *     fixed programs, or 0x555555554000 + random: the image
 *     a page after the image + random: the heap, upwards
 *     ... the mmap area, downwards from
 *     the stack's lowest possible end - random
 *     the end of the program's half - random: the stack, downwards
 */
#include "abi/linux/errors.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/entropy.h"
#include "kernel/core/mutex.h"
#include "kernel/core/spinlock.h"
#include "kernel/vm/area.h"
#include "kernel/vm/space.h"
#include "kernel/vm/vm.h"
#include "lib/base/list.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

#define IMAGE_BASE  0x555555554000ull /* Linux' ELF_ET_DYN_BASE: two thirds up. */
#define RANDOM_SPAN (1ull << 40)

enum {
    RANDOM_PAGES = 1 << 28,
    STACK_SIZE_MAX = 1 << 30, /* RLIMIT_STACK beyond this, unlimited even, gives this much. */
    STACK_SIZE_MIN = 128 << 10,
    STACK_START_SIZE = 128 << 10, /* What is mapped at first; the rest is for growing. */
};

static const char heap_name[] = "[heap]";
static const char stack_name[] = "[stack]";

static bool is_placed_fixed; /* [const] after boot. */

void vm_place_fixed(void)
{
    is_placed_fixed = true;
}

static u64 random_offset(void)
{
    if (is_placed_fixed)
        return 0;
    return random_below(RANDOM_PAGES) << PAGE_SHIFT;
}

void vm_init(void)
{
    rwlock_init(&space.lock, LOCK_RANK_VM);
    space.stack_top = USER_END - random_offset();
    space.map_top = USER_END - RANDOM_SPAN - STACK_SIZE_MAX - random_offset();
    area_tree_init(&space.areas, space.map_top);
}

u64 vm_image_base(u64 size)
{
    u64 base = IMAGE_BASE + random_offset();

    (void)size; /* At most 64 GiB (lib/elf), far below the mmap area. */
    return base;
}

void vm_start_break(u64 image_end)
{
    u64 end = align_up(image_end, PAGE_SIZE);
    u64 start = end + PAGE_SIZE + random_offset();

    rwlock_write_lock(&space.lock);
    if (area_hole_end(&space.areas, start, USER_END) < start + RANDOM_SPAN)
        start = end; /* A fixed program that lies high: right behind it. */
    space.break_start = start;
    space.break_end = start;
    rwlock_write_unlock(&space.lock);
}

static int break_grow(u64 from, u64 to)
{
    u64 size = to - from;
    struct area wanted = {
        .start = from,
        .end = to,
        .protection = VM_READ | VM_WRITE,
        .name = heap_name,
    };
    struct area *area;
    int err = space_check_limits(size, wanted.protection, 0);

    if (err < 0)
        return err;
    if (space.limit_data != UINT64_MAX && to - space.break_start > space.limit_data)
        return -ENOMEM;
    if (area_hole_end(&space.areas, from, USER_END) < to + AREA_GUARD_GAP ||
        space.areas.count >= AREAS_MAX)
        return -ENOMEM;
    area = area_create(&wanted);
    if (!area)
        return -ENOMEM;
    area_insert(&space.areas, area);
    area_merge(&space.areas, from, to);
    return 0;
}

u64 vm_set_break(u64 address)
{
    struct list dead = LIST_INIT(dead);
    bool populate = false;
    u64 old_end;
    u64 new_end;
    u64 result;
    int err = 0;

    rwlock_write_lock(&space.lock);
    old_end = align_up(space.break_end, PAGE_SIZE);
    if (address < space.break_start || address > USER_END - PAGE_SIZE) {
        result = space.break_end;
        rwlock_write_unlock(&space.lock);
        return result;
    }
    new_end = align_up(address, PAGE_SIZE);
    if (new_end > old_end) {
        err = break_grow(old_end, new_end);
        populate = err == 0 && space.lock_future;
    } else if (new_end < old_end) {
        err = space_cut(new_end, old_end);
        if (err == 0)
            space_unmap(new_end, old_end, &dead);
    }
    if (err == 0)
        space.break_end = address;
    result = space.break_end;
    rwlock_write_unlock(&space.lock);

    area_destroy_list(&dead);
    if (populate)
        space_populate(old_end, new_end, POPULATE_AS_MAPPED);
    return result;
}

long vm_map_stack(u64 limit, bool executable)
{
    struct area wanted = {
        .start = space.stack_top - STACK_START_SIZE,
        .end = space.stack_top,
        .protection = VM_READ | VM_WRITE | (executable ? VM_EXEC : 0),
        .flags = AREA_GROWS_DOWN | AREA_NO_HUGE,
        .name = stack_name,
    };
    struct area *area = area_create(&wanted);

    if (!area)
        return -ENOMEM;
    rwlock_write_lock(&space.lock);
    space.limit_stack =
        u64_max(u64_min(align_down(limit, PAGE_SIZE), STACK_SIZE_MAX), STACK_SIZE_MIN);
    area_insert(&space.areas, area);
    rwlock_write_unlock(&space.lock);
    return (long)wanted.end;
}
