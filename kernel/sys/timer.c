/* SPDX-License-Identifier: Apache-2.0 */
/* Timers that send signals: timer_create and its kind, setitimer, alarm. */
#include "abi/linux/errors.h"
#include "abi/linux/signal.h"
#include "abi/linux/time.h"
#include "kernel/core/clock.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sys/cpu_clock.h"
#include "kernel/sys/dispatch.h"
#include "kernel/sys/timespec.h"
#include "kernel/task/task.h"
#include "kernel/task/timers.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

static void task_exists(void *arg, struct task *task)
{
    (void)arg;
    (void)task;
}

static int event_copy_in(struct timer_event *event, uaddr_t from)
{
    struct abi_sigevent given;
    int err;

    *event = (struct timer_event){ .sends = true, .signo = SIGALRM };
    if (from == 0)
        return 0;
    err = copy_in(&given, from, sizeof(given));
    if (err < 0)
        return err;
    event->has_value = true;
    event->value = given.value;
    event->signo = given.signo;
    event->sends = given.notify != SIGEV_NONE;
    if (given.notify == SIGEV_THREAD_ID) {
        event->tid = (u32)given.tid;
        if (!task_visit(event->tid, task_exists, NULL))
            return -EINVAL;
    } else if (given.notify < SIGEV_SIGNAL || given.notify > SIGEV_THREAD) {
        return -EINVAL;
    }
    return event->sends && (given.signo < 1 || given.signo > SIGNALS) ? -EINVAL : 0;
}

/* `*tid` is the thread of a thread's CPU time. */
static int timer_clock_of(int clock, enum timer_clock *kind, u32 *tid)
{
    int err;

    *tid = 0;
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_TAI:
        *kind = TIMER_CLOCK_WALL;
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
        *kind = TIMER_CLOCK_MONOTONIC;
        return 0;
    case CLOCK_PROCESS_CPUTIME_ID:
        *kind = TIMER_CLOCK_PROCESS_CPU;
        return 0;
    case CLOCK_THREAD_CPUTIME_ID:
        *kind = TIMER_CLOCK_THREAD_CPU;
        *tid = task_current()->tid;
        return 0;
    case CLOCK_REALTIME_ALARM:
    case CLOCK_BOOTTIME_ALARM:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_MONOTONIC_COARSE:
        return -EOPNOTSUPP;
    default:
        if (clock >= 0)
            return -EINVAL;
        err = cpu_clock_thread(clock, tid);
        *kind = *tid != 0 ? TIMER_CLOCK_THREAD_CPU : TIMER_CLOCK_PROCESS_CPU;
        return err;
    }
}

long sys_timer_create(int clock, uaddr_t event_at, uaddr_t id_at)
{
    struct timer_event event;
    enum timer_clock kind;
    u32 tid;
    s32 id;
    int err = timer_clock_of(clock, &kind, &tid);

    if (err == 0)
        err = event_copy_in(&event, event_at);
    if (err < 0)
        return err;
    id = program_timer_create(kind, tid, &event);
    if (id < 0)
        return id;
    err = copy_out(id_at, &id, sizeof(id));
    if (err < 0)
        (void)program_timer_delete(id);
    return err;
}

static int value_copy_in(struct abi_itimerspec *value, uaddr_t from)
{
    int err = timespec_copy_in(&value->interval, from);

    return err < 0 ? err : timespec_copy_in(&value->value, from + sizeof(value->interval));
}

static int value_copy_out(uaddr_t to, const struct timer_value *value)
{
    int err = timespec_copy_out(to, value->interval_ns);

    return err < 0 ? err : timespec_copy_out(to + sizeof(struct abi_timespec), value->left_ns);
}

/* What is left until `moment`; at least 1, since 0 would disarm. */
static u64 left_until(int id, const struct abi_timespec *moment)
{
    u64 now = program_timer_now(id);

    return u64_max(timespec_to_ns(moment), now + 1) - now;
}

long sys_timer_settime(int id, int flags, uaddr_t new_at, uaddr_t old_at)
{
    struct abi_itimerspec given;
    struct timer_value value;
    struct timer_value old;
    int err;

    if (new_at == 0)
        return -EINVAL;
    err = value_copy_in(&given, new_at);
    if (err < 0)
        return err;
    value.interval_ns = timespec_to_ns(&given.interval);
    value.left_ns = timespec_to_ns(&given.value);
    if (value.left_ns != 0 && flags & TIMER_ABSTIME)
        value.left_ns = left_until(id, &given.value);
    err = program_timer_set(id, &value, &old);
    return err == 0 && old_at != 0 ? value_copy_out(old_at, &old) : err;
}

long sys_timer_gettime(int id, uaddr_t value_at)
{
    struct timer_value value;
    int err = program_timer_get(id, &value);

    return err < 0 ? err : value_copy_out(value_at, &value);
}

long sys_timer_getoverrun(int id)
{
    return program_timer_overrun(id);
}

long sys_timer_delete(int id)
{
    return program_timer_delete(id);
}

static bool timeval_is_valid(const struct abi_timeval *time)
{
    return time->seconds >= 0 && time->us >= 0 && time->us < 1000000;
}

/* A timer that still runs has something left. */
static u64 align_up_us(u64 ns)
{
    return ns == 0 || ns >= NS_PER_US ? ns : NS_PER_US;
}

static int interval_copy_out(uaddr_t to, const struct timer_value *value)
{
    struct abi_itimerval out = {
        .interval = timeval_from_ns(value->interval_ns),
        .value = timeval_from_ns(align_up_us(value->left_ns)),
    };

    return copy_out(to, &out, sizeof(out));
}

long sys_getitimer(int which, uaddr_t value_at)
{
    struct timer_value value;

    if (which < ITIMER_REAL || which > ITIMER_PROF)
        return -EINVAL;
    interval_timer_get(which, &value);
    return interval_copy_out(value_at, &value);
}

long sys_setitimer(int which, uaddr_t new_at, uaddr_t old_at)
{
    struct abi_itimerval given = { 0 };
    struct timer_value value;
    struct timer_value old;
    int err = new_at != 0 ? copy_in(&given, new_at, sizeof(given)) : 0;

    if (err < 0)
        return err;
    if (which < ITIMER_REAL || which > ITIMER_PROF || !timeval_is_valid(&given.interval) ||
        !timeval_is_valid(&given.value))
        return -EINVAL;
    value.interval_ns = timeval_to_ns(&given.interval);
    value.left_ns = timeval_to_ns(&given.value);
    interval_timer_set(which, &value, &old);
    return old_at != 0 ? interval_copy_out(old_at, &old) : 0;
}

long sys_alarm(u32 seconds)
{
    struct timer_value value = { .left_ns = seconds * NS_PER_SECOND };
    struct timer_value old;
    u64 left;

    interval_timer_set(ITIMER_REAL, &value, &old);
    if (old.left_ns == 0)
        return 0;
    /* Rounded, but never to 0, which means that there was none. */
    left = (old.left_ns + NS_PER_SECOND / 2) / NS_PER_SECOND;
    return left != 0 ? (long)left : 1;
}
