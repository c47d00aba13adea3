/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A timer of the program is a timer of the core that sends a signal from its bottom half, and arms
 * itself again. Expiries that passed before it came to run are counted as overruns.
 *
 * `lock` orders setting, firing and deleting; task_runtime_ns() takes the task list's below it. A
 * firing one is waited for, without the lock, before its storage is freed.
 */
#include "kernel/task/timers.h"

#include "abi/linux/errors.h"
#include "abi/linux/signal.h"
#include "abi/linux/time.h"
#include "kernel/core/clock.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/thread.h"
#include "kernel/core/timer.h"
#include "kernel/mm/heap.h"
#include "kernel/task/signal.h"
#include "kernel/task/task.h"
#include "lib/base/num.h"

enum {
    INTERVAL_TIMERS = 3,
};

/* A timer on CPU time looks again after this long at least, however little is left. */
#define CPU_TIMER_STEP_NS (NS_PER_MS)

struct program_timer {
    struct timer timer;
    enum timer_clock clock;
    u32 clock_tid;
    struct timer_event event;
    int id;         /* -1: an interval timer. */
    int code;       /* si_code of its signals. */
    u64 expires_ns; /* On its clock; 0: not armed. */
    u64 interval_ns;
    u64 last_overrun; /* What timer_getoverrun() says. */
};

static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_FUTEX); /* Before the task list's. */
static struct program_timer *timers[TIMERS_MAX];
static struct program_timer intervals[INTERVAL_TIMERS];

static void thread_time(void *arg, struct task *task)
{
    *(u64 *)arg = sched_runtime_ns(&task->thread);
}

static u64 timer_now(const struct program_timer *timer)
{
    u64 now = 0;

    switch (timer->clock) {
    case TIMER_CLOCK_PROCESS_CPU:
        return task_runtime_ns();
    case TIMER_CLOCK_THREAD_CPU:
        (void)task_visit(timer->clock_tid, thread_time, &now);
        return now;
    default:
        return clock_now_ns();
    }
}

static bool counts_cpu_time(const struct program_timer *timer)
{
    return timer->clock == TIMER_CLOCK_PROCESS_CPU || timer->clock == TIMER_CLOCK_THREAD_CPU;
}

static void arm(struct program_timer *timer, u64 now)
{
    u64 left = timer->expires_ns > now ? timer->expires_ns - now : 0;

    if (counts_cpu_time(timer)) {
        timer_arm(&timer->timer, clock_deadline(u64_max(left, CPU_TIMER_STEP_NS)));
    } else {
        timer_arm(&timer->timer, timer->expires_ns);
    }
}

/* Moves on to the next expiry after `now`. Returns how many have been passed over. */
static u64 advance(struct program_timer *timer, u64 now)
{
    u64 missed;

    if (timer->interval_ns == 0) {
        timer->expires_ns = 0;
        return 0;
    }
    missed = (now - timer->expires_ns) / timer->interval_ns;
    timer->expires_ns += (missed + 1) * timer->interval_ns;
    arm(timer, now);
    return missed;
}

static void send(struct program_timer *timer, u64 missed)
{
    struct abi_siginfo info;
    u64 overrun = u64_min(missed, INT32_MAX);

    signal_info_init(&info, timer->event.signo, timer->code);
    if (timer->code != SI_TIMER) {
        (void)signal_post(&info);
        return;
    }
    info.timer.id = timer->id;
    info.timer.overrun = (s32)overrun;
    info.timer.value = timer->event.has_value ? timer->event.value : (u64)timer->id;
    if (signal_post_timer(timer->event.tid, &info)) {
        timer->last_overrun += overrun + 1;
    } else {
        timer->last_overrun = overrun;
    }
}

/* In a bottom half. */
static void fire(struct timer *fired)
{
    struct program_timer *timer = CONTAINER_OF(fired, struct program_timer, timer);
    u64 now = timer_now(timer);

    spin_lock(&lock);
    if (timer->expires_ns != 0 && now >= timer->expires_ns) {
        u64 missed = advance(timer, now);

        if (timer->event.sends)
            send(timer, missed);
    } else if (timer->expires_ns != 0) {
        arm(timer, now); /* CPU time passes slower than time. */
    }
    spin_unlock(&lock);
}

static void value_get(const struct program_timer *timer, struct timer_value *value)
{
    u64 now = timer_now(timer);

    value->interval_ns = timer->interval_ns;
    value->left_ns = 0;
    if (timer->expires_ns != 0)
        value->left_ns = timer->expires_ns > now ? timer->expires_ns - now : 1;
}

static void value_set(struct program_timer *timer, const struct timer_value *value)
{
    u64 now = timer_now(timer);

    (void)timer_cancel(&timer->timer);
    timer->interval_ns = value->interval_ns;
    timer->expires_ns = 0;
    timer->last_overrun = 0;
    if (value->left_ns == 0)
        return;
    if (!u64_add(now, value->left_ns, &timer->expires_ns))
        timer->expires_ns = UINT64_MAX; /* Never, and it says so. */
    arm(timer, now);
}

static struct program_timer *timer_find(int id)
{
    return id >= 0 && id < TIMERS_MAX ? timers[id] : NULL;
}

int program_timer_create(enum timer_clock clock, u32 clock_tid, const struct timer_event *event)
{
    struct program_timer *timer = heap_alloc_zero(sizeof(*timer));
    int id = 0;

    if (!timer)
        return -EAGAIN;
    timer_init(&timer->timer, fire);
    timer->clock = clock;
    timer->clock_tid = clock_tid;
    timer->event = *event;
    timer->code = SI_TIMER;

    spin_lock(&lock);
    while (id < TIMERS_MAX && timers[id])
        id++;
    if (id < TIMERS_MAX)
        timers[id] = timer;
    timer->id = id;
    spin_unlock(&lock);

    if (id < TIMERS_MAX)
        return id;
    heap_free(timer);
    return -EAGAIN;
}

int program_timer_set(int id, const struct timer_value *value, struct timer_value *old)
{
    struct program_timer *timer;

    spin_lock(&lock);
    timer = timer_find(id);
    if (timer) {
        value_get(timer, old);
        value_set(timer, value);
    }
    spin_unlock(&lock);
    return timer ? 0 : -EINVAL;
}

int program_timer_get(int id, struct timer_value *value)
{
    struct program_timer *timer;

    spin_lock(&lock);
    timer = timer_find(id);
    if (timer)
        value_get(timer, value);
    spin_unlock(&lock);
    return timer ? 0 : -EINVAL;
}

u64 program_timer_now(int id)
{
    struct program_timer *timer;
    u64 now = 0;

    spin_lock(&lock);
    timer = timer_find(id);
    if (timer)
        now = timer->clock == TIMER_CLOCK_WALL ? clock_wall_ns() : timer_now(timer);
    spin_unlock(&lock);
    return now;
}

int program_timer_overrun(int id)
{
    struct program_timer *timer;
    int count = -EINVAL;

    spin_lock(&lock);
    timer = timer_find(id);
    if (timer)
        count = (int)u64_min(timer->last_overrun, INT32_MAX);
    spin_unlock(&lock);
    return count;
}

int program_timer_delete(int id)
{
    struct program_timer *timer;

    spin_lock(&lock);
    timer = timer_find(id);
    if (timer) {
        timers[id] = NULL;
        timer->expires_ns = 0; /* One that fires just now does not arm itself again. */
    }
    spin_unlock(&lock);
    if (!timer)
        return -EINVAL;
    timer_cancel_wait(&timer->timer);
    heap_free(timer);
    return 0;
}

void interval_timer_set(int which, const struct timer_value *value, struct timer_value *old)
{
    spin_lock(&lock);
    value_get(&intervals[which], old);
    value_set(&intervals[which], value);
    spin_unlock(&lock);
}

void interval_timer_get(int which, struct timer_value *value)
{
    spin_lock(&lock);
    value_get(&intervals[which], value);
    spin_unlock(&lock);
}

void timers_init(void)
{
    static const int signals[INTERVAL_TIMERS] = { SIGALRM, SIGVTALRM, SIGPROF };

    for (int which = 0; which < INTERVAL_TIMERS; which++) {
        struct program_timer *timer = &intervals[which];

        timer_init(&timer->timer, fire);
        timer->clock = which == ITIMER_REAL ? TIMER_CLOCK_MONOTONIC : TIMER_CLOCK_PROCESS_CPU;
        timer->event = (struct timer_event){ .sends = true, .signo = signals[which] };
        timer->id = -1;
        timer->code = SI_KERNEL;
    }
}
