/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Timers of the program that send signals: POSIX timers, and the three interval timers. Times on
 * the wall clock are turned into delays when they are set: a jump of that clock does not move them.
 * Timers on CPU time are looked at by a clock that follows the time used.
 */

#include "lib/base/types.h"

enum {
    TIMERS_MAX = 4096,
};

struct timer_value {
    u64 left_ns;     /* 0: not armed. */
    u64 interval_ns; /* 0: once. */
};

enum timer_clock {
    TIMER_CLOCK_MONOTONIC,
    TIMER_CLOCK_WALL,
    TIMER_CLOCK_PROCESS_CPU,
    TIMER_CLOCK_THREAD_CPU, /* It stands still once the thread has ended. */
};

struct timer_event {
    bool sends; /* Else it only counts (SIGEV_NONE). */
    s32 signo;
    u64 value;      /* si_value */
    bool has_value; /* Else si_value is the timer's number. */
    u32 tid;        /* The thread that gets it; 0: the process. */
};

/* The new timer's number, or -EAGAIN. `clock_tid` is the thread of TIMER_CLOCK_THREAD_CPU. */
int program_timer_create(enum timer_clock clock, u32 clock_tid, const struct timer_event *event)
    MUST_USE;
/* -EINVAL when there is no such timer; the value it had in `*old`. 0 for `left_ns` disarms. */
int program_timer_set(int id, const struct timer_value *value, struct timer_value *old) MUST_USE;
int program_timer_get(int id, struct timer_value *value) MUST_USE;
/* The time its clock shows; 0 when there is none such. */
u64 program_timer_now(int id);
int program_timer_overrun(int id) MUST_USE;
int program_timer_delete(int id);

/* ITIMER_REAL, _VIRTUAL, _PROF: `which` has been checked. */
void interval_timer_set(int which, const struct timer_value *value, struct timer_value *old);
void interval_timer_get(int which, struct timer_value *value);

void timers_init(void);
