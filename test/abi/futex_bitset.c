/* SPDX-License-Identifier: Apache-2.0 */
/* FUTEX_WAIT_BITSET and FUTEX_WAKE_BITSET wake only waiters with a bit in common. */
#include "test/abi/abi_futex.h"

static long wake_bits(atomic_uint *word, unsigned count, unsigned bits)
{
    return syscall(SYS_futex, word, FUTEX_WAKE_BITSET_PRIVATE, count, NULL, NULL, bits);
}

int main(void)
{
    struct futex_waiter waiters[4];
    atomic_uint word = 3;
    int i;

    for (i = 0; i < 4; i++)
        futex_waiter_start(&waiters[i], &word, 1u << i);
    abi_sleep_ms(100);
    EXPECT_EQ(wake_bits(&word, 100, 0x10), 0);
    EXPECT_EQ(wake_bits(&word, 100, 0x4), 1);
    pthread_join(waiters[2].thread, NULL);
    EXPECT_EQ(waiters[2].result, 0);
    EXPECT_EQ(futex_waiters_done(waiters, 4), 1);
    EXPECT_EQ(wake_bits(&word, 1, 0x3), 1);
    abi_sleep_ms(30);
    EXPECT_EQ(futex_waiters_done(waiters, 4), 2);

    /* A plain wake matches every bit. */
    EXPECT_EQ(futex_wake(&word, 100), 2);
    for (i = 0; i < 4; i++) {
        if (i != 2)
            pthread_join(waiters[i].thread, NULL);
        EXPECT_EQ(waiters[i].result, 0);
    }
    EXPECT_ERRNO(wake_bits(&word, 1, 0), EINVAL);
    EXPECT_ERRNO(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 3, NULL, NULL, 0), EINVAL);
    EXPECT_ERRNO(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 4, NULL, NULL, 1), EAGAIN);
    return abi_done();
}
