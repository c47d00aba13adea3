/* SPDX-License-Identifier: Apache-2.0 */
/* nanosleep(2) and clock_nanosleep(2): never too short; many sleepers; moments; errors. */
#include "test/abi/abi.h"

#include <pthread.h>

static struct timespec moment(clockid_t clock, int ms)
{
    struct timespec when;
    int64_t ns = abi_ns(clock) + (int64_t)ms * ABI_MS;

    when.tv_sec = ns / 1000000000;
    when.tv_nsec = ns % 1000000000;
    return when;
}

static void never_too_short(long ns)
{
    struct timespec span = { 0, ns };
    int64_t start = abi_now();

    EXPECT_EQ(nanosleep(&span, NULL), 0);
    EXPECT(abi_now() - start >= ns);
}

static void until(clockid_t clock)
{
    struct timespec when = moment(clock, 40);
    struct timespec past = { 1, 0 };

    EXPECT_EQ(clock_nanosleep(clock, TIMER_ABSTIME, &when, NULL), 0);
    EXPECT(abi_ns(clock) >= (int64_t)when.tv_sec * 1000000000 + when.tv_nsec);
    EXPECT_EQ(clock_nanosleep(clock, TIMER_ABSTIME, &past, NULL), 0);
}

static void *sleeper(void *arg)
{
    int ms = (int)(intptr_t)arg;
    int64_t start = abi_now();
    int i;

    for (i = 0; i < 5; i++)
        abi_sleep_ms(ms);
    EXPECT(abi_now() - start >= 5LL * ms * ABI_MS);
    return NULL;
}

int main(void)
{
    struct timespec bad = { 0, 1000000000 };
    struct timespec negative = { -1, 0 };
    struct timespec span = { 0, 20 * ABI_MS };
    pthread_t threads[40];
    intptr_t i;

    never_too_short(0);
    never_too_short(1);
    never_too_short(50000);
    never_too_short(5 * ABI_MS);
    never_too_short(70 * ABI_MS);
    until(CLOCK_MONOTONIC);
    until(CLOCK_REALTIME);
    until(CLOCK_BOOTTIME);
    for (i = 0; i < 40; i++)
        EXPECT_EQ(pthread_create(&threads[i], NULL, sleeper, (void *)(i % 13)), 0);
    for (i = 0; i < 40; i++)
        pthread_join(threads[i], NULL);

    EXPECT_ERRNO(nanosleep(&bad, NULL), EINVAL);
    EXPECT_ERRNO(nanosleep(&negative, NULL), EINVAL);
    EXPECT_ERRNO(nanosleep(abi_bad_pointer(), NULL), EFAULT);
    EXPECT_EQ(clock_nanosleep(77, 0, &span, NULL), EINVAL);
    EXPECT_EQ(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &span, NULL), EINVAL);
    EXPECT_EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &bad, NULL), EINVAL);
    EXPECT_EQ(usleep(1000), 0);
    return abi_done();
}
