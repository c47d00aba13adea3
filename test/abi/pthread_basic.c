/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX threads: values, attributes, detaching, cancelling, once, keys, barriers; 200 at once. */
#include "test/abi/abi.h"

#include <pthread.h>
#include <semaphore.h>

enum {
    THREADS = 200,
};

static atomic_int counter;
static atomic_int destroyed;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static pthread_barrier_t barrier;
static sem_t semaphore;

static void *echo(void *arg)
{
    return arg;
}

static void *count(void *arg)
{
    counter++;
    return arg;
}

static void init_once(void)
{
    counter += 1000;
}

static void destroy(void *value)
{
    destroyed += (int)(intptr_t)value;
}

static void *use_everything(void *arg)
{
    pthread_once(&once, init_once);
    pthread_setspecific(key, (void *)1);
    pthread_barrier_wait(&barrier);
    EXPECT(pthread_getspecific(key) == (void *)1);
    sem_post(&semaphore);
    return arg;
}

static void *sleep_forever(void *arg)
{
    sem_post(&semaphore);
    for (;;)
        sleep(1000);
    return arg;
}

static void two_hundred_at_once(void)
{
    pthread_t threads[THREADS];
    pthread_attr_t attr;
    void *value;
    intptr_t i;

    pthread_attr_init(&attr);
    EXPECT_EQ(pthread_attr_setstacksize(&attr, 64L * 1024), 0);
    EXPECT_EQ(pthread_barrier_init(&barrier, NULL, THREADS), 0);
    for (i = 0; i < THREADS; i++)
        EXPECT_EQ(pthread_create(&threads[i], &attr, use_everything, (void *)i), 0);
    for (i = 0; i < THREADS; i++) {
        EXPECT_EQ(pthread_join(threads[i], &value), 0);
        EXPECT_EQ((intptr_t)value, i);
    }
    EXPECT_EQ(counter, 1000);
    EXPECT_EQ(destroyed, THREADS);
    for (i = 0; i < THREADS; i++)
        EXPECT_EQ(sem_trywait(&semaphore), 0);
    EXPECT_ERRNO(sem_trywait(&semaphore), EAGAIN);
}

static void one_after_the_other(void)
{
    pthread_t thread;
    int i;

    counter = 0;
    for (i = 0; i < 500; i++) {
        EXPECT_EQ(pthread_create(&thread, NULL, count, NULL), 0);
        EXPECT_EQ(pthread_join(thread, NULL), 0);
    }
    EXPECT_EQ(counter, 500);
}

static void cancelling(void)
{
    pthread_t thread;
    void *value = NULL;

    EXPECT_EQ(pthread_create(&thread, NULL, sleep_forever, NULL), 0);
    EXPECT_EQ(sem_wait(&semaphore), 0);
    EXPECT_EQ(pthread_tryjoin_np(thread, NULL), EBUSY);
    EXPECT_EQ(pthread_cancel(thread), 0);
    EXPECT_EQ(pthread_join(thread, &value), 0);
    EXPECT(value == PTHREAD_CANCELED);
}

static void stacks(void)
{
    pthread_attr_t attr;
    void *base = NULL;
    size_t size = 0;
    char here;

    EXPECT_EQ(pthread_getattr_np(pthread_self(), &attr), 0);
    EXPECT_EQ(pthread_attr_getstack(&attr, &base, &size), 0);
    EXPECT(&here > (char *)base && &here < (char *)base + size);
}

int main(void)
{
    pthread_t thread;
    void *value = NULL;

    EXPECT_EQ(pthread_create(&thread, NULL, echo, (void *)4711), 0);
    EXPECT_EQ(pthread_join(thread, &value), 0);
    EXPECT(value == (void *)4711);
    EXPECT_EQ(sem_init(&semaphore, 0, 0), 0);
    EXPECT_EQ(pthread_key_create(&key, destroy), 0);
    two_hundred_at_once();
    one_after_the_other();
    cancelling();
    stacks();
    return abi_done();
}
