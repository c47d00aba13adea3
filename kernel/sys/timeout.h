/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Timeouts as the program gives them, made into deadlines. */

#include "lib/base/types.h"

struct user_timespec {
    s64 seconds;
    s64 ns;
};

/* False for a time below 0 or a fraction of a second and more. What does not fit is the maximum. */
bool timespec_to_ns(const struct user_timespec *time, u64 *ns) MUST_USE;
struct user_timespec timespec_from_ns(u64 ns);

/* Below 0: never. 0 stays 0, which does not wait. */
u64 deadline_from_ms(int timeout_ms);
u64 deadline_from_ns(u64 timeout_ns);

/* From a timespec in the program; NULL: never. 0, -EFAULT, -EINVAL. */
int deadline_in(uaddr_t timespec, u64 *deadline_ns) MUST_USE;
