/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Timeouts as the program gives them, made into deadlines. Times by themselves: timespec.h. */

#include "lib/base/types.h"

/* Below 0: never. 0 stays 0, which does not wait. */
u64 deadline_from_ms(int timeout_ms);
u64 deadline_from_ns(u64 timeout_ns);

/* From a timespec in the program; NULL: never. 0, -EFAULT, -EINVAL. */
int deadline_in(uaddr_t timespec, u64 *deadline_ns) MUST_USE;
