/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wait queues. Why no wake-up is lost:
 *
 * 1. A waiter is on the queue before its owner looks at the condition, and who changes the
 *    condition does so before it looks at the queue. Both sides have a full barrier in between
 *    (hook(), wait_wake()), so at least one of them sees the other.
 * 2. `woken` is set before sched_wake(), and a thread looks at `woken` after
 *    sched_sleep_prepare(), again with full barriers: it either sees `woken`, or sched_wake() finds
 *    a thread that has prepared its sleep and ends it.
 * 3. A waiter that is on no queue is touched by nobody: wait_remove() takes the queue's lock, and
 *    functions of waiters run with it held.
 * 4. An exclusive waiter that has been woken and not looked yet lets further wake-ups pass to the
 *    next one (wake_thread() returns false), and one that leaves without having looked passes its
 *    wake-up on (wait_end()).
 */
#include "kernel/core/wait.h"

#include "abi/linux/errors.h"
#include "kernel/arch/cpu.h"
#include "kernel/core/clock.h"
#include "kernel/core/thread.h"

void wait_queue_init(struct wait_queue *queue)
{
    wait_queue_init_rank(queue, LOCK_RANK_WAIT);
}

void wait_queue_init_rank(struct wait_queue *queue, enum lock_rank rank) LOCK_INTERNALS
{
    spinlock_init(&queue->lock, rank);
    list_init(&queue->waiters);
}

bool wait_queue_is_empty(const struct wait_queue *queue) LOCK_INTERNALS
{
    return __atomic_load_n(&queue->waiters.next, __ATOMIC_RELAXED) == &queue->waiters;
}

static void wake(struct wait_queue *queue, u32 events, bool all)
{
    struct list *node;
    struct list *after;

    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* Pairs with the one in hook(). Invariant 1. */
    if (wait_queue_is_empty(queue))
        return;
    spin_lock(&queue->lock);
    LIST_FOR_EACH_SAFE (&queue->waiters, node, after) {
        struct waiter *waiter = LIST_ENTRY(node, struct waiter, link);

        if (events && waiter->events && !(events & waiter->events))
            continue;
        if (waiter->fn(waiter, events) && waiter->exclusive && !all)
            break;
    }
    spin_unlock(&queue->lock);
}

void wait_wake(struct wait_queue *queue, u32 events)
{
    wake(queue, events, false);
}

void wait_wake_all(struct wait_queue *queue, u32 events)
{
    wake(queue, events, true);
}

static bool wake_thread(struct waiter *waiter, u32 events)
{
    (void)events;
    if (__atomic_exchange_n(&waiter->woken, true, __ATOMIC_SEQ_CST)) /* Invariant 2. */
        return false;
    sched_wake(waiter->thread);
    return true;
}

static void hook(struct wait_queue *queue, struct waiter *waiter)
{
    spin_lock(&queue->lock);
    if (waiter->exclusive) {
        list_push_back(&queue->waiters, &waiter->link);
    } else {
        list_push_front(&queue->waiters, &waiter->link);
    }
    spin_unlock(&queue->lock);
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* Pairs with the one in wake(). Invariant 1. */
}

void wait_add(struct wait_queue *queue, struct waiter *waiter, waiter_fn *fn, u32 events,
              bool exclusive)
{
    waiter->queue = queue;
    waiter->fn = fn;
    waiter->events = events;
    waiter->exclusive = exclusive;
    waiter->woken = false;
    hook(queue, waiter);
}

void wait_remove(struct waiter *waiter)
{
    struct wait_queue *queue = waiter->queue;

    if (!queue)
        return;
    spin_lock(&queue->lock);
    list_remove(&waiter->link);
    spin_unlock(&queue->lock);
    waiter->queue = NULL;
}

void wait_begin(struct wait_queue *queue, struct waiter *waiter, u32 events)
{
    waiter->thread = thread_current();
    wait_add(queue, waiter, wake_thread, events, false);
}

void wait_begin_exclusive(struct wait_queue *queue, struct waiter *waiter, u32 events)
{
    waiter->thread = thread_current();
    wait_add(queue, waiter, wake_thread, events, true);
}

static bool interrupted(void)
{
    u32 work = __atomic_load_n(&thread_current()->work, __ATOMIC_RELAXED);

    return (work & (THREAD_WORK_SIGNAL | THREAD_WORK_EXIT)) != 0;
}

/* What ends a wait, in the order that matters: a wake-up is never given away for an error. */
static int verdict(struct waiter *waiter, bool timed_out, bool interruptible, bool *done)
{
    *done = true;
    if (waiter && __atomic_exchange_n(&waiter->woken, false, __ATOMIC_ACQ_REL))
        return 0;
    if (interruptible && interrupted())
        return -EINTR;
    if (timed_out)
        return -ETIMEDOUT;
    *done = false;
    return 0;
}

static int block(struct waiter *waiter, u64 deadline_ns, bool interruptible)
{
    bool timed_out = deadline_ns != DEADLINE_NONE && clock_now_ns() >= deadline_ns;

    for (;;) {
        bool done;
        int err;

        sched_sleep_prepare();
        err = verdict(waiter, timed_out, interruptible, &done);
        if (done) {
            sched_sleep_cancel();
            return err;
        }
        timed_out = !sched_sleep(deadline_ns);
    }
}

int wait_block(struct waiter *waiter, u64 deadline_ns)
{
    return block(waiter, deadline_ns, true);
}

int wait_block_uninterruptible(struct waiter *waiter, u64 deadline_ns)
{
    return block(waiter, deadline_ns, false);
}

void wait_end(struct waiter *waiter)
{
    struct wait_queue *queue = waiter->queue;

    wait_remove(waiter);
    if (queue && waiter->exclusive && __atomic_load_n(&waiter->woken, __ATOMIC_RELAXED))
        wait_wake(queue, waiter->events); /* Invariant 4. */
}

int wait_sleep_until(u64 deadline_ns)
{
    return block(NULL, deadline_ns, true);
}
