/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers: a tree by deadline on each CPU, and the machine's one-shot timer for the first of them.
 *
 * 1. A timer is in the tree of `timer->cpu` exactly while its state is TIMER_ARMED; both change
 *    under that CPU's lock. `cpu` itself changes only in timer_arm(), which callers serialise with
 *    timer_cancel().
 * 2. A timer leaves the tree before its function runs, and nothing here touches it afterwards: the
 *    function may arm it again or free it. That it is running is known from `running` alone.
 * 3. The machine's timer is armed for the first deadline or earlier. Cancelling leaves it alone: an
 *    early interrupt costs less than programming it each time.
 */
#include "kernel/core/timer.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/time.h"
#include "kernel/arch/upcall.h"
#include "kernel/core/bottom_half.h"
#include "kernel/core/clock.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/timer_slice.h"
#include "lib/base/num.h"

enum timer_state {
    TIMER_IDLE,
    TIMER_ARMED,
};

struct cpu_timers {
    struct spinlock lock;
    struct tree tree GUARDED_BY(&lock);
    struct tree_node *first GUARDED_BY(&lock); /* Of the tree. */
    struct timer *running; /* [atomic] Whose function runs; written by its CPU only. */
    u64 tick_ns;           /* [irq] */
    u64 armed_ns;          /* [irq] What the machine's timer is set to; 0: not known, none. */
    struct bottom_half half;
    bool is_ready;
} __attribute__((aligned(CACHE_LINE_SIZE)));

static struct cpu_timers cpu_timers[CPUS_MAX];

static bool run_expired(struct bottom_half *half);

/* There is no order of initialisation to get wrong: whoever comes first prepares a CPU. */
static struct cpu_timers *timers_of(u32 cpu)
{
    struct cpu_timers *timers = &cpu_timers[cpu];

    if (!timers->is_ready) {
        spinlock_init(&timers->lock, LOCK_RANK_TIMER);
        timers->tick_ns = DEADLINE_NONE;
        timers->armed_ns = DEADLINE_NONE;
        bottom_half_init(&timers->half, run_expired);
        timers->is_ready = true;
    }
    return timers;
}

/* Interrupts are off; this CPU's. */
static void machine_timer_want(struct cpu_timers *timers, u64 deadline_ns)
{
    if (deadline_ns >= timers->armed_ns)
        return; /* Invariant 3. */
    timers->armed_ns = deadline_ns;
    arch_timer_arm(deadline_ns);
}

void timer_set_tick(u64 deadline_ns)
{
    bool irq_was_on = irq_save();
    struct cpu_timers *timers = timers_of(cpu_id());

    timers->tick_ns = deadline_ns;
    machine_timer_want(timers, deadline_ns);
    irq_restore(irq_was_on);
}

void timer_init(struct timer *timer, timer_fn *fn)
{
    timer->fn = fn;
    timer->deadline_ns = DEADLINE_NONE;
    timer->cpu = cpu_id();
    timer->state = TIMER_IDLE;
}

static struct timer *timer_of(struct tree_node *node)
{
    return TREE_ENTRY(node, struct timer, node);
}

static void insert(struct cpu_timers *timers, struct timer *timer) HOLDS(&timers->lock)
{
    struct tree_node **link = &timers->tree.root;
    struct tree_node *parent = NULL;
    bool is_first = true;

    while (*link) {
        parent = *link;
        if (timer->deadline_ns < timer_of(parent)->deadline_ns) {
            link = &parent->left;
        } else {
            link = &parent->right;
            is_first = false;
        }
    }
    tree_insert(&timers->tree, parent, link, &timer->node);
    if (is_first)
        timers->first = &timer->node;
    timer->state = TIMER_ARMED;
}

static void take_out(struct cpu_timers *timers, struct timer *timer) HOLDS(&timers->lock)
{
    if (timers->first == &timer->node)
        timers->first = tree_next(&timer->node);
    tree_remove(&timers->tree, &timer->node);
    __atomic_store_n(&timer->state, TIMER_IDLE, __ATOMIC_RELEASE); /* See timer_cancel(). */
}

void timer_arm(struct timer *timer, u64 deadline_ns)
{
    bool irq_was_on = irq_save();
    struct cpu_timers *timers;

    timer_cancel(timer);
    timers = timers_of(cpu_id());
    spin_lock(&timers->lock);
    timer->cpu = cpu_id();
    timer->deadline_ns = deadline_ns;
    insert(timers, timer);
    if (timers->first == &timer->node)
        machine_timer_want(timers, deadline_ns);
    spin_unlock(&timers->lock);
    irq_restore(irq_was_on);
}

bool timer_cancel(struct timer *timer)
{
    struct cpu_timers *timers;
    bool was_armed;

    /*
     * Only callers of timer_arm() make it armed, and they are serialised with this one. Pairs with
     * the release in take_out(): who sees it idle sees it running, too.
     */
    if (__atomic_load_n(&timer->state, __ATOMIC_ACQUIRE) != TIMER_ARMED)
        return false;
    timers = timers_of(timer->cpu);
    spin_lock(&timers->lock);
    was_armed = timer->state == TIMER_ARMED;
    if (was_armed)
        take_out(timers, timer);
    spin_unlock(&timers->lock);
    return was_armed;
}

void timer_cancel_wait(struct timer *timer)
{
    for (;;) {
        bool runs = false;

        (void)timer_cancel(timer);
        for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
            /* Pairs with the releases in run_first(): its function is done, with all it did. */
            while (__atomic_load_n(&cpu_timers[cpu].running, __ATOMIC_ACQUIRE) == timer) {
                runs = true;
                cpu_relax();
            }
        }
        if (!runs && __atomic_load_n(&timer->state, __ATOMIC_RELAXED) == TIMER_IDLE)
            return;
    }
}

/* Runs the first timer if it is due. Interrupts are on, in a bottom half. */
static bool run_first(struct cpu_timers *timers, u64 now_ns)
{
    struct timer *timer = NULL;

    spin_lock(&timers->lock);
    if (timers->first && timer_of(timers->first)->deadline_ns <= now_ns) {
        timer = timer_of(timers->first);
        __atomic_store_n(&timers->running, timer, __ATOMIC_RELEASE); /* Before it is seen idle. */
        take_out(timers, timer);
    }
    spin_unlock(&timers->lock);
    if (!timer)
        return false;
    timer->fn(timer);
    __atomic_store_n(&timers->running, NULL, __ATOMIC_RELEASE); /* See timer_cancel_wait(). */
    return true;
}

static void arm_machine(struct cpu_timers *timers)
{
    bool irq_was_on = irq_save();
    u64 next_ns = timers->tick_ns;

    spin_lock(&timers->lock);
    if (timers->first)
        next_ns = u64_min(next_ns, timer_of(timers->first)->deadline_ns);
    machine_timer_want(timers, next_ns);
    spin_unlock(&timers->lock);
    irq_restore(irq_was_on);
}

static bool run_expired(struct bottom_half *half)
{
    enum {
        TIMERS_PER_RUN = 64, /* Then others have their turn. */
    };
    struct cpu_timers *timers = CONTAINER_OF(half, struct cpu_timers, half);
    u64 now_ns = clock_now_ns();
    int count = 0;

    if (timers->tick_ns <= now_ns) {
        timers->tick_ns = DEADLINE_NONE;
        sched_tick();
    }
    while (run_first(timers, now_ns)) {
        if (++count == TIMERS_PER_RUN)
            return true;
    }
    arm_machine(timers);
    return false;
}

void upcall_timer(void)
{
    struct cpu_timers *timers = timers_of(cpu_id());

    timers->armed_ns = DEADLINE_NONE;
    bottom_half_queue(&timers->half);
}
