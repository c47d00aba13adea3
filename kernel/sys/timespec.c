/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/sys/timespec.h"

#include "abi/linux/errors.h"
#include "kernel/core/clock.h"
#include "kernel/mm/uaccess.h"
#include "lib/base/num.h"

enum {
    US_PER_SECOND = 1000000,
};

int timespec_copy_in(struct abi_timespec *time, uaddr_t from)
{
    int err = copy_in(time, from, sizeof(*time));

    if (err < 0)
        return err;
    if (time->seconds < 0 || time->ns < 0 || time->ns >= (s64)NS_PER_SECOND)
        return -EINVAL;
    return 0;
}

int timespec_copy_out(uaddr_t to, u64 ns)
{
    struct abi_timespec time = timespec_from_ns(ns);

    return copy_out(to, &time, sizeof(time));
}

static u64 to_ns(u64 seconds, u64 ns)
{
    u64 whole;
    u64 sum;

    if (!u64_mul(seconds, NS_PER_SECOND, &whole) || !u64_add(whole, ns, &sum))
        return UINT64_MAX;
    return sum;
}

u64 timespec_to_ns(const struct abi_timespec *time)
{
    return to_ns((u64)time->seconds, (u64)time->ns);
}

u64 timeval_to_ns(const struct abi_timeval *time)
{
    u64 more = (u64)time->us / US_PER_SECOND; /* select(2) takes any number of microseconds. */

    return to_ns((u64)time->seconds + more, (u64)time->us % US_PER_SECOND * NS_PER_US);
}

struct abi_timespec timespec_from_ns(u64 ns)
{
    return (struct abi_timespec){ (s64)(ns / NS_PER_SECOND), (s64)(ns % NS_PER_SECOND) };
}

struct abi_timeval timeval_from_ns(u64 ns)
{
    return (struct abi_timeval){ (s64)(ns / NS_PER_SECOND), (s64)(ns % NS_PER_SECOND / NS_PER_US) };
}

u64 timespec_deadline(const struct abi_timespec *moment, bool wall)
{
    u64 ns = timespec_to_ns(moment);
    u64 wall_now;

    if (!wall || ns == UINT64_MAX)
        return ns;
    wall_now = clock_wall_ns();
    return ns > wall_now ? clock_deadline(ns - wall_now) : clock_now_ns();
}
