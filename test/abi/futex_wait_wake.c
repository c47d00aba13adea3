/* SPDX-License-Identifier: Apache-2.0 */
/* FUTEX_WAIT and FUTEX_WAKE: counts, changed values, timeouts, errors; private and shared. */
#include "test/abi/abi_futex.h"

#include <sys/mman.h>

static void wakes_as_many_as_asked(void)
{
    struct futex_waiter waiters[5];
    atomic_uint word = 5;
    int i;

    for (i = 0; i < 5; i++)
        futex_waiter_start(&waiters[i], &word, 0);
    abi_sleep_ms(50);
    EXPECT_EQ(futex_waiters_done(waiters, 5), 0);
    EXPECT_EQ(futex_wake_until(&word, 2), 2);
    abi_sleep_ms(50);
    EXPECT_EQ(futex_waiters_done(waiters, 5), 2);
    EXPECT_EQ(futex_wake_until(&word, 3), 3);
    for (i = 0; i < 5; i++) {
        pthread_join(waiters[i].thread, NULL);
        EXPECT_EQ(waiters[i].result, 0);
    }
    EXPECT_EQ(futex_wake(&word, 1), 0);
}

static void timeouts(void)
{
    struct timespec span = { 0, 50 * ABI_MS };
    struct timespec bad = { 0, 1000000000 };
    struct timespec when;
    atomic_uint word = 1;
    int64_t start = abi_now();
    int64_t due;

    EXPECT_ERRNO(futex(&word, FUTEX_WAIT_PRIVATE, 1, &span), ETIMEDOUT);
    EXPECT(abi_now() - start >= 50 * ABI_MS);
    EXPECT_ERRNO(futex(&word, FUTEX_WAIT_PRIVATE, 1, &bad), EINVAL);
    bad.tv_nsec = 0;
    bad.tv_sec = -1;
    EXPECT_ERRNO(futex(&word, FUTEX_WAIT_PRIVATE, 1, &bad), EINVAL);

    /* With bitsets the time is a moment, on either clock. */
    due = abi_now() + 50 * ABI_MS;
    when.tv_sec = due / 1000000000;
    when.tv_nsec = due % 1000000000;
    EXPECT_ERRNO(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 1, &when), ETIMEDOUT);
    EXPECT(abi_now() >= due);
    when.tv_sec = 1;
    EXPECT_ERRNO(futex(&word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 1, &when),
                 ETIMEDOUT);
}

static void errors(void)
{
    atomic_uint words[2] = { 1, 1 };
    atomic_uint *odd = (atomic_uint *)((uintptr_t)words + 1);
    struct timespec span = { 0, 0 };

    EXPECT_ERRNO(futex(&words[0], FUTEX_WAIT_PRIVATE, 2, NULL), EAGAIN);
    EXPECT_ERRNO(futex(odd, FUTEX_WAIT_PRIVATE, 1, NULL), EINVAL);
    EXPECT_ERRNO(futex(abi_bad_pointer(), FUTEX_WAIT_PRIVATE, 1, NULL), EFAULT);
    EXPECT_ERRNO(futex(&words[0], FUTEX_WAIT_PRIVATE, 1, abi_bad_pointer()), EFAULT);
    EXPECT_ERRNO(futex(&words[0], 99, 1, NULL), ENOSYS);
    EXPECT_ERRNO(futex(&words[0], FUTEX_WAKE_PRIVATE | FUTEX_CLOCK_REALTIME, 1, NULL), ENOSYS);
    EXPECT_ERRNO(futex(&words[0], FUTEX_WAIT_PRIVATE, 1, &span), ETIMEDOUT);
}

/* Two mappings of one file are one futex, unless it is said to be private. */
static void shared_between_mappings(void)
{
    struct futex_waiter waiter;
    int fd = memfd_create("futex", 0);
    atomic_uint *a;
    atomic_uint *b;

    EXPECT_EQ(ftruncate(fd, ABI_PAGE), 0);
    a = mmap(NULL, ABI_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    b = mmap(NULL, ABI_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    EXPECT(a != MAP_FAILED && b != MAP_FAILED);
    waiter = (struct futex_waiter){ .word = a };
    EXPECT_EQ(pthread_create(&waiter.thread, NULL, futex_waiter_main, &waiter), 0);
    abi_sleep_ms(50);
    EXPECT_EQ(futex(b, FUTEX_WAKE_PRIVATE, 1, NULL), 0);
    while (!waiter.done && futex(b, FUTEX_WAKE, 1, NULL) == 0)
        abi_sleep_ms(1);
    pthread_join(waiter.thread, NULL);
    EXPECT_EQ(waiter.result, 0);
}

int main(void)
{
    wakes_as_many_as_asked();
    timeouts();
    errors();
    shared_between_mappings();
    return abi_done();
}
