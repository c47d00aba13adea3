/* SPDX-License-Identifier: Apache-2.0 */
/* The life of threads: from storage of the caller's to a run queue, and back to the caller. */
#include "kernel/core/thread.h"

#include "kernel/arch/cpu.h"
#include "kernel/core/bottom_half.h"
#include "kernel/core/clock.h"
#include "kernel/core/panic.h"
#include "kernel/core/sched_thread.h"
#include "kernel/core/spinlock.h"
#include "lib/base/num.h"
#include "lib/base/text.h"

/* The dead of one CPU, to be handed back by its bottom half. */
struct graveyard {
    struct list dead; /* [irq] By dead_link. */
    struct bottom_half half;
    bool is_ready;
};

static struct thread idle_threads[CPUS_MAX];
static struct graveyard graveyards[CPUS_MAX];

static u32 thread_count; /* [atomic] */

static void thread_main(void *arg)
{
    struct thread *thread = arg;

    sched_first_run();
    thread->entry(thread->arg);
    panic("thread '%s' returned", thread->name);
}

void thread_init(struct thread *thread, const char *name, u8 *stack, void (*entry)(void *arg),
                 void *arg)
{
    thread->stack = stack;
    thread->state = THREAD_NEW;
    thread->affinity = UINT64_MAX;
    thread->entry = entry;
    thread->arg = arg;
    (void)str_copy(thread->name, sizeof(thread->name), name);
    context_init(&thread->context, stack + THREAD_STACK_SIZE, thread_main, thread);
}

void thread_start(struct thread *thread)
{
    ASSERT(thread->state == THREAD_NEW);
    __atomic_fetch_add(&thread_count, 1, __ATOMIC_RELAXED);
    sched_start(thread);
}

_Noreturn void thread_exit(void (*released)(struct thread *thread))
{
    struct thread *thread = thread_current();

    ASSERT(thread->locks_held == 0);
    thread->released = released;
    __atomic_fetch_sub(&thread_count, 1, __ATOMIC_RELAXED);
    sched_exit();
}

static bool hand_back(struct bottom_half *half)
{
    struct graveyard *graveyard = CONTAINER_OF(half, struct graveyard, half);

    for (;;) {
        bool irq_was_on = irq_save();
        struct list *node = list_pop_front(&graveyard->dead);
        struct thread *thread;

        irq_restore(irq_was_on);
        if (!node)
            return false;
        thread = LIST_ENTRY(node, struct thread, dead_link);
        thread->released(thread);
    }
}

void thread_bury(struct thread *thread)
{
    bool irq_was_on = irq_save();
    struct graveyard *graveyard = &graveyards[cpu_id()];

    if (!graveyard->is_ready) {
        list_init(&graveyard->dead);
        bottom_half_init(&graveyard->half, hand_back);
        graveyard->is_ready = true;
    }
    list_push_back(&graveyard->dead, &thread->dead_link);
    bottom_half_queue(&graveyard->half);
    irq_restore(irq_was_on);
}

struct thread *thread_idle(u32 cpu)
{
    return &idle_threads[cpu];
}

struct user_regs *thread_user_regs(struct thread *thread)
{
    return context_user_regs(thread->stack + THREAD_STACK_SIZE);
}

u32 sched_thread_count(void)
{
    return __atomic_load_n(&thread_count, __ATOMIC_RELAXED);
}

/*
 * One average: old * e^(-t/minutes) + now * (1 - e^(-t/minutes)), in steps of 5 seconds, with what
 * runs at the time of asking taken for the whole of the time since the last question.
 */
static u32 decay(u32 load, u32 factor, u32 active, u64 steps)
{
    u64 value = load;

    for (u64 i = 0; i < steps; i++)
        value = (value * factor + (u64)active * (65536 - factor)) >> 16;
    return (u32)value;
}

void sched_load_averages(u32 loads[3])
{
    enum {
        STEP_SECONDS = 5,
        STEPS_MAX = 1000, /* More makes no difference any more. */
    };
    /* 65536 * e^(-5 s / 1, 5, 15 min). */
    static const u32 factors[3] = { 60296, 64453, 65173 };
    static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_SCHED);
    static u32 averages[3];
    static u64 last_step;
    u64 step = clock_now_ns() / (STEP_SECONDS * NS_PER_SECOND);
    u32 active = sched_runnable_count() << 16;

    spin_lock(&lock);
    for (int i = 0; i < 3; i++) {
        averages[i] = decay(averages[i], factors[i], active, u64_min(step - last_step, STEPS_MAX));
        loads[i] = averages[i];
    }
    last_step = step;
    spin_unlock(&lock);
}
