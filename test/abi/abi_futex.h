/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* futex(2) without a library around it, and a helper that waits until a thread sleeps in it. */

/* IWYU pragma: begin_exports */
#include "test/abi/abi.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
/* IWYU pragma: end_exports */

struct futex_waiter {
    atomic_uint *word;
    unsigned value;
    unsigned bits; /* 0: plain FUTEX_WAIT. */
    int op_flags;
    long result;
    int error;
    atomic_int done;
    pthread_t thread;
};

static inline long futex(atomic_uint *word, int op, unsigned value, const struct timespec *timeout)
{
    return syscall(SYS_futex, word, op, value, timeout, NULL, FUTEX_BITSET_MATCH_ANY);
}

static inline long futex_wake(atomic_uint *word, unsigned count)
{
    return futex(word, FUTEX_WAKE_PRIVATE, count, NULL);
}

static inline void *futex_waiter_main(void *arg)
{
    struct futex_waiter *waiter = arg;
    int op = waiter->bits ? FUTEX_WAIT_BITSET : FUTEX_WAIT;

    waiter->result = syscall(SYS_futex, waiter->word, op | waiter->op_flags, waiter->value, NULL,
                             NULL, waiter->bits);
    waiter->error = errno;
    waiter->done = 1;
    return NULL;
}

/* Starts a waiter; after a moment it sleeps, which nothing but time can show. */
static inline void futex_waiter_start(struct futex_waiter *waiter, atomic_uint *word, unsigned bits)
{
    waiter->word = word;
    waiter->value = atomic_load(word);
    waiter->bits = bits;
    waiter->op_flags = FUTEX_PRIVATE_FLAG;
    waiter->done = 0;
    EXPECT_EQ(pthread_create(&waiter->thread, NULL, futex_waiter_main, waiter), 0);
}

/* How many of them have returned. */
static inline int futex_waiters_done(const struct futex_waiter *waiters, int count)
{
    int done = 0;
    int i;

    for (i = 0; i < count; i++)
        done += waiters[i].done;
    return done;
}

/* Wakes until `wanted` have been woken, as a waiter may not sleep yet; returns how many were. */
static inline int futex_wake_until(atomic_uint *word, int wanted)
{
    int64_t limit = abi_now() + 10000LL * ABI_MS;
    int woken = 0;

    while (woken < wanted && abi_now() < limit) {
        woken += (int)futex_wake(word, (unsigned)(wanted - woken));
        if (woken < wanted)
            abi_sleep_ms(1);
    }
    return woken;
}
