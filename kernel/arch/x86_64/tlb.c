/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cached translations, and their removal on every CPU.
 *
 * One flush is under way at a time. Its CPU writes down the range, raises `generation`, interrupts
 * the others, and waits until each has answered with that generation. A CPU that answers flushes
 * whatever the range says then. Waiting CPUs keep interrupts on, so two that flush at once answer
 * each other. The CPU whose turn it is runs no bottom halves: one that flushed (the stack of a dead
 * thread goes) would wait for its own CPU.
 */
#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/x86_64/apic.h"
#include "kernel/arch/x86_64/cpu_local.h"
#include "kernel/arch/x86_64/msr.h"
#include "kernel/arch/x86_64/smp.h"
#include "kernel/core/bottom_half.h"
#include "kernel/core/panic.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

#include <stdatomic.h>

enum {
    /* From here on reloading everything costs less than page by page. */
    FLUSH_PAGES_MAX = 32,
};

static struct {
    atomic_bool busy; /* A flush is under way. */
    u64 address;      /* Written by its CPU before `generation` is raised. */
    u64 size;
    atomic_ulong generation;
} flush;

static struct {
    atomic_ulong answered __attribute__((aligned(CACHE_LINE_SIZE)));
} cpus[CPUS_MAX];

static void flush_program(void)
{
    cr3_write(cr3_read()); /* All but global entries, which are the kernel's. */
}

static void flush_everything(void)
{
    u64 cr4 = cr4_read();

    cr4_write(cr4 & ~(u64)CR4_PGE);
    cr4_write(cr4);
}

void tlb_flush_local(u64 address, u64 size)
{
    if (size <= (u64)FLUSH_PAGES_MAX * PAGE_SIZE) {
        for (u64 off = 0; off < size; off += PAGE_SIZE)
            __asm__ volatile("invlpg (%0)" : : "r"(address + off) : "memory");
    } else if (address < USER_END) {
        flush_program();
    } else {
        flush_everything();
    }
}

void tlb_answer(void)
{
    /* Pairs with the release in tlb_flush(): the range belongs to this generation or a later one. */
    u64 generation = atomic_load_explicit(&flush.generation, memory_order_acquire);
    u32 cpu = cpu_id();

    if (atomic_load_explicit(&cpus[cpu].answered, memory_order_relaxed) == generation)
        return;
    tlb_flush_local(flush.address, flush.size);
    /* Pairs with the acquire in wait_for_answers(). */
    atomic_store_explicit(&cpus[cpu].answered, generation, memory_order_release);
}

static void wait_for_answers(u64 generation)
{
    for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
        if (cpu == cpu_id())
            continue;
        while (atomic_load_explicit(&cpus[cpu].answered, memory_order_acquire) != generation)
            cpu_relax();
    }
}

/* Between two tries bottom halves may run: the turn is not ours yet. */
static void take_turn(void)
{
    bool idle = false;

    bottom_half_disable();
    while (!atomic_compare_exchange_weak_explicit(&flush.busy, &idle, true, memory_order_acquire,
                                                  memory_order_relaxed)) {
        bottom_half_enable();
        idle = false;
        cpu_relax();
        bottom_half_disable();
    }
}

static void end_turn(void)
{
    atomic_store_explicit(&flush.busy, false, memory_order_release);
    bottom_half_enable();
}

void tlb_flush(u64 address, u64 size)
{
    u64 generation;

    if (cpu_count() == 1) {
        tlb_flush_local(address, size);
        return;
    }
    ASSERT(irq_enabled());
    take_turn();
    flush.address = address;
    flush.size = size;
    generation = atomic_load_explicit(&flush.generation, memory_order_relaxed) + 1;
    atomic_store_explicit(&flush.generation, generation, memory_order_release);
    atomic_store_explicit(&cpus[cpu_id()].answered, generation, memory_order_relaxed);
    apic_send_others(IPI_TLB);
    tlb_flush_local(address, size);
    wait_for_answers(generation);
    end_turn();
}
