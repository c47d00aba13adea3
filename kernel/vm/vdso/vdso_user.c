/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vDSO: runs in the program, in place of system calls that only read a clock (vdso(7)). A
 * shared object of its own, built for the program's side; nothing of the kernel is linked to it.
 */
#include "abi/linux/time.h"
#include "kernel/vm/vdso/vvar.h"
#include "lib/base/types.h"

enum {
    NR_GETTIMEOFDAY = 96,
    NR_TIME = 201,
    NR_CLOCK_GETTIME = 228,
    NR_CLOCK_GETRES = 229,
    NR_GETCPU = 309,
    CPU_NUMBER_MASK = 0xfff,
};
#define NS_PER_SECOND 1000000000ull

struct user_timespec {
    s64 seconds;
    s64 ns;
};

struct user_timeval {
    s64 seconds;
    s64 us;
};

struct user_timezone {
    s32 minutes_west;
    s32 dst;
};

/* NOLINTBEGIN(readability-identifier-naming): the names are the contract, vdso(7). */
extern const struct vvar vvar_page __attribute__((visibility("hidden")));

int __vdso_clock_gettime(int clock, struct user_timespec *time);
int __vdso_clock_getres(int clock, struct user_timespec *time);
int __vdso_gettimeofday(struct user_timeval *time, struct user_timezone *zone);
s64 __vdso_time(s64 *seconds);
int __vdso_getcpu(u32 *cpu, u32 *node, void *unused);

static inline long syscall2(long nr, long first, long second)
{
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(nr), "D"(first), "S"(second), "d"(0)
                     : "rcx", "r11", "memory");
    return result;
}

static inline u64 cycles_now(void)
{
    u32 low;
    u32 high;

    __asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (u64)high << 32 | low;
}

/* Time since boot, and what to add for the time of day. False: ask the kernel. */
static inline bool clock_read(u64 *ns, u64 *wall_ns)
{
    const volatile struct vvar *vvar = &vvar_page;
    u32 sequence;

    do {
        sequence = __atomic_load_n(&vvar->sequence, __ATOMIC_ACQUIRE);
        if (!vvar->is_valid)
            return false;
        *ns = (u64)((unsigned __int128)(cycles_now() - vvar->base_cycles) * vvar->mult >>
                    vvar->shift) +
              vvar->offset_ns;
        *wall_ns = vvar->wall_ns;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while ((sequence & 1) != 0 || sequence != vvar->sequence);
    return true;
}

int __vdso_clock_gettime(int clock, struct user_timespec *time)
{
    u64 ns;
    u64 wall_ns;

    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        if (!clock_read(&ns, &wall_ns))
            break;
        ns += wall_ns;
        time->seconds = (s64)(ns / NS_PER_SECOND);
        time->ns = (s64)(ns % NS_PER_SECOND);
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        if (!clock_read(&ns, &wall_ns))
            break;
        time->seconds = (s64)(ns / NS_PER_SECOND);
        time->ns = (s64)(ns % NS_PER_SECOND);
        return 0;
    default:
        break;
    }
    return (int)syscall2(NR_CLOCK_GETTIME, clock, (long)time);
}

int __vdso_clock_getres(int clock, struct user_timespec *time)
{
    return (int)syscall2(NR_CLOCK_GETRES, clock, (long)time);
}

int __vdso_gettimeofday(struct user_timeval *time, struct user_timezone *zone)
{
    u64 ns;
    u64 wall_ns;

    if (!clock_read(&ns, &wall_ns))
        return (int)syscall2(NR_GETTIMEOFDAY, (long)time, (long)zone);
    ns += wall_ns;
    if (time) {
        time->seconds = (s64)(ns / NS_PER_SECOND);
        time->us = (s64)(ns % NS_PER_SECOND / 1000);
    }
    if (zone)
        *zone = (struct user_timezone){ 0 };
    return 0;
}

s64 __vdso_time(s64 *seconds)
{
    u64 ns;
    u64 wall_ns;
    s64 now;

    if (!clock_read(&ns, &wall_ns))
        return syscall2(NR_TIME, (long)seconds, 0);
    now = (s64)((ns + wall_ns) / NS_PER_SECOND);
    if (seconds)
        *seconds = now;
    return now;
}

int __vdso_getcpu(u32 *cpu, u32 *node, void *unused)
{
    const volatile struct vvar *vvar = &vvar_page;
    u32 number;

    (void)unused;
    if (!vvar->has_rdtscp)
        return (int)syscall2(NR_GETCPU, (long)cpu, (long)node);
    __asm__ volatile("rdtscp" : "=c"(number) : : "eax", "edx");
    if (cpu)
        *cpu = number & CPU_NUMBER_MASK;
    if (node)
        *node = 0;
    return 0;
}
/* NOLINTEND(readability-identifier-naming) */
