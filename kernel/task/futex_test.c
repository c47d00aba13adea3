/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that sleep here are stack frames of the test: the hook plays the others. */
#include "kernel/task/futex.h"

#include "abi/linux/errors.h"
#include "abi/linux/futex.h"
#include "kernel/arch/cpu.h"
#include "kernel/core/clock.h"
#include "kernel/core/thread.h"
#include "kernel/fs/inode.h"
#include "kernel/task/futex_word.h"
#include "kernel/vm/vm.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/fake_tasks.h"
#include "test/unit/unit.h"

static u32 word;
static u32 other;
static long woken;
static long nested;
static bool shares; /* Whether `word` and `other` lie at one place of a file. */

bool vm_shared_key(u64 address, struct inode **inode, u64 *off)
{
    if (!shares)
        return false;
    *inode = (struct inode *)(void *)&shares;
    *off = address % sizeof(u32);
    return true;
}

static void wake_word(u64 deadline)
{
    (void)deadline;
    woken += futex_wake((uaddr_t)&word, 1, FUTEX_BITSET_MATCH_ANY, false);
}

static void pass_time(u64 deadline)
{
    (void)deadline;
    fake_clock_advance(NS_PER_MS);
}

TEST(futex, waits_until_it_is_woken)
{
    futex_init();
    fake_tasks_init(1);
    fake_sleep_hook = wake_word;
    CHECK_EQ(futex_wait((uaddr_t)&word, 0, FUTEX_BITSET_MATCH_ANY, false, DEADLINE_NONE), 0);
    CHECK_EQ(woken, 1);
    CHECK_EQ(futex_wake((uaddr_t)&word, 1, FUTEX_BITSET_MATCH_ANY, false), 0);
}

TEST(futex, does_not_wait_for_a_word_that_changed)
{
    futex_init();
    fake_tasks_init(1);
    word = 7;
    CHECK_EQ(futex_wait((uaddr_t)&word, 6, FUTEX_BITSET_MATCH_ANY, false, DEADLINE_NONE), -EAGAIN);
    CHECK_EQ(futex_wait((uaddr_t)&word + 1, 7, 1, false, DEADLINE_NONE), -EINVAL);
    CHECK_EQ(futex_wait(8, 7, 1, false, DEADLINE_NONE), -EFAULT);
}

TEST(futex, gives_up_at_the_deadline)
{
    futex_init();
    fake_tasks_init(1);
    fake_sleep_hook = pass_time;
    CHECK_EQ(
        futex_wait((uaddr_t)&word, 0, FUTEX_BITSET_MATCH_ANY, false, clock_deadline(NS_PER_MS)),
        -ETIMEDOUT);
    CHECK_EQ(futex_wake((uaddr_t)&word, 9, FUTEX_BITSET_MATCH_ANY, false), 0);
}

static void interrupt(u64 deadline)
{
    (void)deadline;
    thread_post_work(thread_current(), THREAD_WORK_SIGNAL);
}

TEST(futex, gives_up_for_a_signal)
{
    futex_init();
    fake_tasks_init(1);
    fake_sleep_hook = interrupt;
    CHECK_EQ(futex_wait((uaddr_t)&word, 0, FUTEX_BITSET_MATCH_ANY, false, DEADLINE_NONE), -EINTR);
    CHECK_EQ(futex_wake((uaddr_t)&word, 9, FUTEX_BITSET_MATCH_ANY, false), 0);
}

static void wake_and_pass_time(u64 deadline)
{
    fake_clock_advance(deadline - fake_now_ns);
    wake_word(deadline);
    thread_post_work(thread_current(), THREAD_WORK_SIGNAL);
}

TEST(futex, prefers_a_wake_up_to_a_timeout_and_a_signal)
{
    futex_init();
    fake_tasks_init(1);
    fake_sleep_hook = wake_and_pass_time;
    CHECK_EQ(
        futex_wait((uaddr_t)&word, 0, FUTEX_BITSET_MATCH_ANY, false, clock_deadline(NS_PER_MS)), 0);
    CHECK_EQ(woken, 1);
}

TEST(futex, wakes_by_bits)
{
    futex_init();
    fake_tasks_init(1);
    fake_sleep_hook = pass_time;
    CHECK_EQ(futex_wait((uaddr_t)&word, 0, 2, false, clock_deadline(NS_PER_MS)), -ETIMEDOUT);
    CHECK_EQ(futex_wake((uaddr_t)&word, 9, 1, false), 0);
}

/* The second thread begins to wait while the first one sleeps; then somebody acts on both. */
static void (*with_both)(void);

static void act(u64 deadline)
{
    (void)deadline;
    with_both();
}

static void second_waits(u64 deadline)
{
    (void)deadline;
    fake_sleep_hook = act;
    fake_task_switch(1);
    nested =
        futex_wait((uaddr_t)&word, 0, FUTEX_BITSET_MATCH_ANY, false, clock_deadline(NS_PER_MS));
    fake_task_switch(0);
    fake_sleep_hook = pass_time;
}

static void requeue_one(void)
{
    struct futex_requeue request = {
        .from = (uaddr_t)&word,
        .to = (uaddr_t)&other,
        .wake_count = 1,
        .move_count = 10,
        .compares = true,
        .expected = 1,
    };

    CHECK_EQ(futex_requeue(&request), -EAGAIN);
    request.expected = 0;
    CHECK_EQ(futex_requeue(&request), 2); /* The first woken, the second moved. */
    CHECK_EQ(futex_wake((uaddr_t)&word, 10, FUTEX_BITSET_MATCH_ANY, false), 0);
    CHECK_EQ(futex_wake((uaddr_t)&other, 10, FUTEX_BITSET_MATCH_ANY, false), 1);
}

TEST(futex, moves_waiters_to_another_word)
{
    futex_init();
    fake_tasks_init(2);
    with_both = requeue_one;
    fake_sleep_hook = second_waits;
    CHECK_EQ(futex_wait((uaddr_t)&word, 0, FUTEX_BITSET_MATCH_ANY, false, DEADLINE_NONE), 0);
    CHECK_EQ(nested, 0);
}

static void requeue_and_time_out(void)
{
    struct futex_requeue request = {
        .from = (uaddr_t)&word, .to = (uaddr_t)&other, .wake_count = 1, .move_count = 1
    };

    CHECK_EQ(futex_requeue(&request), 2);
    fake_clock_advance(2 * NS_PER_MS);
}

TEST(futex, times_out_where_it_was_moved_to)
{
    futex_init();
    fake_tasks_init(2);
    with_both = requeue_and_time_out;
    fake_sleep_hook = second_waits;
    CHECK_EQ(futex_wait((uaddr_t)&word, 0, FUTEX_BITSET_MATCH_ANY, false, DEADLINE_NONE), 0);
    CHECK_EQ(nested, -ETIMEDOUT);
    CHECK_EQ(futex_wake((uaddr_t)&other, 10, FUTEX_BITSET_MATCH_ANY, false), 0);
}

static void wake_one_shared(u64 deadline)
{
    (void)deadline;
    woken += futex_wake((uaddr_t)&other, 1, FUTEX_BITSET_MATCH_ANY, true);
}

TEST(futex, meets_at_the_place_in_a_file)
{
    futex_init();
    fake_tasks_init(1);
    shares = true;
    fake_sleep_hook = wake_one_shared;
    CHECK_EQ(futex_wait((uaddr_t)&word, 0, FUTEX_BITSET_MATCH_ANY, true, DEADLINE_NONE), 0);
    CHECK_EQ(woken, 1);
}

TEST(futex, changes_the_second_word_as_it_is_told)
{
    static const struct {
        u32 operation;
        u32 before;
        u32 after;
        bool passes;
    } rows[] = {
        { FUTEX_OP_SET << 28 | FUTEX_OP_CMP_EQ << 24 | 5 << 12 | 0, 0, 5, true },
        { FUTEX_OP_ADD << 28 | FUTEX_OP_CMP_GT << 24 | 2 << 12 | 3, 3, 5, false },
        { FUTEX_OP_ADD << 28 | FUTEX_OP_CMP_GE << 24 | 0xfffu << 12 | 3, 3, 2, true }, /* -1 */
        { FUTEX_OP_OR << 28 | FUTEX_OP_CMP_NE << 24 | 4 << 12 | 3, 3, 7, false },
        { FUTEX_OP_ANDN << 28 | FUTEX_OP_CMP_LT << 24 | 1 << 12 | 4, 3, 2, true },
        { FUTEX_OP_XOR << 28 | FUTEX_OP_CMP_LE << 24 | 1 << 12 | 0xfff, 3, 2, false },
        { (FUTEX_OP_OR | FUTEX_OP_ARG_SHIFT) << 28 | 3 << 12, 0, 8, true },
    };

    futex_init();
    fake_tasks_init(1);
    for (u32 i = 0; i < ARRAY_COUNT(rows); i++) {
        other = rows[i].before;
        CHECK_EQ(futex_wake_op((uaddr_t)&word, (uaddr_t)&other, 1, 1, rows[i].operation, false), 0);
        CHECK_EQ(other, rows[i].after);
        CHECK_EQ(futex_word_compare(rows[i].operation, rows[i].before), rows[i].passes);
    }
    CHECK_EQ(futex_wake_op((uaddr_t)&word, (uaddr_t)&other, 1, 1, 7u << 28, false), -ENOSYS);
}

/* A robust list as glibc lays it out: entries, and the word at an offset from each. */
struct robust_lock {
    u64 next;
    u32 word;
};

TEST(futex, marks_the_locks_of_a_thread_that_ended)
{
    struct abi_robust_list head;
    struct robust_lock locks[2];

    futex_init();
    fake_tasks_init(1);
    locks[0] = (struct robust_lock){ (u64)&locks[1], 5 };
    locks[1] = (struct robust_lock){ (u64)&head, 5 | FUTEX_WAITERS };
    head = (struct abi_robust_list){ (u64)&locks[0], offsetof(struct robust_lock, word), 0 };
    futex_robust_exit((uaddr_t)&head, 5);
    CHECK_EQ(locks[0].word, FUTEX_OWNER_DIED);
    CHECK_EQ(locks[1].word, FUTEX_OWNER_DIED | FUTEX_WAITERS);

    /* One that goes in circles, and one of somebody else. */
    locks[0] = (struct robust_lock){ (u64)&locks[0], 6 };
    futex_robust_exit((uaddr_t)&head, 5);
    CHECK_EQ(locks[0].word, 6);
    futex_robust_exit(8, 5);
}
