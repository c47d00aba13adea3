/* SPDX-License-Identifier: Apache-2.0 */
/* Mutexes, condition variables, read-write locks under contention, with and without time limits. */
#include "test/abi/abi.h"

#include <pthread.h>

enum {
    THREADS = 8,
    ROUNDS = 5000,
    ITEMS = 2000,
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static pthread_cond_t emptied = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static long plain_counter;
static long sum;
static int slots[4];
static int used;
static long guarded_a;
static long guarded_b;

static void *increment(void *arg)
{
    int i;

    for (i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        plain_counter++;
        pthread_mutex_unlock(&mutex);
    }
    return arg;
}

static void *produce(void *arg)
{
    int i;

    for (i = 1; i <= ITEMS; i++) {
        pthread_mutex_lock(&mutex);
        while (used == 4)
            pthread_cond_wait(&emptied, &mutex);
        slots[used++] = i;
        pthread_cond_signal(&filled);
        pthread_mutex_unlock(&mutex);
    }
    return arg;
}

static void *consume(void *arg)
{
    int i;

    for (i = 0; i < ITEMS; i++) {
        pthread_mutex_lock(&mutex);
        while (used == 0)
            pthread_cond_wait(&filled, &mutex);
        sum += slots[--used];
        pthread_cond_signal(&emptied);
        pthread_mutex_unlock(&mutex);
    }
    return arg;
}

static void *read_and_write(void *arg)
{
    int i;

    for (i = 0; i < 1000; i++) {
        if (i % 10 == 0) {
            pthread_rwlock_wrlock(&rwlock);
            guarded_a++;
            guarded_b++;
        } else {
            pthread_rwlock_rdlock(&rwlock);
            EXPECT(guarded_a == guarded_b);
        }
        pthread_rwlock_unlock(&rwlock);
    }
    return arg;
}

static void run(void *(*even)(void *), void *(*odd)(void *))
{
    pthread_t threads[THREADS];
    int i;

    for (i = 0; i < THREADS; i++)
        EXPECT_EQ(pthread_create(&threads[i], NULL, i % 2 == 0 ? even : odd, NULL), 0);
    for (i = 0; i < THREADS; i++)
        EXPECT_EQ(pthread_join(threads[i], NULL), 0);
}

static struct timespec in_50_ms(clockid_t clock)
{
    struct timespec when;
    int64_t ns = abi_ns(clock) + 50 * ABI_MS;

    when.tv_sec = ns / 1000000000;
    when.tv_nsec = ns % 1000000000;
    return when;
}

static void *try_with_limit(void *arg)
{
    struct timespec when = in_50_ms(CLOCK_REALTIME);

    EXPECT_EQ(pthread_mutex_trylock(&mutex), EBUSY);
    EXPECT_EQ(pthread_mutex_timedlock(&mutex, &when), ETIMEDOUT);
    EXPECT(abi_ns(CLOCK_REALTIME) >= (int64_t)when.tv_sec * 1000000000 + when.tv_nsec);
    return arg;
}

static void time_limits(void)
{
    pthread_condattr_t attr;
    pthread_cond_t cond;
    pthread_t thread;
    struct timespec when;
    int64_t start = abi_now();

    pthread_condattr_init(&attr);
    EXPECT_EQ(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC), 0);
    EXPECT_EQ(pthread_cond_init(&cond, &attr), 0);
    pthread_mutex_lock(&mutex);
    EXPECT_EQ(pthread_create(&thread, NULL, try_with_limit, NULL), 0);
    pthread_join(thread, NULL);
    when = in_50_ms(CLOCK_MONOTONIC);
    EXPECT_EQ(pthread_cond_timedwait(&cond, &mutex, &when), ETIMEDOUT);
    EXPECT(abi_now() - start >= 100 * ABI_MS);
    pthread_mutex_unlock(&mutex);
}

static void kinds(void)
{
    pthread_mutexattr_t attr;
    pthread_mutex_t other;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&other, &attr);
    EXPECT_EQ(pthread_mutex_lock(&other), 0);
    EXPECT_EQ(pthread_mutex_lock(&other), 0);
    EXPECT_EQ(pthread_mutex_unlock(&other), 0);
    EXPECT_EQ(pthread_mutex_unlock(&other), 0);
    EXPECT_EQ(pthread_mutex_unlock(&other), EPERM);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&other, &attr);
    EXPECT_EQ(pthread_mutex_lock(&other), 0);
    EXPECT_EQ(pthread_mutex_lock(&other), EDEADLK);
    EXPECT_EQ(pthread_mutex_unlock(&other), 0);
}

int main(void)
{
    run(increment, increment);
    EXPECT_EQ(plain_counter, (long)THREADS * ROUNDS);
    run(produce, consume);
    EXPECT_EQ(sum, (long)THREADS / 2 * ITEMS * (ITEMS + 1) / 2);
    run(read_and_write, read_and_write);
    EXPECT_EQ(guarded_a, THREADS * 100);
    time_limits();
    kinds();
    return abi_done();
}
