/* SPDX-License-Identifier: Apache-2.0 */
/* sched_*(2), getcpu(2), getpriority(2): affinity, policies, limits. */
#include "test/abi/abi.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

static void affinity(void)
{
    cpu_set_t all;
    cpu_set_t one;
    unsigned cpu = 99999;
    unsigned node = 99999;
    int i;

    CPU_ZERO(&all);
    EXPECT_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
    EXPECT(CPU_COUNT(&all) >= 1);
    EXPECT_EQ(CPU_COUNT(&all), sysconf(_SC_NPROCESSORS_ONLN));
    for (i = 0; i < CPU_SETSIZE; i++) {
        if (!CPU_ISSET(i, &all))
            continue;
        CPU_ZERO(&one);
        CPU_SET(i, &one);
        EXPECT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
        EXPECT_EQ(sched_getcpu(), i);
        EXPECT_EQ(syscall(SYS_getcpu, &cpu, &node, NULL), 0);
        EXPECT_EQ(cpu, i);
    }
    EXPECT_EQ(sched_setaffinity(0, sizeof(all), &all), 0);
    CPU_ZERO(&one);
    EXPECT_ERRNO(sched_setaffinity(0, sizeof(one), &one), EINVAL);
    CPU_SET(1000, &one);
    EXPECT_ERRNO(sched_setaffinity(0, sizeof(one), &one), EINVAL);
    EXPECT_ERRNO(sched_getaffinity(0x7ffffff, sizeof(all), &all), ESRCH);
    EXPECT_ERRNO(syscall(SYS_sched_getaffinity, 0, 1, &all), EINVAL);
    EXPECT_ERRNO(syscall(SYS_sched_getaffinity, 0, sizeof(all), abi_bad_pointer()), EFAULT);
}

static atomic_int spinner_cpu = -1;
static atomic_bool spinner_ends;

static void *spin(void *arg)
{
    while (!spinner_ends)
        spinner_cpu = sched_getcpu();
    return arg;
}

/* A thread that never enters the kernel is moved by what another one says. */
static void affinity_of_another(void)
{
    pthread_t spinner;
    cpu_set_t all;
    cpu_set_t one;
    int i;
    int ms;

    EXPECT_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
    EXPECT_EQ(pthread_create(&spinner, NULL, spin, NULL), 0);
    for (i = 0; i < CPU_SETSIZE; i++) {
        if (!CPU_ISSET(i, &all))
            continue;
        CPU_ZERO(&one);
        CPU_SET(i, &one);
        EXPECT_EQ(pthread_setaffinity_np(spinner, sizeof(one), &one), 0);
        for (ms = 0; ms < 2000 && spinner_cpu != i; ms++)
            usleep(1000);
        EXPECT_EQ(spinner_cpu, i);
    }
    spinner_ends = true;
    EXPECT_EQ(pthread_join(spinner, NULL), 0);
}

static void policies(void)
{
    struct sched_param param = { .sched_priority = 99 };

    EXPECT_EQ(sched_getscheduler(0), SCHED_OTHER);
    EXPECT_EQ(sched_getparam(0, &param), 0);
    EXPECT_EQ(param.sched_priority, 0);
    EXPECT_EQ(sched_setscheduler(0, SCHED_OTHER, &param), 0);
    param.sched_priority = 5;
    EXPECT_ERRNO(sched_setscheduler(0, SCHED_OTHER, &param), EINVAL);
    EXPECT_ERRNO(sched_setscheduler(0, 77, &param), EINVAL);
    EXPECT_ERRNO(sched_getscheduler(-1), EINVAL);
    EXPECT_ERRNO(sched_getscheduler(0x7ffffff), ESRCH);
    EXPECT_EQ(sched_get_priority_min(SCHED_OTHER), 0);
    EXPECT_EQ(sched_get_priority_max(SCHED_OTHER), 0);
    EXPECT_EQ(sched_get_priority_min(SCHED_FIFO), 1);
    EXPECT_EQ(sched_get_priority_max(SCHED_RR), 99);
    EXPECT_ERRNO(sched_get_priority_max(77), EINVAL);
}

static atomic_int turn;

static void *take_turns(void *arg)
{
    int me = (int)(intptr_t)arg;
    int i;

    for (i = 0; i < 500; i++) {
        while (turn != me)
            sched_yield();
        turn = 1 - me;
    }
    return NULL;
}

/* Two threads on one CPU that yield to each other must both get on. */
static void yielding(void)
{
    pthread_t thread;
    cpu_set_t all;
    cpu_set_t one;

    EXPECT_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    EXPECT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
    EXPECT_EQ(pthread_create(&thread, NULL, take_turns, (void *)1), 0);
    take_turns((void *)0);
    pthread_join(thread, NULL);
    EXPECT_EQ(turn, 0);
    EXPECT_EQ(sched_setaffinity(0, sizeof(all), &all), 0);
}

int main(void)
{
    struct timespec slice;

    affinity();
    affinity_of_another();
    policies();
    yielding();
    EXPECT_EQ(sched_yield(), 0);
    EXPECT_EQ(sched_rr_get_interval(0, &slice), 0);

    /* Whoever started us chose the first value; ours must be kept. */
    EXPECT_EQ(setpriority(PRIO_PROCESS, 0, 12), 0);
    EXPECT_EQ(getpriority(PRIO_PROCESS, 0), 12);
    EXPECT_ERRNO(getpriority(77, 0), EINVAL);
    return abi_done();
}
