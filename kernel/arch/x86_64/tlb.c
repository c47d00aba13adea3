/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cached translations, and their removal on every CPU.
 *
 * One flush is under way at a time. Its CPU writes down the range, raises `generation`, interrupts
 * the others, and waits until each has answered with that generation. A CPU that answers flushes
 * whatever the range says then. Waiting CPUs keep interrupts on, so two that flush at once answer
 * each other. The CPU whose turn it is runs no bottom halves: one that flushed (the stack of a dead
 * thread goes) would wait for its own CPU.
 *
 * An idle CPU does not touch the program's half, so it is not woken for that: it is left owing a
 * flush, which it makes up for before it runs another thread.
 */
#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/x86_64/apic.h"
#include "kernel/arch/x86_64/cpu_local.h"
#include "kernel/arch/x86_64/msr.h"
#include "kernel/arch/x86_64/smp.h"
#include "kernel/core/bottom_half.h"
#include "kernel/core/panic.h"
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

/* A CPU changes its own from and to ACTIVE, another one from IDLE to OWING. */
enum tlb_state {
    TLB_ACTIVE,
    TLB_IDLE,
    TLB_OWING,
};

static struct {
    atomic_ulong answered __attribute__((aligned(CACHE_LINE_SIZE)));
    atomic_uint state;
} cpus[CPUS_MAX];
static_assert(CPUS_MAX <= 64, "a set of CPUs is a u64");

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
    /* Pairs with the release in tlb_flush(): the range is of this generation or a later one. */
    u64 generation = atomic_load_explicit(&flush.generation, memory_order_acquire);
    u32 cpu = cpu_id();

    if (atomic_load_explicit(&cpus[cpu].answered, memory_order_relaxed) == generation)
        return;
    tlb_flush_local(flush.address, flush.size);
    /* Pairs with the acquire in wait_for_answers(). */
    atomic_store_explicit(&cpus[cpu].answered, generation, memory_order_release);
}

void tlb_idle_begin(void)
{
    /* After all this CPU has done in the program's half. Pairs with is_left_owing(). */
    atomic_store_explicit(&cpus[cpu_id()].state, TLB_IDLE, memory_order_release);
}

void tlb_idle_end(void)
{
    /* A full barrier: who does not leave us owing from here on sees that we are active. */
    if (atomic_exchange_explicit(&cpus[cpu_id()].state, TLB_ACTIVE, memory_order_seq_cst) ==
        TLB_OWING)
        flush_program();
}

/* True when `cpu` is idle and flushes before it is not: later than this, and so than the change. */
static bool is_left_owing(u32 cpu)
{
    u32 state = TLB_IDLE;

    return atomic_compare_exchange_strong_explicit(&cpus[cpu].state, &state, TLB_OWING,
                                                   memory_order_seq_cst, memory_order_seq_cst) ||
           state == TLB_OWING;
}

/* The other CPUs that have to flush at once. */
static u64 cpus_to_ask(bool idle_may_owe)
{
    u64 asked = 0;

    for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
        if (cpu != cpu_id() && !(idle_may_owe && is_left_owing(cpu)))
            asked |= 1ull << cpu;
    }
    return asked;
}

static void ask(u64 asked)
{
    u64 all = UINT64_MAX >> (64 - cpu_count());

    if ((asked | 1ull << cpu_id()) == all) {
        apic_send_others(IPI_TLB);
        return;
    }
    for (; asked != 0; asked &= asked - 1)
        apic_send(cpu_local_of((u32)__builtin_ctzll(asked))->apic_id, IPI_TLB);
}

static void wait_for_answers(u64 asked, u64 generation)
{
    for (; asked != 0; asked &= asked - 1) {
        u32 cpu = (u32)__builtin_ctzll(asked);

        for (u32 turns = 1;
             atomic_load_explicit(&cpus[cpu].answered, memory_order_acquire) != generation; turns++)
            cpu_spin(turns);
    }
}

/* Between two tries bottom halves may run: the turn is not ours yet. */
static void take_turn(void)
{
    bool idle = false;
    u32 turns = 0;

    bottom_half_disable();
    while (!atomic_compare_exchange_weak_explicit(&flush.busy, &idle, true, memory_order_acquire,
                                                  memory_order_relaxed)) {
        bottom_half_enable();
        while (atomic_load_explicit(&flush.busy, memory_order_relaxed))
            cpu_spin(++turns);
        idle = false;
        bottom_half_disable();
    }
}

static void end_turn(void)
{
    atomic_store_explicit(&flush.busy, false, memory_order_release);
    bottom_half_enable();
}

static void flush_everywhere(u64 address, u64 size, bool idle_may_owe)
{
    u64 asked = cpus_to_ask(idle_may_owe);
    u64 generation;

    if (asked == 0) {
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
    ask(asked);
    tlb_flush_local(address, size);
    wait_for_answers(asked, generation);
    end_turn();
}

void tlb_flush(u64 address, u64 size)
{
    flush_everywhere(address, size, address < USER_END);
}

void tlb_flush_tables(u64 address, u64 size)
{
    flush_everywhere(address, size, false);
}
