/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the same CPU-bound work with one thread and with as many as there are CPUs (or the first
 * argument says), and prints how long each took:
 *
 *     threads 1 ns 812345678
 *     threads 2 ns 409876543
 *     ok
 *
 * The threads share nothing and make no system call, so on two free CPUs the second line is near
 * half of the first.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    THREADS_MAX = 64,
    ROUNDS = 60000000,
};

struct share {
    pthread_t thread;
    uint64_t rounds;
    uint64_t result;
};

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void *work(void *arg)
{
    struct share *share = arg;
    uint64_t value = 88172645463325252;
    uint64_t sum = 0;
    uint64_t i;

    for (i = 0; i < share->rounds; i++) {
        value ^= value << 13;
        value ^= value >> 7;
        value ^= value << 17;
        sum += value;
    }
    share->result = sum;
    return NULL;
}

/* The time in ns, or -1 if a thread could not be made or the shares came to different results. */
static int64_t run(int threads)
{
    struct share shares[THREADS_MAX] = { 0 };
    int64_t start = now_ns();
    int i;

    for (i = 0; i < threads; i++) {
        shares[i].rounds = ROUNDS / (unsigned)threads;
        if (pthread_create(&shares[i].thread, NULL, work, &shares[i]) != 0)
            return -1;
    }
    for (i = 0; i < threads; i++)
        pthread_join(shares[i].thread, NULL);
    for (i = 1; i < threads; i++) {
        if (shares[i].result != shares[0].result)
            return -1;
    }
    return now_ns() - start;
}

static int report(int threads)
{
    int64_t ns = run(threads);

    printf("threads %d ns %lld\n", threads, (long long)ns);
    return ns > 0;
}

int main(int argc, char **argv)
{
    long threads = argc > 1 ? strtol(argv[1], NULL, 10) : sysconf(_SC_NPROCESSORS_ONLN);

    if (threads < 1 || threads > THREADS_MAX) {
        printf("1 to %d threads\n", THREADS_MAX);
        return 2;
    }
    if (!report(1) || !report((int)threads)) {
        printf("failed\n");
        return 1;
    }
    printf("ok\n");
    return 0;
}
