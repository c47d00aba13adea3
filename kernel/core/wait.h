/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Waiting: the one mechanism, for everything that can become ready.
 *
 * A wait queue hangs on the thing. Who changes the thing calls wait_wake() with the events that
 * became true (the bits of poll(2), abi/linux/poll.h; 0 stands for all of them). A waiter names the
 * events it wants and a function; wait_wake() calls that function, queue locked. For a thread it is
 * one that makes the thread runnable; epoll brings its own.
 *
 * A thread waits like this, and no wake-up between the check and the sleep is lost:
 *
 *     wait_begin(queue, &waiter, POLLIN);
 *     while (!ready(thing)) {
 *         err = wait_block(&waiter, deadline_ns);
 *         if (err < 0)
 *             break;
 *     }
 *     wait_end(&waiter);
 */

#include "kernel/core/spinlock.h"
#include "lib/base/list.h"
#include "lib/base/types.h"

struct waiter;

struct wait_queue {
    struct spinlock lock; /* LOCK_RANK_WAIT, or what was given to wait_queue_init_rank(). */
    struct list waiters GUARDED_BY(&lock); /* Exclusive ones at the end. */
};

/*
 * Called with the queue locked; `events` are those that became true. Returns true when it used the
 * wake-up, which counts against an exclusive waiter.
 */
typedef bool waiter_fn(struct waiter *waiter, u32 events);

struct waiter {
    struct list link;         /* Under the queue's lock. */
    struct wait_queue *queue; /* [owner] NULL while on none. */
    waiter_fn *fn;
    struct thread *thread; /* For those of threads. */
    u32 events;            /* What it waits for; 0: anything. */
    bool exclusive;
    bool woken; /* [atomic] For those of threads. */
};

void wait_queue_init(struct wait_queue *queue);
void wait_queue_init_rank(struct wait_queue *queue, enum lock_rank rank);

/* A cheap look whether anybody waits: exact only under the lock that orders the change. */
bool wait_queue_is_empty(const struct wait_queue *queue);

/* Wakes all waiters for any of `events`, but only the first exclusive one. Any context. */
void wait_wake(struct wait_queue *queue, u32 events);

/* Wakes every one, exclusive or not. */
void wait_wake_all(struct wait_queue *queue, u32 events);

/* Hooks `waiter` with a function of its own onto `queue`; wait_remove() takes it off. */
void wait_add(struct wait_queue *queue, struct waiter *waiter, waiter_fn *fn, u32 events,
              bool exclusive);
void wait_remove(struct waiter *waiter);

/* The running thread. Exclusive: one of several such waiters is woken at a time (accept, read). */
void wait_begin(struct wait_queue *queue, struct waiter *waiter, u32 events);
void wait_begin_exclusive(struct wait_queue *queue, struct waiter *waiter, u32 events);

/*
 * Sleeps until a wake-up that came since the last wait_block() or wait_begin(). Returns 0 then,
 * -ETIMEDOUT when `deadline_ns` has passed, -EINTR when a signal is pending. A woken waiter looks
 * at its condition again.
 */
int wait_block(struct waiter *waiter, u64 deadline_ns) MUST_USE;

/* The same, deaf to signals: for waits that are short by nature (disk), and for kernel threads. */
int wait_block_uninterruptible(struct waiter *waiter, u64 deadline_ns) MUST_USE;

/*
 * Takes the waiter off; afterwards nobody touches it. An exclusive wake-up it got but did not use
 * is passed on.
 */
void wait_end(struct waiter *waiter);

/* A bare sleep, for nanosleep and the like: -ETIMEDOUT at the deadline, -EINTR. */
int wait_sleep_until(u64 deadline_ns) MUST_USE;
