/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Times as the program writes them, and what they come to. */

#include "abi/linux/time.h"
#include "lib/base/types.h"

/* -EFAULT, -EINVAL for a negative time or nanoseconds that are none. */
int timespec_copy_in(struct abi_timespec *time, uaddr_t from) MUST_USE;
int timespec_copy_out(uaddr_t to, u64 ns) MUST_USE;

/* Nanoseconds, of a time that is not negative; UINT64_MAX where they do not fit. */
u64 timespec_to_ns(const struct abi_timespec *time);
u64 timeval_to_ns(const struct abi_timeval *time);
struct abi_timespec timespec_from_ns(u64 ns);
struct abi_timeval timeval_from_ns(u64 ns);

/* The deadline (kernel/core/clock.h) at a moment of the monotonic clock or of the wall clock. */
u64 timespec_deadline(const struct abi_timespec *moment, bool wall);
