/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader-writer locks. All of it is under `lock`, and the lock is handed over: who gives it back
 * counts the next ones in and wakes them, so nobody overtakes. A writer that waits keeps new
 * readers out; one that leaves lets in the readers that wait before the next: neither starves.
 */
#include "kernel/core/mutex.h"

#include "kernel/arch/cpu.h"
#include "kernel/core/lock_debug.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/thread.h"
#include "lib/base/list.h"
#include "lib/base/types.h"

enum {
    WRITER_INSIDE = -1,
};

struct rwlock_waiter {
    struct list link;
    struct thread *thread;
    bool is_writer;
    bool granted; /* Under the lock's spinlock; looked at without it only to go to sleep. */
};

void rwlock_init(struct rwlock *lock, enum lock_rank rank)
{
    spinlock_init(&lock->lock, LOCK_RANK_WAIT);
    lock->holders = 0;
    lock->writers_waiting = 0;
    lock->writer = NULL;
    list_init(&lock->waiters);
    lock->rank = rank;
}

/* Queues the running thread and sleeps until it has been counted in. Gives `lock->lock` back. */
static void wait_for_grant(struct rwlock *lock, bool is_writer) LOCK_INTERNALS
{
    struct rwlock_waiter waiter = { .thread = thread_current(), .is_writer = is_writer };

    list_push_back(&lock->waiters, &waiter.link);
    if (is_writer)
        lock->writers_waiting++;
    spin_unlock(&lock->lock);
    for (;;) {
        bool granted;

        sched_sleep_prepare();
        spin_lock(&lock->lock); /* Who grants holds it until it is done with `waiter`. */
        granted = waiter.granted;
        spin_unlock(&lock->lock);
        if (granted)
            break;
        (void)sched_sleep(UINT64_MAX);
    }
    sched_sleep_cancel();
}

static void grant(struct rwlock *lock, struct rwlock_waiter *waiter)
{
    list_remove(&waiter->link);
    if (waiter->is_writer) {
        lock->writers_waiting--;
        lock->holders = WRITER_INSIDE;
        lock->writer = waiter->thread;
    } else {
        lock->holders++;
    }
    waiter->granted = true;
    sched_wake(waiter->thread);
}

static void grant_readers(struct rwlock *lock)
{
    struct list *node;
    struct list *after;

    LIST_FOR_EACH_SAFE (&lock->waiters, node, after) {
        struct rwlock_waiter *waiter = LIST_ENTRY(node, struct rwlock_waiter, link);

        if (!waiter->is_writer)
            grant(lock, waiter);
    }
}

static void grant_writer(struct rwlock *lock)
{
    struct list *node;

    LIST_FOR_EACH (&lock->waiters, node) {
        struct rwlock_waiter *waiter = LIST_ENTRY(node, struct rwlock_waiter, link);

        if (waiter->is_writer) {
            grant(lock, waiter);
            return;
        }
    }
}

void rwlock_read_lock(struct rwlock *lock) LOCK_INTERNALS
{
    lock_debug_sleeps(lock->rank);
    spin_lock(&lock->lock);
    if (lock->holders >= 0 && lock->writers_waiting == 0) {
        lock->holders++;
        spin_unlock(&lock->lock);
    } else {
        wait_for_grant(lock, false);
    }
    lock_debug_taken(lock->rank);
}

void rwlock_read_unlock(struct rwlock *lock) LOCK_INTERNALS
{
    lock_debug_released(lock->rank);
    spin_lock(&lock->lock);
    ASSERT(lock->holders > 0);
    if (--lock->holders == 0 && lock->writers_waiting > 0)
        grant_writer(lock);
    spin_unlock(&lock->lock);
}

void rwlock_write_lock(struct rwlock *lock) LOCK_INTERNALS
{
    lock_debug_sleeps(lock->rank);
    spin_lock(&lock->lock);
    if (lock->holders == 0 && list_is_empty(&lock->waiters)) {
        lock->holders = WRITER_INSIDE;
        lock->writer = thread_current();
        spin_unlock(&lock->lock);
    } else {
        wait_for_grant(lock, true);
    }
    lock_debug_taken(lock->rank);
}

void rwlock_write_unlock(struct rwlock *lock) LOCK_INTERNALS
{
    lock_debug_released(lock->rank);
    spin_lock(&lock->lock);
    ASSERT(lock->holders == WRITER_INSIDE && lock->writer == thread_current());
    lock->holders = 0;
    lock->writer = NULL;
    grant_readers(lock);
    if (lock->holders == 0)
        grant_writer(lock);
    spin_unlock(&lock->lock);
}

bool rwlock_is_mine(const struct rwlock *lock)
{
    return __atomic_load_n(&lock->writer, __ATOMIC_RELAXED) == thread_current();
}
