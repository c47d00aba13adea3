/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock_gettime(2) and its relatives, through the vDSO and as system calls: they agree, they do not
 * go back, on one CPU nor across CPUs.
 */
#include "test/abi/abi.h"

#include <pthread.h>
#include <sys/auxv.h>
#include <sys/time.h>

static const clockid_t clocks[] = {
    CLOCK_REALTIME,         CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW,      CLOCK_REALTIME_COARSE,
    CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME,  CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
};

static int64_t by_syscall(clockid_t clock)
{
    struct timespec now = { 0 };

    EXPECT_EQ(syscall(SYS_clock_gettime, clock, &now), 0);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void both_ways_agree(clockid_t clock)
{
    struct timespec res = { 0 };
    int64_t a = abi_ns(clock);
    int64_t b = by_syscall(clock);
    int64_t c = abi_ns(clock);

    /* The cheap clocks are a tick behind the others, each by itself never goes back. */
    EXPECT(a <= b && b <= c);
    EXPECT_EQ(clock_getres(clock, &res), 0);
    EXPECT(res.tv_sec == 0 && res.tv_nsec >= 1 && res.tv_nsec <= 20 * ABI_MS);
    EXPECT_EQ(clock_getres(clock, NULL), 0);
}

static _Atomic int64_t latest;

/* Each reading must be at least the latest that any thread has published before it. */
static void *never_back(void *arg)
{
    int wrong = 0;
    int i;

    for (i = 0; i < 50000; i++) {
        int64_t before = latest;
        int64_t now = abi_now();

        wrong += now < before;
        while (before < now && !atomic_compare_exchange_weak(&latest, &before, now))
            continue;
    }
    EXPECT_EQ(wrong, 0);
    return arg;
}

static void clocks_run(void)
{
    int64_t realtime = abi_ns(CLOCK_REALTIME);
    int64_t monotonic = abi_now();
    int64_t cpu = abi_ns(CLOCK_PROCESS_CPUTIME_ID);
    int64_t thread = abi_ns(CLOCK_THREAD_CPUTIME_ID);
    volatile unsigned long n;

    EXPECT(realtime / 1000000000 > 1700000000);
    abi_sleep_ms(50);
    EXPECT(abi_now() - monotonic >= 50 * ABI_MS);
    EXPECT(abi_ns(CLOCK_REALTIME) - realtime >= 49 * ABI_MS);
    EXPECT(abi_ns(CLOCK_BOOTTIME) >= monotonic);

    /* Sleeping costs no CPU time, computing does. */
    EXPECT(abi_ns(CLOCK_THREAD_CPUTIME_ID) - thread < 45 * ABI_MS);
    for (n = 0; n < 3000000; n++)
        continue;
    EXPECT(abi_ns(CLOCK_THREAD_CPUTIME_ID) > thread);
    EXPECT(abi_ns(CLOCK_PROCESS_CPUTIME_ID) > cpu);
}

static void old_calls(void)
{
    struct timeval tv = { 0 };
    struct timezone tz = { 9, 9 };
    time_t t = 5;
    int64_t now = abi_ns(CLOCK_REALTIME) / 1000000000;

    EXPECT_EQ(gettimeofday(&tv, &tz), 0);
    EXPECT(tv.tv_sec - now <= 60 && tv.tv_sec >= now && tv.tv_usec < 1000000);
    EXPECT_EQ(syscall(SYS_gettimeofday, &tv, NULL), 0);
    EXPECT_EQ(syscall(SYS_gettimeofday, NULL, NULL), 0);
    EXPECT(time(&t) == t && t >= now - 1);
    EXPECT(syscall(SYS_time, NULL) >= now - 1);
}

int main(void)
{
    pthread_t threads[4];
    struct timespec ts;
    clockid_t clock;
    size_t i;

    for (i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++)
        both_ways_agree(clocks[i]);
    clocks_run();
    old_calls();
    for (i = 0; i < 4; i++)
        EXPECT_EQ(pthread_create(&threads[i], NULL, never_back, NULL), 0);
    for (i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    EXPECT_EQ(pthread_getcpuclockid(pthread_self(), &clock), 0);
    EXPECT_EQ(clock_gettime(clock, &ts), 0);
    EXPECT_EQ(clock_getcpuclockid(0, &clock), 0);
    EXPECT_EQ(clock_gettime(clock, &ts), 0);
    EXPECT(getauxval(AT_SYSINFO_EHDR) != 0);
    EXPECT_ERRNO(clock_gettime(77, &ts), EINVAL);
    EXPECT_ERRNO(clock_getres(77, &ts), EINVAL);
    EXPECT_ERRNO(syscall(SYS_clock_gettime, CLOCK_REALTIME, abi_bad_pointer()), EFAULT);
    return abi_done();
}
