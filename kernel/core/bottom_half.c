/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bottom halves.
 *
 * 1. The list of a CPU is touched by that CPU only, with interrupts off.
 * 2. `queued` is cleared before the function is called: what is queued while it runs, by another
 *    interrupt or by itself, leads to another call.
 * 3. `running` is set while functions run, so an interrupt then only adds to the list; and nobody
 *    sleeps, so the thread underneath stays the same.
 * 4. Whatever is on the list is run soon: an interrupt runs it as it ends; a thread that queued it
 *    has THREAD_WORK_RESCHED and runs it on its way back to the program, when it sleeps, or in
 *    sched_yield_if_due(); the idle loop looks before it halts.
 * 5. Under overload threads still run: a round of more than BUDGET_NS holds the next one back for
 *    as long as it took, up to HOLD_MAX_NS, unless the CPU would be idle. The timer's tick ends
 *    that; it is set anew whenever they are found held, because the timer may have gone off for
 *    something else.
 */
#include "kernel/core/bottom_half.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/upcall.h"
#include "kernel/core/clock.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/thread.h"
#include "kernel/core/timer_slice.h"
#include "lib/base/num.h"

enum {
    BUDGET_NS = 2 * 1000 * 1000,
    HOLD_MAX_NS = 2 * BUDGET_NS, /* A host that took the CPU away makes a round look long. */
};

struct cpu_halves {
    struct list queue; /* [irq] */
    bool is_ready;
    bool running;      /* [cpu] */
    u32 disabled;      /* [cpu] */
    u64 held_until_ns; /* [cpu] 0: not held back. */
} __attribute__((aligned(CACHE_LINE_SIZE)));

static struct cpu_halves cpu_halves[CPUS_MAX];

static struct cpu_halves *halves_here(void)
{
    struct cpu_halves *halves = &cpu_halves[cpu_id()];

    if (!halves->is_ready) {
        list_init(&halves->queue);
        halves->is_ready = true;
    }
    return halves;
}

void bottom_half_init(struct bottom_half *half, bottom_half_fn *fn)
{
    list_init(&half->link);
    half->fn = fn;
    half->queued = false;
}

void bottom_half_queue(struct bottom_half *half)
{
    bool irq_was_on;
    struct cpu_halves *halves;

    if (__atomic_exchange_n(&half->queued, true, __ATOMIC_ACQ_REL)) /* Pairs with run_round(). */
        return;
    irq_was_on = irq_save();
    halves = halves_here();
    list_push_back(&halves->queue, &half->link);
    if (!halves->running && (irq_was_on || spin_hides_interrupts()))
        __atomic_fetch_or(&thread_current()->work, THREAD_WORK_RESCHED, __ATOMIC_RELAXED);
    irq_restore(irq_was_on);
}

/* Calls what is on the list now, once each. Interrupts are off before and after. */
static void run_round(struct cpu_halves *halves)
{
    struct list round = LIST_INIT(round);
    struct list *node;

    list_splice_back(&round, &halves->queue);
    for (node = list_pop_front(&round); node; node = list_pop_front(&round)) {
        struct bottom_half *half = LIST_ENTRY(node, struct bottom_half, link);
        bool more;

        __atomic_store_n(&half->queued, false, __ATOMIC_RELEASE); /* Invariant 2. */
        irq_enable();
        more = half->fn(half);
        if (more)
            bottom_half_queue(half);
        irq_disable();
    }
}

/* Interrupts are off. */
static void run(struct cpu_halves *halves)
{
    u64 start_ns = 0;
    u64 now_ns;

    halves->running = true;
    run_round(halves);
    while (!list_is_empty(&halves->queue)) {
        now_ns = clock_now_ns();
        if (start_ns == 0)
            start_ns = now_ns;
        if (now_ns - start_ns > BUDGET_NS) {
            halves->held_until_ns = now_ns + u64_min(now_ns - start_ns, HOLD_MAX_NS);
            timer_set_tick(halves->held_until_ns);
            break;
        }
        run_round(halves);
    }
    halves->running = false;
}

static bool may_run(struct cpu_halves *halves, bool idle)
{
    if (list_is_empty(&halves->queue) || halves->running || halves->disabled > 0)
        return false;
    if (halves->held_until_ns == 0)
        return true;
    if (!idle && clock_now_ns() < halves->held_until_ns) {
        timer_set_tick(halves->held_until_ns);
        return false;
    }
    halves->held_until_ns = 0;
    return true;
}

void upcall_irq_exit(void)
{
    struct cpu_halves *halves = halves_here();
    struct thread *thread = thread_current();

    if (may_run(halves, thread && thread->is_idle))
        run(halves);
}

void bottom_half_run_pending(void)
{
    struct cpu_halves *halves = &cpu_halves[cpu_id()];

    if (!bottom_half_is_pending() || !irq_enabled())
        return;
    irq_disable();
    if (may_run(halves, thread_current()->is_idle))
        run(halves);
    irq_enable();
}

bool bottom_half_is_pending(void)
{
    return !list_is_empty(&halves_here()->queue);
}

void bottom_half_disable(void)
{
    cpu_halves[cpu_id()].disabled++;
    __atomic_signal_fence(__ATOMIC_SEQ_CST); /* Against this CPU's interrupts only. */
}

void bottom_half_enable(void)
{
    struct cpu_halves *halves = &cpu_halves[cpu_id()];

    ASSERT(halves->disabled > 0);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (--halves->disabled > 0 || !bottom_half_is_pending() || halves->running)
        return;
    if (irq_enabled()) {
        bottom_half_run_pending();
    } else {
        __atomic_fetch_or(&thread_current()->work, THREAD_WORK_RESCHED, __ATOMIC_RELAXED);
    }
}

bool in_interrupt(void)
{
    return cpu_halves[cpu_id()].running || (!irq_enabled() && !spin_hides_interrupts());
}
