/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, sleeping, and timers that send signals. */
#include "abi/linux/time.h"
#include "abi/linux/errors.h"
#include "kernel/arch/cpu.h"
#include "kernel/core/clock.h"
#include "kernel/core/thread.h"
#include "kernel/core/wait.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sys/cpu_clock.h"
#include "kernel/sys/dispatch.h"
#include "kernel/sys/timespec.h"
#include "kernel/task/signal.h"
#include "kernel/task/task.h"
#include "kernel/vm/vm.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    CLOCK_TICKS = 100,   /* A second, for times(2). */
    TIMEX_SIZE = 208,    /* struct timex */
    TIMEX_MODES_OFF = 0, /* u32: what to change. */
    TIMEX_STATUS_OFF = 40,
    TIMEX_TICK_OFF = 88,
    TIMEX_TIME_OFF = 72,
    TICK_US = 10000,
    STA_UNSYNC = 0x40,
    TIME_ERROR = 5, /* The clock is not synchronised to anything. */
};

static void thread_time(void *arg, struct task *task)
{
    *(u64 *)arg = sched_runtime_ns(&task->thread);
}

/* Numbers are ~pid << 3 | kind. */
int cpu_clock_thread(int clock, u32 *tid)
{
    u32 id = ~((u32)(clock >> 3));
    bool per_thread = (clock & 4) != 0;
    u64 ns;

    *tid = 0;
    if ((clock & 3) == 3)
        return -EINVAL;
    if (!per_thread)
        return id == 0 || id == PROGRAM_PID ? 0 : -EINVAL;
    *tid = id != 0 ? id : task_current()->tid;
    return task_visit(*tid, thread_time, &ns) ? 0 : -EINVAL;
}

static int cpu_clock_ns(int clock, u64 *ns)
{
    u32 tid;
    int err = cpu_clock_thread(clock, &tid);

    if (err < 0)
        return err;
    if (tid != 0)
        return task_visit(tid, thread_time, ns) ? 0 : -EINVAL;
    *ns = task_runtime_ns();
    return 0;
}

static int clock_ns(int clock, u64 *ns)
{
    if (clock < 0)
        return cpu_clock_ns(clock, ns);
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI:
        *ns = clock_wall_ns();
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
        *ns = clock_now_ns();
        return 0;
    case CLOCK_PROCESS_CPUTIME_ID:
        *ns = task_runtime_ns();
        return 0;
    case CLOCK_THREAD_CPUTIME_ID:
        *ns = sched_runtime_ns(thread_current());
        return 0;
    default:
        return -EINVAL;
    }
}

static bool is_wall(int clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM || clock == CLOCK_TAI;
}

long sys_clock_gettime(int clock, uaddr_t time)
{
    u64 ns;
    int err = clock_ns(clock, &ns);

    return err < 0 ? err : timespec_copy_out(time, ns);
}

long sys_clock_settime(int clock, uaddr_t time)
{
    struct abi_timespec value;
    int err;

    if (clock != CLOCK_REALTIME)
        return -EINVAL;
    err = timespec_copy_in(&value, time);
    if (err < 0)
        return err;
    if (timespec_to_ns(&value) > INT64_MAX)
        return -EINVAL;
    clock_set_wall_ns(timespec_to_ns(&value));
    vm_vdso_update();
    return 0;
}

long sys_clock_getres(int clock, uaddr_t time)
{
    u64 ns;
    int err = clock_ns(clock, &ns);

    if (err < 0 || time == 0)
        return err;
    return timespec_copy_out(time, 1);
}

static long sleep_until(u64 deadline, uaddr_t remaining);

/* words: deadline, where the rest goes. */
static long sleep_resume(const u64 *words)
{
    return sleep_until(words[0], words[1]);
}

/* A sleep for a duration: interrupted, it tells what is left, and goes on if no handler ran. */
static long sleep_until(u64 deadline, uaddr_t remaining)
{
    u64 words[RESTART_WORDS] = { deadline, remaining };
    int err = wait_sleep_until(deadline);
    u64 now;

    if (err != -EINTR)
        return 0;
    now = clock_now_ns();
    if (now >= deadline)
        return 0;
    if (remaining != 0) {
        err = timespec_copy_out(remaining, deadline - now);
        if (err < 0)
            return err;
    }
    return signal_restart_block(sleep_resume, words);
}

long sys_nanosleep(uaddr_t request, uaddr_t remaining)
{
    struct abi_timespec time;
    int err = timespec_copy_in(&time, request);

    return err < 0 ? err : sleep_until(clock_deadline(timespec_to_ns(&time)), remaining);
}

/* CPU time passes when it is used: looks again until it has. */
static long cpu_sleep(int clock, u64 until)
{
    u64 now;

    for (;;) {
        int err = clock_ns(clock, &now);

        if (err < 0 || now >= until)
            return err;
        err = wait_sleep_until(clock_deadline(u64_max(until - now, NS_PER_MS)));
        if (err == -EINTR)
            return -ERESTARTNOHAND;
    }
}

long sys_clock_nanosleep(int clock, int flags, uaddr_t request, uaddr_t remaining)
{
    struct abi_timespec time;
    u64 now;
    int err;

    if (clock == CLOCK_THREAD_CPUTIME_ID)
        return -EINVAL;
    err = clock_ns(clock, &now);
    if (err < 0 || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE ||
        clock == CLOCK_MONOTONIC_RAW)
        return err < 0 ? err : -EOPNOTSUPP;
    err = timespec_copy_in(&time, request);
    if (err < 0)
        return err;

    if (clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID) {
        u64 ns = timespec_to_ns(&time);

        return cpu_sleep(clock, flags & TIMER_ABSTIME || ns > UINT64_MAX - now ? ns : now + ns);
    }
    if (!(flags & TIMER_ABSTIME))
        return sleep_until(clock_deadline(timespec_to_ns(&time)), remaining);
    err = wait_sleep_until(timespec_deadline(&time, is_wall(clock)));
    return err == -EINTR ? -ERESTARTNOHAND : 0;
}

static long timex_read(uaddr_t timex)
{
    u8 bytes[TIMEX_SIZE];
    struct abi_timeval now = timeval_from_ns(clock_wall_ns());
    u32 status = STA_UNSYNC;
    u64 tick = TICK_US;
    u32 modes;
    int err = copy_in(&modes, timex + TIMEX_MODES_OFF, sizeof(modes));

    if (err < 0)
        return err;
    if (modes != 0 && modes != 0xa001) /* ADJ_OFFSET_SS_READ */
        return -EPERM;
    mem_zero(bytes, sizeof(bytes));
    mem_copy(bytes + TIMEX_STATUS_OFF, &status, sizeof(status));
    mem_copy(bytes + TIMEX_TIME_OFF, &now, sizeof(now));
    mem_copy(bytes + TIMEX_TICK_OFF, &tick, sizeof(tick));
    err = copy_out(timex, bytes, sizeof(bytes));
    return err < 0 ? err : TIME_ERROR;
}

long sys_adjtimex(uaddr_t timex)
{
    return timex_read(timex);
}

long sys_clock_adjtime(int clock, uaddr_t timex)
{
    return clock == CLOCK_REALTIME ? timex_read(timex) : -EINVAL;
}

long sys_gettimeofday(uaddr_t time, uaddr_t zone)
{
    struct abi_timeval now = timeval_from_ns(clock_wall_ns());
    int err = time != 0 ? copy_out(time, &now, sizeof(now)) : 0;

    if (err == 0 && zone != 0)
        err = zero_out(zone, 2 * sizeof(s32)); /* struct timezone: UTC. */
    return err;
}

long sys_settimeofday(uaddr_t time, uaddr_t zone)
{
    struct abi_timeval value;
    int err;

    (void)zone;
    if (time == 0)
        return 0;
    err = copy_in(&value, time, sizeof(value));
    if (err < 0)
        return err;
    if (value.seconds < 0 || value.us < 0 || value.us >= 1000000 ||
        timeval_to_ns(&value) > INT64_MAX)
        return -EINVAL;
    clock_set_wall_ns(timeval_to_ns(&value));
    vm_vdso_update();
    return 0;
}

long sys_time(uaddr_t seconds)
{
    u64 now = clock_wall_ns() / NS_PER_SECOND;
    int err = seconds != 0 ? copy_out(seconds, &now, sizeof(now)) : 0;

    return err < 0 ? err : (long)now;
}

long sys_times(uaddr_t times)
{
    u64 tick = NS_PER_SECOND / CLOCK_TICKS;
    u64 words[4] = { task_runtime_ns() / tick, 0, 0, 0 };
    int err = times != 0 ? copy_out(times, words, sizeof(words)) : 0;

    return err < 0 ? err : (long)(clock_now_ns() / tick);
}
