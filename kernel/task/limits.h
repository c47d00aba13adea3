/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Resource limits of the process (getrlimit(2)). */

#include "lib/base/types.h"

#define RLIM_INFINITY (~(u64)0)

enum rlimit_kind {
    RLIMIT_CPU,
    RLIMIT_FSIZE,
    RLIMIT_DATA,
    RLIMIT_STACK,
    RLIMIT_CORE,
    RLIMIT_RSS,
    RLIMIT_NPROC,
    RLIMIT_NOFILE,
    RLIMIT_MEMLOCK,
    RLIMIT_AS,
    RLIMIT_LOCKS,
    RLIMIT_SIGPENDING,
    RLIMIT_MSGQUEUE,
    RLIMIT_NICE,
    RLIMIT_RTPRIO,
    RLIMIT_RTTIME,
    RLIMITS,
};

/* struct rlimit64 */
struct rlimit {
    u64 soft;
    u64 hard;
};

/* -EINVAL for a kind there is not. */
int limit_get(u32 kind, struct rlimit *limit) MUST_USE;

/*
 * Sets one, with effect on memory and descriptors at once. -EINVAL when soft exceeds hard, -EPERM
 * for more descriptors than the table can hold.
 */
int limit_set(u32 kind, const struct rlimit *limit) MUST_USE;

/* Those the manifest gives. `set` has a bit for each that is meant. */
void limits_init(const u64 *values, u32 set);
