/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/sys/timeout.h"

#include "abi/linux/errors.h"
#include "kernel/core/clock.h"
#include "kernel/mm/uaccess.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

bool timespec_to_ns(const struct user_timespec *time, u64 *ns)
{
    u64 whole;

    if (time->seconds < 0 || time->ns < 0 || time->ns >= (s64)NS_PER_SECOND)
        return false;
    if (!u64_mul((u64)time->seconds, NS_PER_SECOND, &whole) || !u64_add(whole, (u64)time->ns, ns))
        *ns = UINT64_MAX;
    return true;
}

struct user_timespec timespec_from_ns(u64 ns)
{
    return (struct user_timespec){ .seconds = (s64)(ns / NS_PER_SECOND),
                                   .ns = (s64)(ns % NS_PER_SECOND) };
}

u64 deadline_from_ns(u64 timeout_ns)
{
    return timeout_ns == 0 ? 0 : clock_deadline(timeout_ns);
}

u64 deadline_from_ms(int timeout_ms)
{
    if (timeout_ms < 0)
        return DEADLINE_NONE;
    return deadline_from_ns((u64)timeout_ms * NS_PER_MS);
}

int deadline_in(uaddr_t timespec, u64 *deadline_ns)
{
    struct user_timespec time;
    u64 ns;
    int err;

    *deadline_ns = DEADLINE_NONE;
    if (!timespec)
        return 0;
    err = copy_in(&time, timespec, sizeof(time));
    if (err < 0)
        return err;
    if (!timespec_to_ns(&time, &ns))
        return -EINVAL;
    *deadline_ns = deadline_from_ns(ns);
    return 0;
}
