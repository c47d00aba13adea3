/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Inside kernel/core: the one deadline per CPU that is no struct timer. It bounds how long the
 * running thread goes on while others wait, and how long bottom halves are held back under load.
 */

#include "lib/base/types.h"

/* sched_tick() and bottom halves run on this CPU at `deadline_ns`; DEADLINE_NONE: not for that. */
void timer_set_tick(u64 deadline_ns);

/* kernel/core/sched.c: the tick, in a bottom half. */
void sched_tick(void);
