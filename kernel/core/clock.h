/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Time. All of it u64 nanoseconds; a deadline is a moment of clock_now_ns(). Any context. */

#include "lib/base/types.h"

#define NS_PER_SECOND 1000000000ull
#define NS_PER_MS     1000000ull
#define NS_PER_US     1000ull

/* "Never", for deadlines. */
#define DEADLINE_NONE UINT64_MAX

/* Since boot; never goes back (CLOCK_MONOTONIC, and CLOCK_BOOTTIME: there is no suspend). */
u64 clock_now_ns(void);

/* Since 1970 (CLOCK_REALTIME). Jumps when somebody sets it. */
u64 clock_wall_ns(void);
/* What it is ahead of clock_now_ns(): for the vDSO, which computes both from one reading. */
u64 clock_wall_offset_ns(void);
void clock_set_wall_ns(u64 wall_ns);

/* `now + delay`, or DEADLINE_NONE where that does not fit. */
u64 clock_deadline(u64 delay_ns);
