/* SPDX-License-Identifier: Apache-2.0 */
/* FUTEX_REQUEUE, FUTEX_CMP_REQUEUE and FUTEX_WAKE_OP. */
#include "test/abi/abi_futex.h"

static long requeue(int op, atomic_uint *from, unsigned wake, unsigned long move, atomic_uint *to,
                    unsigned value)
{
    return syscall(SYS_futex, from, op | FUTEX_PRIVATE_FLAG, wake, move, to, value);
}

static void start(struct futex_waiter *waiters, int count, atomic_uint *word)
{
    int i;

    for (i = 0; i < count; i++)
        futex_waiter_start(&waiters[i], word, 0);
    abi_sleep_ms(100);
}

static void join(struct futex_waiter *waiters, int count)
{
    int i;

    for (i = 0; i < count; i++) {
        pthread_join(waiters[i].thread, NULL);
        EXPECT_EQ(waiters[i].result, 0);
    }
}

static void moving_waiters(void)
{
    struct futex_waiter waiters[5];
    atomic_uint a = 1;
    atomic_uint b = 1;

    start(waiters, 5, &a);
    EXPECT_ERRNO(requeue(FUTEX_CMP_REQUEUE, &a, 1, 2, &b, 7), EAGAIN);
    EXPECT_EQ(requeue(FUTEX_CMP_REQUEUE, &a, 1, 2, &b, 1), 3);
    abi_sleep_ms(50);
    EXPECT_EQ(futex_waiters_done(waiters, 5), 1);
    EXPECT_EQ(futex_wake(&a, 100), 2);
    EXPECT_EQ(futex_wake(&b, 1), 1);
    EXPECT_EQ(futex_wake(&b, 100), 1);
    join(waiters, 5);

    start(waiters, 3, &a);
    EXPECT_EQ(requeue(FUTEX_REQUEUE, &a, 0, 100, &b, 0), 3);
    EXPECT_EQ(futex_wake(&a, 100), 0);
    EXPECT_EQ(futex_wake(&b, 100), 3);
    join(waiters, 3);
}

static void waking_with_an_operation(void)
{
    struct futex_waiter on_a;
    struct futex_waiter on_b;
    atomic_uint a = 1;
    atomic_uint b = 10;

    /* b becomes 15; since it was 10, the waiter on b is woken as well. */
    start(&on_a, 1, &a);
    start(&on_b, 1, &b);
    EXPECT_EQ(syscall(SYS_futex, &a, FUTEX_WAKE_OP_PRIVATE, 1, 1L, &b,
                      FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 10)),
              2);
    EXPECT_EQ(b, 15);
    join(&on_a, 1);
    join(&on_b, 1);

    start(&on_b, 1, &b);
    EXPECT_EQ(syscall(SYS_futex, &a, FUTEX_WAKE_OP_PRIVATE, 1, 1L, &b,
                      FUTEX_OP(FUTEX_OP_SET, 3, FUTEX_OP_CMP_GT, 100)),
              0);
    EXPECT_EQ(b, 3);
    EXPECT_EQ(futex_wake(&b, 1), 1);
    join(&on_b, 1);
}

int main(void)
{
    atomic_uint a = 1;
    atomic_uint b = 1;

    moving_waiters();
    waking_with_an_operation();
    EXPECT_ERRNO(requeue(FUTEX_CMP_REQUEUE, &a, 1, 1, (void *)1, 1), EINVAL);
    EXPECT_ERRNO(requeue(FUTEX_CMP_REQUEUE, abi_bad_pointer(), 1, 1, &b, 1), EFAULT);
    EXPECT_ERRNO(requeue(FUTEX_CMP_REQUEUE, &a, (unsigned)-1, 1, &b, 1), EINVAL);
    return abi_done();
}
