/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel mappings beside the direct map. Addresses are handed out upward and, but for stacks, never
 * come back: there are a few devices and 2^40 bytes.
 *
 * Stacks of the usual size that are given back stay mapped, up to STACKS_KEPT of them, because
 * unmapping interrupts every CPU; of more than that STACKS_DROPPED go at once, with one interrupt.
 * Their addresses are kept for the next ones.
 */
#include "kernel/mm/kernel_map.h"

#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/thread.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "lib/base/num.h"

enum {
    STACKS_KEPT = 64,
    STACKS_DROPPED = 48,
};

/* A stack nobody uses, in its own lowest bytes; or an address without memory, on the heap. */
struct free_stack {
    struct free_stack *next;
    u64 address;
};

static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_VMAP);
static u64 next_address;          /* Under `lock`. */
static u64 end_address;           /* [const] */
static struct free_stack *kept;   /* Under `lock`: mapped. */
static u32 kept_count;            /* Under `lock`. */
static struct free_stack *places; /* Under `lock`: not mapped, of THREAD_STACK_SIZE. */

void kernel_map_init(u64 base, u64 size)
{
    next_address = base;
    end_address = base + size;
}

/* `size` bytes of address space behind an unmapped page; 0 when there is no room. */
static u64 reserve(u64 size)
{
    u64 address = 0;

    spin_lock(&lock);
    if (size <= end_address - next_address && end_address - next_address - size >= PAGE_SIZE) {
        address = next_address + PAGE_SIZE;
        next_address = address + size;
    }
    spin_unlock(&lock);
    return address;
}

static u8 *kept_take(void)
{
    struct free_stack *stack;

    spin_lock(&lock);
    stack = kept;
    if (stack) {
        kept = stack->next;
        kept_count--;
    }
    spin_unlock(&lock);
    return (u8 *)stack;
}

/* Keeps a stack. Returns those that go instead, or NULL. */
static struct free_stack *kept_give(u8 *memory)
{
    struct free_stack *stack = (struct free_stack *)(void *)memory;
    struct free_stack *dropped = NULL;

    spin_lock(&lock);
    stack->next = kept;
    kept = stack;
    kept_count++;
    if (kept_count > STACKS_KEPT) {
        struct free_stack **last = &kept;

        for (u32 i = 0; i < STACKS_DROPPED; i++)
            last = &(*last)->next;
        dropped = kept;
        kept = *last;
        *last = NULL;
        kept_count -= STACKS_DROPPED;
    }
    spin_unlock(&lock);
    return dropped;
}

static u64 place_take(u64 size)
{
    struct free_stack *place = NULL;
    u64 address;

    if (size == THREAD_STACK_SIZE) {
        spin_lock(&lock);
        place = places;
        if (place)
            places = place->next;
        spin_unlock(&lock);
    }
    if (!place)
        return reserve(size);
    address = place->address;
    heap_free(place);
    return address;
}

static void place_give(u64 address, u64 size)
{
    struct free_stack *place = size == THREAD_STACK_SIZE ? heap_alloc(sizeof(*place)) : NULL;

    if (!place)
        return; /* Addresses are plenty. */
    place->address = address;
    spin_lock(&lock);
    place->next = places;
    places = place;
    spin_unlock(&lock);
}

u8 *stack_alloc(size_t size)
{
    struct page *page;
    u64 address;
    u8 *stack = size == THREAD_STACK_SIZE ? kept_take() : NULL;

    if (stack)
        return stack;
    page = page_alloc(log2_ceil(size >> PAGE_SHIFT), 0);
    if (!page)
        return NULL;
    address = place_take(size);
    if (address == 0)
        goto free_page;
    if (mmu_kernel_map(address, page_address(page), size, MMU_WRITE) < 0)
        goto give_place;
    return (u8 *)address;

give_place:
    mmu_kernel_unmap(address, size);
    place_give(address, size);
free_page:
    page_free(page);
    return NULL;
}

static struct page *stack_page(const void *stack)
{
    paddr_t physical;
    u32 flags;
    bool is_mapped = mmu_translate((u64)stack, &physical, &flags);

    ASSERT(is_mapped);
    return page_from_address(physical);
}

/* The list lies in the stacks, so it is copied out before they are gone. */
static void stacks_drop(struct free_stack *stack)
{
    struct {
        u64 address;
        struct page *page;
    } gone[STACKS_DROPPED];
    u32 count = 0;
    u64 lo = UINT64_MAX;
    u64 hi = 0;

    for (; stack; stack = stack->next) {
        gone[count].address = (u64)stack;
        gone[count].page = stack_page(stack);
        lo = u64_min(lo, (u64)stack);
        hi = u64_max(hi, (u64)stack + THREAD_STACK_SIZE);
        count++;
    }
    for (u32 i = 0; i < count; i++)
        mmu_kernel_clear(gone[i].address, THREAD_STACK_SIZE);
    tlb_flush(lo, hi - lo);
    for (u32 i = 0; i < count; i++) {
        page_free(gone[i].page);
        place_give(gone[i].address, THREAD_STACK_SIZE);
    }
}

void stack_free(u8 *stack, size_t size)
{
    struct free_stack *dropped;
    struct page *page;

    if (!stack)
        return;
    if (size == THREAD_STACK_SIZE) {
        dropped = kept_give(stack);
        if (dropped)
            stacks_drop(dropped);
        return;
    }
    page = stack_page(stack);
    mmu_kernel_unmap((u64)stack, size);
    page_free(page);
    place_give((u64)stack, size);
}

static void *map_physical(paddr_t address, size_t size, u32 flags)
{
    u64 off = address % PAGE_SIZE;
    u64 end;
    u64 base;

    if (size == 0 || !u64_add(address, size + PAGE_SIZE, &end))
        return NULL;
    size = align_up(off + size, PAGE_SIZE);
    base = reserve(size);
    if (base == 0 || mmu_kernel_map(base, address - off, size, flags) < 0)
        return NULL;
    return (void *)(base + off);
}

void *device_map(paddr_t address, size_t size)
{
    return map_physical(address, size, MMU_WRITE | MMU_UNCACHED);
}

const void *firmware_map(paddr_t address, size_t size)
{
    return map_physical(address, size, 0);
}
