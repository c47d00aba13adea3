/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Clocks and timers as Linux numbers them: clock_gettime(2), timer_create(2), timerfd_create(2). */

#include "lib/base/types.h"

enum {
    CLOCK_REALTIME = 0,
    CLOCK_MONOTONIC = 1,
    CLOCK_PROCESS_CPUTIME_ID = 2,
    CLOCK_THREAD_CPUTIME_ID = 3,
    CLOCK_MONOTONIC_RAW = 4,
    CLOCK_REALTIME_COARSE = 5,
    CLOCK_MONOTONIC_COARSE = 6,
    CLOCK_BOOTTIME = 7,
    CLOCK_REALTIME_ALARM = 8,
    CLOCK_BOOTTIME_ALARM = 9,
    CLOCK_TAI = 11,

    TIMER_ABSTIME = 1,

    ITIMER_REAL = 0,
    ITIMER_VIRTUAL = 1,
    ITIMER_PROF = 2,
};

struct abi_timespec {
    s64 seconds;
    s64 ns;
};

struct abi_timeval {
    s64 seconds;
    s64 us;
};

struct abi_itimerspec {
    struct abi_timespec interval;
    struct abi_timespec value;
};

struct abi_itimerval {
    struct abi_timeval interval;
    struct abi_timeval value;
};

/* struct sigevent of timer_create(2). */
struct abi_sigevent {
    u64 value;
    s32 signo;
    s32 notify;
    s32 tid;
    u8 padding[44];
};
static_assert(sizeof(struct abi_sigevent) == 64, "timer_create(2)");
