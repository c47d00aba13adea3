/* SPDX-License-Identifier: Apache-2.0 */
/* Thread-local variables survive switches between threads, system calls and signals. */
#include "test/abi/abi.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

enum {
    THREADS = 16,
};

static __thread int initialised = 7;
static __thread long zeroed[100];
static __thread int handled;

static void on_signal(int sig)
{
    (void)sig;
    handled++;
}

static void *use(void *arg)
{
    long mine = (long)(intptr_t)arg;
    int wrong = 0;
    int i;

    EXPECT_EQ(initialised, 7);
    EXPECT(zeroed[0] == 0 && zeroed[99] == 0);
    for (i = 0; i < 1000; i++) {
        zeroed[i % 100] = mine;
        initialised = (int)mine;
        if (i % 10 == 0)
            sched_yield();
        wrong += zeroed[i % 100] != mine || initialised != mine;
    }
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(pthread_kill(pthread_self(), SIGUSR1), 0);
    EXPECT_EQ(handled, 1);

    /* errno is one per thread, too. */
    errno = (int)mine;
    sched_yield();
    EXPECT_EQ(errno, mine);
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    intptr_t i;

    signal(SIGUSR1, on_signal);
    for (i = 0; i < THREADS; i++)
        EXPECT_EQ(pthread_create(&threads[i], NULL, use, (void *)(i + 1000)), 0);
    for (i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    EXPECT_EQ(initialised, 7);
    EXPECT_EQ(handled, 0);
    return abi_done();
}
