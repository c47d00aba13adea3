/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The rank check of the locks that sleep, for debug builds. A thread keeps a bit per rank, so of
 * two locks of one rank the check forgets both when the first is given back.
 */

#include "kernel/arch/cpu.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/thread.h"

/* Before a lock of `rank` is taken: nothing that forbids to sleep, no higher rank held. */
static inline void lock_debug_sleeps(enum lock_rank rank)
{
    if (!KERNEL_DEBUG)
        return;
    if (spin_locks_held() > 0)
        panic("lock of rank %d may sleep, taken under a spinlock", rank);
    if (thread_current()->locks_held >> (rank + 1) != 0) {
        panic("lock of rank %d taken under locks of ranks 0x%x", rank,
              thread_current()->locks_held);
    }
}

static inline void lock_debug_taken(enum lock_rank rank)
{
    if (KERNEL_DEBUG)
        thread_current()->locks_held |= 1u << rank;
}

static inline void lock_debug_released(enum lock_rank rank)
{
    if (KERNEL_DEBUG)
        thread_current()->locks_held &= ~(1u << rank);
}
