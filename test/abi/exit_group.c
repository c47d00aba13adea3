/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first thread ends before the others, and another one ends the program while threads sleep,
 * wait and compute. The summary is printed by that thread: the status of the whole is the last
 * check.
 */
#include "test/abi/abi.h"

#include <pthread.h>

static pthread_t first;

static void *compute(void *arg)
{
    volatile unsigned long n = 0;

    for (;;)
        n++;
    return arg;
}

static void *sleep_long(void *arg)
{
    sleep(1000);
    return arg;
}

static void *read_forever(void *arg)
{
    char c;

    EXPECT_EQ(read(*(int *)arg, &c, 1), 1);
    return arg;
}

static void *end_all(void *arg)
{
    void *value = NULL;

    EXPECT_EQ(pthread_join(first, &value), 0);
    EXPECT(value == (void *)123);
    EXPECT_EQ(getpid() == gettid(), 0);
    abi_sleep_ms(50);
    fflush(stdout);
    syscall(SYS_exit_group, abi_done() + fflush(stdout));
    return arg;
}

int main(void)
{
    pthread_t thread;
    static int fds[2];

    first = pthread_self();
    EXPECT_EQ(pipe(fds), 0);
    EXPECT_EQ(pthread_create(&thread, NULL, compute, NULL), 0);
    EXPECT_EQ(pthread_create(&thread, NULL, sleep_long, NULL), 0);
    EXPECT_EQ(pthread_create(&thread, NULL, read_forever, &fds[0]), 0);
    EXPECT_EQ(pthread_create(&thread, NULL, end_all, NULL), 0);
    pthread_exit((void *)123);
}
