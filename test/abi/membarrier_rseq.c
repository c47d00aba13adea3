/* SPDX-License-Identifier: Apache-2.0 */
/* membarrier(2) and rseq(2): what they offer they do, what they lack they refuse cleanly. */
#include "test/abi/abi.h"

#include <linux/membarrier.h>
#include <linux/rseq.h>
#include <pthread.h>
#include <sched.h>
#include <sys/rseq.h>

static long membarrier(int command, unsigned flags)
{
    return syscall(SYS_membarrier, command, flags, 0);
}

static void barriers(void)
{
    long offered = membarrier(MEMBARRIER_CMD_QUERY, 0);

    EXPECT(offered >= 0);
    EXPECT(offered & MEMBARRIER_CMD_GLOBAL);
    EXPECT(offered & MEMBARRIER_CMD_PRIVATE_EXPEDITED);
    EXPECT_EQ(membarrier(MEMBARRIER_CMD_GLOBAL, 0), 0);

    /* The expedited form wants to be announced. */
    EXPECT_ERRNO(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0), EPERM);
    EXPECT_EQ(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0), 0);
    EXPECT_EQ(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0), 0);
    EXPECT_ERRNO(membarrier(1 << 30, 0), EINVAL);
    EXPECT_ERRNO(membarrier(MEMBARRIER_CMD_QUERY, 0x1000), EINVAL);
}

/* The C library registers each thread's area; the kernel keeps the CPU's number in it. */
static void *sequences(void *arg)
{
    volatile struct rseq *area;

    if (__rseq_size == 0) {
        EXPECT_ERRNO(syscall(SYS_rseq, NULL, 0, 0, 0), ENOSYS);
        return arg;
    }
    area = (struct rseq *)(void *)((char *)__builtin_thread_pointer() + __rseq_offset);
    EXPECT(area->cpu_id < (unsigned)sysconf(_SC_NPROCESSORS_CONF));
    EXPECT(area->cpu_id_start == area->cpu_id || sysconf(_SC_NPROCESSORS_CONF) > 1);
    sched_yield();
    EXPECT(area->cpu_id < (unsigned)sysconf(_SC_NPROCESSORS_CONF));
    return arg;
}

static void rseq_on_each_cpu(void)
{
    cpu_set_t all;
    cpu_set_t one;
    int i;

    EXPECT_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
    for (i = 0; i < CPU_SETSIZE && __rseq_size != 0; i++) {
        if (!CPU_ISSET(i, &all))
            continue;
        CPU_ZERO(&one);
        CPU_SET(i, &one);
        EXPECT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
        EXPECT_EQ(
            ((volatile struct rseq *)(void *)((char *)__builtin_thread_pointer() + __rseq_offset))
                ->cpu_id,
            i);
    }
    EXPECT_EQ(sched_setaffinity(0, sizeof(all), &all), 0);
}

int main(void)
{
    pthread_t thread;

    barriers();
    sequences(NULL);
    EXPECT_EQ(pthread_create(&thread, NULL, sequences, NULL), 0);
    pthread_join(thread, NULL);
    rseq_on_each_cpu();
    return abi_done();
}
