/* SPDX-License-Identifier: Apache-2.0 */
/* Wait queues over one thread whose sleep is a function of the test. */
#include "kernel/core/wait.h"

#include "abi/linux/errors.h"
#include "kernel/arch/cpu.h"
#include "kernel/core/clock.h"
#include "kernel/core/thread.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

static struct wait_queue queue;
static struct waiter waiter;
static int calls;

static void wake_one(u64 deadline_ns)
{
    (void)deadline_ns;
    wait_wake(&queue, 1);
}

static void wake_for_nothing(u64 deadline_ns)
{
    static int times;

    (void)deadline_ns;
    if (++times < 3) {
        sched_wake(thread_current());
    } else {
        wait_wake(&queue, 0);
    }
}

static void pass_time(u64 deadline_ns)
{
    (void)deadline_ns;
    fake_clock_advance(NS_PER_MS);
}

static void post_signal(u64 deadline_ns)
{
    (void)deadline_ns;
    thread_post_work(thread_current(), THREAD_WORK_SIGNAL);
}

static bool count_call(struct waiter *called, u32 events)
{
    (void)called;
    (void)events;
    calls++;
    return true;
}

static bool refuse_call(struct waiter *called, u32 events)
{
    (void)called;
    (void)events;
    calls++;
    return false;
}

TEST(wait, a_wake_up_before_the_sleep_is_not_lost)
{
    wait_queue_init(&queue);
    wait_begin(&queue, &waiter, 1);
    wait_wake(&queue, 1);
    CHECK_EQ(wait_block(&waiter, DEADLINE_NONE), 0); /* No hook: a sleep would abort. */
    wait_end(&waiter);
    CHECK(wait_queue_is_empty(&queue));
}

TEST(wait, sleeps_until_woken_for_its_events)
{
    fake_sleep_hook = wake_one;
    wait_queue_init(&queue);
    wait_begin(&queue, &waiter, 3);
    CHECK_EQ(wait_block(&waiter, DEADLINE_NONE), 0);
    CHECK_EQ(fake_wakes, 1);
    wait_end(&waiter);
}

TEST(wait, other_events_do_not_wake)
{
    wait_queue_init(&queue);
    wait_begin(&queue, &waiter, 4);
    wait_wake(&queue, 1);
    CHECK_EQ(fake_wakes, 0);
    wait_wake(&queue, 0);
    CHECK_EQ(fake_wakes, 1);
    wait_end(&waiter);
}

TEST(wait, a_stray_wake_up_of_the_thread_is_slept_through)
{
    fake_sleep_hook = wake_for_nothing;
    wait_queue_init(&queue);
    wait_begin(&queue, &waiter, 0);
    CHECK_EQ(wait_block(&waiter, DEADLINE_NONE), 0);
    CHECK_EQ(fake_wakes, 3);
    wait_end(&waiter);
}

TEST(wait, times_out)
{
    u64 deadline_ns = clock_deadline(5 * NS_PER_MS);

    fake_sleep_hook = pass_time;
    wait_queue_init(&queue);
    wait_begin(&queue, &waiter, 0);
    CHECK_EQ(wait_block(&waiter, deadline_ns), -ETIMEDOUT);
    CHECK(clock_now_ns() >= deadline_ns);
    CHECK_EQ(wait_block(&waiter, deadline_ns), -ETIMEDOUT);
    wait_end(&waiter);
    CHECK_EQ(wait_sleep_until(clock_deadline(NS_PER_MS)), -ETIMEDOUT);
}

TEST(wait, a_wake_up_wins_over_a_timeout_and_a_signal)
{
    wait_queue_init(&queue);
    wait_begin(&queue, &waiter, 0);
    wait_wake(&queue, 0);
    thread_post_work(thread_current(), THREAD_WORK_SIGNAL);
    CHECK_EQ(wait_block(&waiter, 1), 0);
    CHECK_EQ(wait_block(&waiter, 1), -EINTR);
    CHECK_EQ(wait_block_uninterruptible(&waiter, 1), -ETIMEDOUT);
    wait_end(&waiter);
}

TEST(wait, a_signal_ends_the_sleep)
{
    fake_sleep_hook = post_signal;
    wait_queue_init(&queue);
    wait_begin(&queue, &waiter, 0);
    CHECK_EQ(wait_block(&waiter, DEADLINE_NONE), -EINTR);
    wait_end(&waiter);
}

TEST(wait, one_exclusive_waiter_is_woken_and_every_other_one)
{
    struct waiter waiters[4];

    wait_queue_init(&queue);
    for (int i = 0; i < 4; i++)
        wait_add(&queue, &waiters[i], count_call, 0, i < 2);
    wait_wake(&queue, 0);
    CHECK_EQ(calls, 3);
    wait_wake_all(&queue, 0);
    CHECK_EQ(calls, 7);
    for (int i = 0; i < 4; i++)
        wait_remove(&waiters[i]);
}

TEST(wait, an_exclusive_wake_up_goes_on_to_the_next_when_refused)
{
    struct waiter waiters[2];

    wait_queue_init(&queue);
    wait_add(&queue, &waiters[0], refuse_call, 0, true);
    wait_add(&queue, &waiters[1], count_call, 0, true);
    wait_wake(&queue, 0);
    CHECK_EQ(calls, 2);
    wait_remove(&waiters[0]);
    wait_remove(&waiters[1]);
}

TEST(wait, an_unused_exclusive_wake_up_is_passed_on)
{
    struct waiter other;

    wait_queue_init(&queue);
    wait_begin_exclusive(&queue, &waiter, 1);
    wait_add(&queue, &other, count_call, 1, true);
    wait_wake(&queue, 1);
    CHECK_EQ(calls, 0);
    wait_end(&waiter);
    CHECK_EQ(calls, 1);
    wait_remove(&other);
}
