/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/task/limits.h"

#include "abi/linux/errors.h"
#include "kernel/core/spinlock.h"
#include "kernel/file/fdtable.h"
#include "kernel/task/signal.h"
#include "kernel/task/task.h"
#include "kernel/vm/vm.h"
#include "lib/base/num.h"

/* Above all others it could be read with: it is a leaf. */
static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_FILE_STATE);

static struct rlimit limits[RLIMITS] = {
    [RLIMIT_CPU] = { RLIM_INFINITY, RLIM_INFINITY },
    [RLIMIT_FSIZE] = { RLIM_INFINITY, RLIM_INFINITY },
    [RLIMIT_DATA] = { RLIM_INFINITY, RLIM_INFINITY },
    [RLIMIT_STACK] = { 8 << 20, RLIM_INFINITY },
    [RLIMIT_CORE] = { 0, RLIM_INFINITY },
    [RLIMIT_RSS] = { RLIM_INFINITY, RLIM_INFINITY },
    [RLIMIT_NPROC] = { TASKS_MAX, TASKS_MAX },
    [RLIMIT_NOFILE] = { FDTABLE_SIZE_DEFAULT, FDTABLE_SIZE_MAX },
    [RLIMIT_MEMLOCK] = { RLIM_INFINITY, RLIM_INFINITY },
    [RLIMIT_AS] = { RLIM_INFINITY, RLIM_INFINITY },
    [RLIMIT_LOCKS] = { RLIM_INFINITY, RLIM_INFINITY },
    [RLIMIT_SIGPENDING] = { SIGNAL_QUEUE_MAX, SIGNAL_QUEUE_MAX },
    [RLIMIT_MSGQUEUE] = { 819200, 819200 },
    [RLIMIT_NICE] = { 0, 0 },
    [RLIMIT_RTPRIO] = { 0, 0 },
    [RLIMIT_RTTIME] = { RLIM_INFINITY, RLIM_INFINITY },
};

int limit_get(u32 kind, struct rlimit *limit)
{
    if (kind >= RLIMITS)
        return -EINVAL;
    spin_lock(&lock);
    *limit = limits[kind];
    spin_unlock(&lock);
    return 0;
}

static void apply(u32 kind)
{
    if (kind == RLIMIT_NOFILE)
        fdtable_set_limit(current_fdtable(), limits[kind].soft);
    if (kind == RLIMIT_AS || kind == RLIMIT_DATA || kind == RLIMIT_STACK)
        vm_set_limits(limits[RLIMIT_AS].soft, limits[RLIMIT_DATA].soft, limits[RLIMIT_STACK].soft);
}

int limit_set(u32 kind, const struct rlimit *limit)
{
    if (kind >= RLIMITS || limit->soft > limit->hard)
        return -EINVAL;
    if (kind == RLIMIT_NOFILE && limit->hard > FDTABLE_SIZE_MAX)
        return -EPERM;

    spin_lock(&lock);
    limits[kind] = *limit;
    spin_unlock(&lock);
    apply(kind);
    return 0;
}

void limits_init(const u64 *values, u32 set)
{
    for (u32 kind = 0; kind < RLIMITS; kind++) {
        struct rlimit limit = { values[kind], values[kind] };

        if ((set & 1u << kind) == 0)
            continue;
        if (kind == RLIMIT_NOFILE)
            limit.soft = limit.hard = u64_min(values[kind], FDTABLE_SIZE_MAX);
        if (limit_set(kind, &limit) < 0)
            continue;
    }
    apply(RLIMIT_NOFILE);
    apply(RLIMIT_AS);
}
