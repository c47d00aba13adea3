/* SPDX-License-Identifier: Apache-2.0 */
/* getrusage(2) and times(2): CPU time grows with work and not with sleep; memory is counted. */
#include "test/abi/abi.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/times.h>

static int64_t spent(int who)
{
    struct rusage usage;

    EXPECT_EQ(getrusage(who, &usage), 0);
    return (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static void burn(int ms)
{
    int64_t until = abi_ns(CLOCK_THREAD_CPUTIME_ID) + (int64_t)ms * ABI_MS;

    while (abi_ns(CLOCK_THREAD_CPUTIME_ID) < until)
        continue;
}

static void *burn_in_thread(void *arg)
{
    burn(60);
    EXPECT(spent(RUSAGE_THREAD) >= 40000);
    return arg;
}

int main(void)
{
    struct rusage before;
    struct rusage after;
    struct tms tms;
    pthread_t thread;
    size_t size = 8u << 20;
    char *map;
    clock_t ticks;

    EXPECT_EQ(pthread_create(&thread, NULL, burn_in_thread, NULL), 0);
    pthread_join(thread, NULL);
    EXPECT(spent(RUSAGE_SELF) >= 40000);
    EXPECT(spent(RUSAGE_THREAD) < spent(RUSAGE_SELF));
    EXPECT_EQ(spent(RUSAGE_CHILDREN), 0);
    ticks = times(&tms);
    EXPECT(ticks != (clock_t)-1);
    EXPECT(tms.tms_utime + tms.tms_stime >= 4);
    EXPECT(tms.tms_cutime == 0 && tms.tms_cstime == 0);
    abi_sleep_ms(60);
    EXPECT(times(NULL) - ticks >= 5);

    EXPECT_EQ(getrusage(RUSAGE_SELF, &before), 0);
    map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(map, 1, size);
    EXPECT_EQ(getrusage(RUSAGE_SELF, &after), 0);
    EXPECT(after.ru_minflt > before.ru_minflt);
    EXPECT(after.ru_maxrss >= before.ru_maxrss && after.ru_maxrss >= 8192);
    EXPECT_ERRNO(getrusage(77, &after), EINVAL);
    EXPECT_ERRNO(getrusage(RUSAGE_SELF, abi_bad_pointer()), EFAULT);
    EXPECT(clock() != (clock_t)-1);
    return abi_done();
}
