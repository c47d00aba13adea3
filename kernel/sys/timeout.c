/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/sys/timeout.h"

#include "abi/linux/time.h"
#include "kernel/core/clock.h"
#include "kernel/sys/timespec.h"
#include "lib/base/types.h"

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
    struct abi_timespec time;
    int err;

    *deadline_ns = DEADLINE_NONE;
    if (!timespec)
        return 0;
    err = timespec_copy_in(&time, timespec);
    if (err < 0)
        return err;
    *deadline_ns = deadline_from_ns(timespec_to_ns(&time));
    return 0;
}
