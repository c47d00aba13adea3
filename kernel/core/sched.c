/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scheduler.
 *
 * 1. A thread in state RUNNABLE is exactly one of: `current` of a CPU; queued on the CPU it names
 *    in `cpu`; or in the hands of one function here on its way there (place(), finish_switch()).
 * 2. `state` changes to SLEEPING by the thread itself, and back to RUNNABLE under the lock of the
 *    run queue of `cpu`, by whoever wins; only the winner queues it. A sleeper that is still
 *    `current` is not queued: it finds itself RUNNABLE in sched_sleep() and goes on.
 * 3. A stack is used by one CPU at a time. `on_cpu` is set before a CPU switches to a thread and
 *    cleared by whatever runs after it on that CPU (finish_switch()), without a lock. Until then
 *    the thread may be queued on that same CPU only, which cannot pick it before it has finished
 *    the switch; placing and stealing leave such threads where they are. So no CPU waits for
 *    another.
 * 4. No wake-up is lost: sched_sleep_prepare() sets SLEEPING with a full barrier before the sleeper
 *    looks at its condition; sched_wake() has one between the condition and its look at `state`.
 * 5. A CPU that halts has looked at its queue with interrupts off; who queues something on a CPU
 *    whose `current` is idle kicks it, and an interrupt that is pending ends the halt at once.
 * 6. Two run queues are never locked at once, except by spin_try_lock() for stealing.
 */
#include "abi/linux/errors.h"
#include "kernel/arch/context.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/upcall.h"
#include "kernel/core/bottom_half.h"
#include "kernel/core/clock.h"
#include "kernel/core/panic.h"
#include "kernel/core/runqueue.h"
#include "kernel/core/sched_thread.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/thread.h"
#include "kernel/core/timer.h"
#include "kernel/core/timer_slice.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

struct cpu_sched {
    struct spinlock lock;
    struct runqueue queue GUARDED_BY(&lock);
    struct thread *current; /* Changes under `lock`, by this CPU. */
    struct thread *idle;    /* [const] */
    struct thread *last;    /* [irq] Whom a switch has just left. */
    bool push_last;         /* [irq] `last` may not run here any more. */
    u64 slice_end_ns;       /* [atomic] Changes under `lock`. DEADLINE_NONE: nobody waits. */
    u64 switches;           /* [cpu] */
} __attribute__((aligned(CACHE_LINE_SIZE)));

static struct cpu_sched cpu_scheds[CPUS_MAX];

/* [atomic] CPUs that halt and nobody has chosen yet: a hint, claimed by who clears the bit. */
static u64 idle_cpus;

/* [atomic] CPUs that have come here. */
static u64 started_cpus;

static struct cpu_sched *sched_here(void)
{
    return &cpu_scheds[cpu_id()];
}

static u64 bit_of(u32 cpu)
{
    return 1ull << cpu;
}

static u64 started_mask(void)
{
    return __atomic_load_n(&started_cpus, __ATOMIC_ACQUIRE); /* Pairs with cpu_begin(). */
}

static bool is_allowed(const struct thread *thread, u32 cpu)
{
    return (__atomic_load_n(&thread->affinity, __ATOMIC_RELAXED) & bit_of(cpu)) != 0;
}

/* Locks the run queue that `thread` names, whichever it is by then. */
static struct cpu_sched *lock_of(struct thread *thread) LOCK_INTERNALS
{
    for (;;) {
        u32 cpu = __atomic_load_n(&thread->cpu, __ATOMIC_RELAXED);
        struct cpu_sched *sched = &cpu_scheds[cpu];

        spin_lock(&sched->lock);
        if (__atomic_load_n(&thread->cpu, __ATOMIC_RELAXED) == cpu)
            return sched;
        spin_unlock(&sched->lock);
    }
}

/* ---- Choosing a CPU. ---- */

static bool claim_idle(u32 cpu)
{
    u64 bit = bit_of(cpu);

    if ((__atomic_load_n(&idle_cpus, __ATOMIC_RELAXED) & bit) == 0)
        return false;
    return (__atomic_fetch_and(&idle_cpus, ~bit, __ATOMIC_RELAXED) & bit) != 0;
}

static bool is_busy(const struct cpu_sched *sched)
{
    return __atomic_load_n(&sched->current, __ATOMIC_RELAXED) != sched->idle ||
           __atomic_load_n(&sched->queue.count, __ATOMIC_RELAXED) > 0;
}

/* The CPU it ran on while that is idle, then any idle one, then the one it ran on. */
static u32 choose_cpu(const struct thread *thread)
{
    u64 allowed = __atomic_load_n(&thread->affinity, __ATOMIC_RELAXED) & started_mask();
    u32 before = thread->cpu;
    u64 idle;

    if ((allowed & bit_of(before)) != 0 && !is_busy(&cpu_scheds[before])) {
        (void)claim_idle(before);
        return before;
    }
    idle = allowed & __atomic_load_n(&idle_cpus, __ATOMIC_RELAXED);
    for (; idle != 0; idle &= idle - 1) {
        u32 cpu = (u32)__builtin_ctzll(idle);

        if (claim_idle(cpu))
            return cpu;
    }
    if ((allowed & bit_of(before)) != 0 || allowed == 0)
        return before;
    return (u32)__builtin_ctzll(allowed);
}

/* ---- Queueing. ---- */

static void post_resched(struct thread *thread)
{
    __atomic_fetch_or(&thread->work, THREAD_WORK_RESCHED, __ATOMIC_RELAXED);
}

/* Sees to it that the CPU notices `thread`, new on its queue. Returns whether it needs a kick. */
static bool notice(struct cpu_sched *sched, u32 cpu, const struct thread *thread)
    HOLDS(&sched->lock)
{
    struct thread *current = sched->current;
    bool is_here = cpu == cpu_id();
    u64 now_ns;

    if (current->is_idle)
        return !is_here; /* Here, the idle loop is what the interrupt goes back to. */
    now_ns = clock_now_ns();
    if (runqueue_preempts(thread, current, now_ns)) {
        post_resched(current);
        return !is_here;
    }
    if (sched->slice_end_ns != DEADLINE_NONE)
        return false;
    __atomic_store_n(&sched->slice_end_ns, now_ns + runqueue_slice_ns(&sched->queue),
                     __ATOMIC_RELAXED); /* See upcall_kick(). */
    if (is_here)
        timer_set_tick(sched->slice_end_ns);
    return !is_here; /* For upcall_kick(), which arms the timer there. */
}

/* Queues a thread that is in nobody's hands but ours. Interrupts are off, no lock is held. */
static void place(struct thread *thread)
{
    u32 from = thread->cpu;
    u32 cpu = choose_cpu(thread);
    struct cpu_sched *sched = &cpu_scheds[cpu];
    u64 from_min_ns =
        __atomic_load_n(&cpu_scheds[from].queue.min_vruntime_ns, __ATOMIC_RELAXED); /* A hint. */
    bool kick;

    spin_lock(&sched->lock);
    __atomic_store_n(&thread->cpu, cpu,
                     __ATOMIC_RELAXED); /* Under the lock that lock_of() takes. */
    if (cpu == from) {
        runqueue_place(&sched->queue, thread);
    } else {
        runqueue_move(&sched->queue, from_min_ns, thread);
    }
    runqueue_insert(&sched->queue, thread);
    kick = notice(sched, cpu, thread);
    spin_unlock(&sched->lock);
    if (kick)
        spin_kick(cpu);
}

void sched_wake(struct thread *thread) LOCK_INTERNALS
{
    struct cpu_sched *sched;
    bool irq_was_on;
    bool is_ours = false;

    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* Invariant 4. */
    if (__atomic_load_n(&thread->state, __ATOMIC_RELAXED) != THREAD_SLEEPING)
        return;
    irq_was_on = irq_save();
    sched = lock_of(thread);
    if (thread->state == THREAD_SLEEPING) {
        __atomic_store_n(&thread->state, THREAD_RUNNABLE, __ATOMIC_RELAXED);
        if (sched->current == thread) {
            /* Has not gone to sleep yet, and will not. */
        } else if (__atomic_load_n(&thread->on_cpu, __ATOMIC_ACQUIRE)) { /* See finish_switch(). */
            runqueue_place(&sched->queue, thread);                       /* Invariant 3. */
            runqueue_insert(&sched->queue, thread);
            if (notice(sched, thread->cpu, thread))
                spin_kick(thread->cpu);
        } else {
            is_ours = true;
        }
    }
    spin_unlock(&sched->lock);
    if (is_ours)
        place(thread);
    irq_restore(irq_was_on);
}

void sched_start(struct thread *thread)
{
    bool irq_was_on = irq_save();
    struct cpu_sched *sched = sched_here();

    thread->cpu = cpu_id();
    thread->vruntime_ns =
        __atomic_load_n(&sched->queue.min_vruntime_ns, __ATOMIC_RELAXED); /* No credit. */
    __atomic_store_n(&thread->state, THREAD_RUNNABLE, __ATOMIC_RELAXED);
    place(thread);
    irq_restore(irq_was_on);
}

/* ---- Picking and switching. ---- */

/* A thread of `victim` that may run on `cpu`, taken off its queue. */
static struct thread *steal_from(struct cpu_sched *victim, u32 cpu) LOCK_INTERNALS
{
    struct thread *thread = NULL;

    if (__atomic_load_n(&victim->queue.count, __ATOMIC_RELAXED) == 0)
        return NULL;
    if (!spin_try_lock(&victim->lock)) /* Invariant 6. */
        return NULL;
    for (thread = runqueue_first(&victim->queue); thread; thread = runqueue_next(thread)) {
        /* Pairs with the release in finish_switch(). Invariant 3. */
        if (is_allowed(thread, cpu) && !__atomic_load_n(&thread->on_cpu, __ATOMIC_ACQUIRE))
            break;
    }
    if (thread) {
        runqueue_remove(&victim->queue, thread);
        thread->vruntime_ns -= victim->queue.min_vruntime_ns; /* The thief adds its own. */
        __atomic_store_n(&thread->cpu, cpu, __ATOMIC_RELAXED);
    }
    spin_unlock(&victim->lock);
    return thread;
}

static struct thread *steal(struct cpu_sched *sched, u32 cpu) HOLDS(&sched->lock)
{
    u32 count = cpu_count();

    for (u32 i = 1; i < count; i++) {
        struct thread *thread = steal_from(&cpu_scheds[(cpu + i) % count], cpu);

        if (thread) {
            thread->vruntime_ns += sched->queue.min_vruntime_ns;
            runqueue_place(&sched->queue, thread);
            return thread;
        }
    }
    return NULL;
}

/* Who runs next; `prev` is queued already if it still wants to. Not queued any more. */
static struct thread *pick(struct cpu_sched *sched, u32 cpu) HOLDS(&sched->lock)
{
    struct thread *thread = runqueue_first(&sched->queue);

    if (thread) {
        runqueue_remove(&sched->queue, thread);
        return thread;
    }
    thread = steal(sched, cpu);
    return thread ? thread : sched->idle;
}

/* `next` gets the CPU for a slice if others wait for it, else for as long as it likes. */
static void set_slice(struct cpu_sched *sched, const struct thread *next, u64 now_ns)
    HOLDS(&sched->lock)
{
    if (next->is_idle || sched->queue.count == 0) {
        sched->slice_end_ns = DEADLINE_NONE; /* A tick that comes anyway finds nothing to do. */
        return;
    }
    sched->slice_end_ns = now_ns + runqueue_slice_ns(&sched->queue);
    timer_set_tick(sched->slice_end_ns);
}

/* Puts back the running thread, unless it sleeps or may not run here. */
static void put_back(struct cpu_sched *sched, struct thread *prev, u32 cpu) HOLDS(&sched->lock)
{
    sched->push_last = false;
    if (prev->is_idle || __atomic_load_n(&prev->state, __ATOMIC_RELAXED) != THREAD_RUNNABLE)
        return;
    if (is_allowed(prev, cpu) || (prev->affinity & started_mask()) == 0) {
        runqueue_insert(&sched->queue, prev);
    } else {
        sched->push_last = true;
    }
}

/* The end of a switch, on the stack of the thread it led to. Interrupts may be on. Invariant 3. */
static void finish_switch(void)
{
    struct cpu_sched *sched = sched_here();
    struct thread *last = sched->last;
    bool push = sched->push_last;
    bool is_dead = last->state == THREAD_DEAD;

    sched->push_last = false;
    /* Pairs with the acquires in sched_wake() and steal_from(): the stack is all written. */
    __atomic_store_n(&last->on_cpu, false, __ATOMIC_RELEASE);
    if (is_dead) {
        thread_bury(last);
    } else if (push) {
        place(last);
    }
}

/*
 * Gives the CPU to whoever should have it; returns when the running thread has it again. Interrupts
 * are off, no lock is held.
 */
static void schedule(void)
{
    u32 cpu = cpu_id();
    struct cpu_sched *sched = &cpu_scheds[cpu];
    struct thread *prev = sched->current;
    struct thread *next;
    u64 now_ns = clock_now_ns();

    spin_lock(&sched->lock);
    runqueue_charge(&sched->queue, prev, now_ns);
    put_back(sched, prev, cpu);
    next = pick(sched, cpu);
    set_slice(sched, next, now_ns);
    __atomic_fetch_and(&prev->work, ~(u32)THREAD_WORK_RESCHED, __ATOMIC_RELAXED);
    if (next == prev) {
        spin_unlock(&sched->lock);
        return;
    }
    if (__atomic_load_n(&prev->state, __ATOMIC_RELAXED) == THREAD_RUNNABLE) {
        prev->preemptions++;
    } else {
        prev->switches++;
    }
    sched->switches++;
    sched->last = prev;
    /*
     * thread_post_work() sets `work`, then looks here; `next` looks at its `work` on its way back
     * to the program, after this. One of them has to see the other, hence the full barrier.
     */
    __atomic_store_n(&sched->current, next, __ATOMIC_SEQ_CST);
    next->run_since_ns = now_ns;
    next->on_cpu = true;
    spin_unlock(&sched->lock);
    if (next->is_idle) {
        tlb_idle_begin();
    } else if (prev->is_idle) {
        tlb_idle_end();
    }
    context_switch(&prev->context, &next->context,
                   next->stack ? next->stack + THREAD_STACK_SIZE : NULL);
    finish_switch();
}

/* Where a new thread begins: interrupts may be on already. */
void sched_first_run(void)
{
    finish_switch();
    irq_enable();
    bottom_half_run_pending();
}

static void check_may_sleep(void)
{
    if (spin_locks_held() > 0 || in_interrupt())
        panic("thread '%s' sleeps under a spinlock or in an interrupt", thread_current()->name);
}

void sched_sleep_prepare(void)
{
    __atomic_exchange_n(&thread_current()->state, THREAD_SLEEPING, __ATOMIC_SEQ_CST);
}

void sched_sleep_cancel(void)
{
    /* A waker that still finds SLEEPING under the lock sees that we are `current`. */
    __atomic_store_n(&thread_current()->state, THREAD_RUNNABLE, __ATOMIC_RELAXED);
}

static void sleep_now(void)
{
    bottom_half_run_pending(); /* It may be what wakes us. */
    irq_disable();
    if (__atomic_load_n(&thread_current()->state, __ATOMIC_RELAXED) == THREAD_SLEEPING)
        schedule();
    irq_enable();
    bottom_half_run_pending();
}

struct sleep_timer {
    struct timer timer;
    struct thread *thread;
    bool expired; /* [atomic] */
};

static void sleep_expired(struct timer *timer)
{
    struct sleep_timer *sleep = CONTAINER_OF(timer, struct sleep_timer, timer);

    __atomic_store_n(&sleep->expired, true, __ATOMIC_RELEASE); /* Before the wake-up. */
    sched_wake(sleep->thread);
}

bool sched_sleep(u64 deadline_ns)
{
    struct sleep_timer sleep = { .thread = thread_current() };

    check_may_sleep();
    if (deadline_ns == DEADLINE_NONE) {
        sleep_now();
        return true;
    }
    timer_init(&sleep.timer, sleep_expired);
    timer_arm(&sleep.timer, deadline_ns);
    sleep_now();
    if (!timer_cancel(&sleep.timer))
        timer_cancel_wait(&sleep.timer); /* It is on our stack. */
    return !__atomic_load_n(&sleep.expired, __ATOMIC_ACQUIRE);
}

void thread_yield(void)
{
    struct thread *thread = thread_current();
    struct cpu_sched *sched;
    const struct thread *first;

    check_may_sleep();
    bottom_half_run_pending();
    irq_disable();
    sched = sched_here();
    spin_lock(&sched->lock);
    first = runqueue_first(&sched->queue);
    runqueue_charge(&sched->queue, thread, clock_now_ns());
    if (first && (s64)(thread->vruntime_ns - first->vruntime_ns) <= 0)
        thread->vruntime_ns = first->vruntime_ns + 1; /* Behind it, or this would be no yield. */
    spin_unlock(&sched->lock);
    if (first)
        schedule();
    irq_enable();
    bottom_half_run_pending();
}

/* The reschedule may have been for the bottom halves alone. */
static bool is_worth_it(const struct thread *thread)
{
    return __atomic_load_n(&sched_here()->queue.count, __ATOMIC_RELAXED) > 0 ||
           !is_allowed(thread, cpu_id());
}

void sched_yield_if_due(void)
{
    struct thread *thread = thread_current();

    if ((__atomic_load_n(&thread->work, __ATOMIC_RELAXED) & THREAD_WORK_RESCHED) == 0)
        return;
    check_may_sleep();
    __atomic_fetch_and(&thread->work, ~(u32)THREAD_WORK_RESCHED, __ATOMIC_RELAXED);
    bottom_half_run_pending();
    irq_disable();
    if (is_worth_it(thread))
        schedule();
    irq_enable();
    bottom_half_run_pending();
}

_Noreturn void sched_exit(void)
{
    struct thread *thread = thread_current();

    irq_disable();
    __atomic_store_n(&thread->state, THREAD_DEAD, __ATOMIC_RELAXED);
    schedule();
    panic("dead thread '%s' runs", thread->name);
}

/* ---- Asking a CPU to look. ---- */

/* Somebody waits here while a CPU idles: it missed its chance to steal. */
static void share_work(void)
{
    u64 idle = __atomic_load_n(&idle_cpus, __ATOMIC_RELAXED);

    if (idle != 0 && claim_idle((u32)__builtin_ctzll(idle)))
        cpu_kick((u32)__builtin_ctzll(idle));
}

void sched_tick(void)
{
    struct cpu_sched *sched = sched_here();

    if (__atomic_load_n(&sched->queue.count, __ATOMIC_RELAXED) > 0)
        share_work();
    spin_lock(&sched->lock);
    if (sched->queue.count == 0) {
        sched->slice_end_ns = DEADLINE_NONE; /* Whom it was for is gone: notice() begins anew. */
    } else if (sched->slice_end_ns != DEADLINE_NONE) {
        if (clock_now_ns() >= sched->slice_end_ns) {
            post_resched(sched->current);
        } else {
            timer_set_tick(sched->slice_end_ns); /* The tick was for the bottom halves. */
        }
    }
    spin_unlock(&sched->lock);
}

void upcall_kick(void)
{
    /*
     * Without the lock, which a CPU that was stopped may hold for good: notice() set it before the
     * kick, and everybody else who sets it is this CPU.
     */
    u64 slice_end_ns = __atomic_load_n(&sched_here()->slice_end_ns, __ATOMIC_RELAXED);

    if (slice_end_ns != DEADLINE_NONE)
        timer_set_tick(slice_end_ns);
}

void thread_post_work(struct thread *thread, u32 work)
{
    u32 cpu;

    __atomic_fetch_or(&thread->work, work, __ATOMIC_SEQ_CST);
    if ((work & (THREAD_WORK_SIGNAL | THREAD_WORK_EXIT)) != 0)
        sched_wake(thread);

    /* In the program on another CPU, it has to come in. On its way there it looks by itself. */
    cpu = __atomic_load_n(&thread->cpu, __ATOMIC_RELAXED);
    if (cpu != cpu_id() && __atomic_load_n(&cpu_scheds[cpu].current, __ATOMIC_RELAXED) == thread)
        cpu_kick(cpu);
}

int sched_set_affinity(struct thread *thread, cpu_mask_t mask) LOCK_INTERNALS
{
    struct cpu_sched *sched;
    bool irq_was_on;
    bool is_ours = false;
    bool is_current;

    if ((mask & started_mask()) == 0)
        return -EINVAL;
    irq_was_on = irq_save();
    sched = lock_of(thread);
    __atomic_store_n(&thread->affinity, mask, __ATOMIC_RELAXED);
    is_current = sched->current == thread;
    if (!is_allowed(thread, thread->cpu) && thread->is_queued &&
        !__atomic_load_n(&thread->on_cpu, __ATOMIC_ACQUIRE)) {
        runqueue_remove(&sched->queue, thread);
        is_ours = true;
    }
    spin_unlock(&sched->lock);
    if (is_ours)
        place(thread);
    irq_restore(irq_was_on);
    if (is_current && !is_allowed(thread, thread->cpu))
        thread_post_work(thread, THREAD_WORK_RESCHED);
    if (thread == thread_current())
        sched_yield_if_due();
    return 0;
}

void sched_set_nice(struct thread *thread, int nice) LOCK_INTERNALS
{
    bool irq_was_on = irq_save();
    struct cpu_sched *sched = lock_of(thread);

    if (sched->current == thread)
        runqueue_charge(&sched->queue, thread, clock_now_ns()); /* The past at the old weight. */
    thread->nice = nice < -20 ? -20 : nice > 19 ? 19 : nice;
    spin_unlock(&sched->lock);
    irq_restore(irq_was_on);
}

/* ---- What others ask. ---- */

/* And the time at which that was so. */
static u64 runtime_at(struct thread *thread, u64 *now_ns) LOCK_INTERNALS
{
    bool irq_was_on = irq_save();
    struct cpu_sched *sched = lock_of(thread);
    u64 runtime_ns = thread->runtime_ns;

    *now_ns = clock_now_ns();
    if (sched->current == thread)
        runtime_ns += *now_ns > thread->run_since_ns ? *now_ns - thread->run_since_ns : 0;
    spin_unlock(&sched->lock);
    irq_restore(irq_was_on);
    return runtime_ns;
}

u64 sched_runtime_ns(struct thread *thread)
{
    u64 now_ns;

    return runtime_at(thread, &now_ns);
}

static struct thread *idle_of(u32 cpu)
{
    return cpu < CPUS_MAX ? cpu_scheds[cpu].idle : NULL;
}

u64 sched_idle_ns(u32 cpu)
{
    struct thread *idle = idle_of(cpu);

    return idle ? sched_runtime_ns(idle) : 0;
}

u64 sched_busy_ns(u32 cpu)
{
    struct thread *idle = idle_of(cpu);
    u64 idle_ns;
    u64 now_ns;

    if (!idle)
        return 0;
    idle_ns = runtime_at(idle, &now_ns);
    return now_ns - u64_min(idle_ns, now_ns);
}

u32 sched_runnable_count(void)
{
    u32 count = 0;

    for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
        const struct cpu_sched *sched = &cpu_scheds[cpu];
        const struct thread *current = __atomic_load_n(&sched->current, __ATOMIC_RELAXED);

        count += __atomic_load_n(&sched->queue.count, __ATOMIC_RELAXED);
        if (current && current != sched->idle)
            count++;
    }
    return count;
}

u64 sched_switch_count(void)
{
    u64 count = 0;

    for (u32 cpu = 0; cpu < cpu_count(); cpu++)
        count += __atomic_load_n(&cpu_scheds[cpu].switches, __ATOMIC_RELAXED);
    return count;
}

/* ---- Idle threads. ---- */

static void cpu_begin(struct thread *idle)
{
    struct cpu_sched *sched = sched_here();
    u32 cpu = cpu_id();

    idle->cpu = cpu;
    idle->is_idle = true;
    idle->state = THREAD_RUNNABLE;
    idle->on_cpu = true;
    idle->affinity = bit_of(cpu);
    idle->run_since_ns = clock_now_ns();
    (void)str_copy(idle->name, sizeof(idle->name), "idle");
    thread_set_current(idle);
    sched->idle = idle;
    sched->slice_end_ns = DEADLINE_NONE;
    __atomic_store_n(&sched->current, idle, __ATOMIC_RELAXED);
    __atomic_fetch_or(&started_cpus, bit_of(cpu), __ATOMIC_RELEASE); /* See started_mask(). */
}

/* Halts, unless something came up since interrupts went off. Invariant 5. */
static void halt(struct cpu_sched *sched, u32 cpu)
{
    __atomic_fetch_or(&idle_cpus, bit_of(cpu), __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&sched->queue.count, __ATOMIC_RELAXED) == 0 && !bottom_half_is_pending()) {
        cpu_idle();
    } else {
        irq_enable();
    }
    (void)claim_idle(cpu);
}

_Noreturn void sched_run_idle(void)
{
    u32 cpu = cpu_id();
    struct cpu_sched *sched = &cpu_scheds[cpu];

    irq_enable();
    for (;;) {
        bottom_half_run_pending();
        irq_disable();
        schedule();
        halt(sched, cpu);
    }
}

void sched_init(void)
{
    struct thread *idle = thread_idle(0);

    for (u32 cpu = 0; cpu < CPUS_MAX; cpu++)
        spinlock_init(&cpu_scheds[cpu].lock, LOCK_RANK_SCHED);
    idle->context = thread_current()->context;
    cpu_begin(idle);
}

_Noreturn void upcall_cpu_started(void)
{
    cpu_begin(thread_idle(cpu_id()));
    sched_run_idle();
}
