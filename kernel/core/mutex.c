/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutexes. Free to held is one compare-and-exchange of `owner`; who fails sleeps in `waiters`.
 *
 * 1. A waiter counts itself in `waiting` before it tries `owner` once more; the holder clears
 *    `owner` before it looks at `waiting`. Both are sequentially consistent, so one sees the other.
 * 2. A waiter is woken with `lock` held and takes itself off with `lock` held, so nobody touches it
 *    afterwards.
 */
#include "kernel/core/mutex.h"

#include "kernel/arch/cpu.h"
#include "kernel/core/lock_debug.h"
#include "kernel/core/panic.h"
#include "kernel/core/thread.h"

struct mutex_waiter {
    struct list link;
    struct thread *thread;
};

void mutex_init(struct mutex *mutex, enum lock_rank rank)
{
    mutex->owner = NULL;
    mutex->waiting = 0;
    spinlock_init(&mutex->lock, LOCK_RANK_WAIT);
    list_init(&mutex->waiters);
    mutex->rank = rank;
}

static bool take(struct mutex *mutex)
{
    struct thread *nobody = NULL;

    return __atomic_compare_exchange_n(&mutex->owner, &nobody, thread_current(), false,
                                       __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* Apart from mutex_lock(), so that one that is free costs no stack frame. */
static __attribute__((noinline)) void wait_and_take(struct mutex *mutex) LOCK_INTERNALS
{
    struct mutex_waiter waiter = { .thread = thread_current() };

    spin_lock(&mutex->lock);
    list_push_back(&mutex->waiters, &waiter.link);
    __atomic_fetch_add(&mutex->waiting, 1, __ATOMIC_SEQ_CST); /* Invariant 1. */
    spin_unlock(&mutex->lock);
    for (;;) {
        sched_sleep_prepare();
        if (take(mutex))
            break;
        (void)sched_sleep(UINT64_MAX);
    }
    sched_sleep_cancel();
    spin_lock(&mutex->lock);
    list_remove(&waiter.link);
    __atomic_fetch_sub(&mutex->waiting, 1, __ATOMIC_RELAXED);
    spin_unlock(&mutex->lock);
}

void mutex_lock(struct mutex *mutex) LOCK_INTERNALS
{
    lock_debug_sleeps(mutex->rank);
    if (!take(mutex))
        wait_and_take(mutex);
    lock_debug_taken(mutex->rank);
}

/* Likewise. */
static __attribute__((noinline)) void wake_first(struct mutex *mutex)
{
    spin_lock(&mutex->lock);
    if (!list_is_empty(&mutex->waiters))
        sched_wake(LIST_ENTRY(mutex->waiters.next, struct mutex_waiter, link)->thread);
    spin_unlock(&mutex->lock);
}

void mutex_unlock(struct mutex *mutex) LOCK_INTERNALS
{
    ASSERT(mutex->owner == thread_current());
    lock_debug_released(mutex->rank);
    __atomic_store_n(&mutex->owner, NULL, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&mutex->waiting, __ATOMIC_SEQ_CST) != 0) /* Invariant 1. */
        wake_first(mutex);
}

bool mutex_is_mine(const struct mutex *mutex)
{
    return __atomic_load_n(&mutex->owner, __ATOMIC_RELAXED) == thread_current();
}
