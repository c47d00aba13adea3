/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that get in each other's way: page tables, faults, signals, births and deaths. */
#include "test/abi/abi.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum {
    WORKERS = 4,
    MAPPING_ROUNDS = 150,
    REGION_PAGES = 64,
    PROTECT_ROUNDS = 200,
    BIRTHS = 60,
    SIGNALS = 300,
    MESSAGES = 400,
};

static void run_all(void *(*worker)(void *arg))
{
    pthread_t threads[WORKERS];
    long i;

    for (i = 0; i < WORKERS; i++)
        EXPECT_EQ(pthread_create(&threads[i], NULL, worker, (void *)i), 0);
    for (i = 0; i < WORKERS; i++)
        EXPECT_EQ(pthread_join(threads[i], NULL), 0);
}

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* Whether all words of [at, at + size) are `value`. */
static bool is_filled(const unsigned *at, size_t size, unsigned value)
{
    size_t i;

    for (i = 0; i < size / sizeof(*at); i += 128) {
        if (at[i] != value)
            return false;
    }
    return true;
}

static void fill(unsigned *at, size_t size, unsigned value)
{
    size_t i;

    for (i = 0; i < size / sizeof(*at); i += 128)
        at[i] = value;
}

/* Memory that one thread gives back is another's a moment later: nobody sees anybody's words. */
static void *map_and_unmap(void *arg)
{
    unsigned state = (unsigned)(long)arg + 1;
    bool ok = true;
    int i;

    for (i = 0; i < MAPPING_ROUNDS && ok; i++) {
        size_t size = (1 + next_random(&state) % 48) * ABI_PAGE;
        unsigned value = next_random(&state) | 1;
        unsigned *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        ok = at != MAP_FAILED && is_filled(at, size, 0);
        if (!ok)
            break;
        fill(at, size, value);
        sched_yield();
        ok = is_filled(at, size, value);
        if (i % 3 == 0) {
            ok = ok && madvise(at, size, MADV_DONTNEED) == 0 && is_filled(at, size, 0);
            fill(at, size, value);
        }
        if (i % 3 == 1) {
            unsigned *moved = mremap(at, size, size + ABI_PAGE * 8, MREMAP_MAYMOVE);

            ok = ok && moved != MAP_FAILED && is_filled(moved, size, value);
            at = moved;
            size += ABI_PAGE * 8;
        }
        ok = ok && munmap(at, size) == 0;
    }
    EXPECT(ok);
    return NULL;
}

/*
 * All threads fault in the same fresh pages at once: each page gets one frame and loses no write.
 */
static unsigned char *region;
static pthread_barrier_t barrier;

static void *fault_together(void *arg)
{
    long me = (long)arg;
    bool ok = true;
    int round;
    long i;

    for (round = 1; round <= 20; round++) {
        pthread_barrier_wait(&barrier);
        for (i = 0; i < REGION_PAGES; i++)
            region[i * ABI_PAGE + me] = (unsigned char)round;
        pthread_barrier_wait(&barrier);
        for (i = 0; i < (long)REGION_PAGES * WORKERS; i++)
            ok = ok && region[i / WORKERS * ABI_PAGE + i % WORKERS] == round;
        pthread_barrier_wait(&barrier);
        if (me == 0)
            ok = ok && madvise(region, REGION_PAGES * ABI_PAGE, MADV_DONTNEED) == 0;
    }
    EXPECT(ok);
    return NULL;
}

static void faults(void)
{
    region = mmap(NULL, REGION_PAGES * ABI_PAGE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT(region != MAP_FAILED);
    EXPECT_EQ(pthread_barrier_init(&barrier, NULL, WORKERS), 0);
    run_all(fault_together);
    pthread_barrier_destroy(&barrier);
    EXPECT_EQ(munmap(region, REGION_PAGES * ABI_PAGE), 0);
}

/* A page that became read-only is so for every CPU when mprotect() returns. */
static atomic_ulong *counter;
static atomic_bool is_open;
static atomic_bool writers_end;
static atomic_ulong refused;

static void on_segv(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    if ((uintptr_t)info->si_addr < (uintptr_t)counter ||
        (uintptr_t)info->si_addr >= (uintptr_t)counter + ABI_PAGE)
        _exit(99);
    refused++;
    while (!is_open && !writers_end)
        sched_yield();
}

static void *write_always(void *arg)
{
    while (!writers_end) {
        if (is_open) {
            (*counter)++;
        } else {
            sched_yield();
        }
    }
    return arg;
}

static void protection(void)
{
    struct sigaction action = { .sa_sigaction = on_segv, .sa_flags = SA_SIGINFO };
    pthread_t writers[2];
    bool ok = true;
    int i;

    sigaction(SIGSEGV, &action, NULL);
    counter = mmap(NULL, ABI_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT(counter != MAP_FAILED);
    for (i = 0; i < 2; i++)
        EXPECT_EQ(pthread_create(&writers[i], NULL, write_always, NULL), 0);
    for (i = 0; i < PROTECT_ROUNDS && ok; i++) {
        unsigned long before;
        int spins;

        is_open = true;
        for (spins = 0; spins < 2000; spins++)
            atomic_signal_fence(memory_order_seq_cst);
        ok = mprotect(counter, ABI_PAGE, PROT_READ) == 0;
        is_open = false;
        before = *counter;
        for (spins = 0; spins < 2000; spins++)
            ok = ok && *counter == before;
        ok = ok && mprotect(counter, ABI_PAGE, PROT_READ | PROT_WRITE) == 0;
    }
    writers_end = true;
    EXPECT(ok);
    for (i = 0; i < 2; i++)
        EXPECT_EQ(pthread_join(writers[i], NULL), 0);
    signal(SIGSEGV, SIG_DFL);
    munmap(counter, ABI_PAGE);
}

static atomic_int born;

static void *be_born(void *arg)
{
    born++;
    return arg;
}

static void *have_children(void *arg)
{
    bool ok = true;
    int i;

    for (i = 0; i < BIRTHS && ok; i++) {
        pthread_t child;
        void *result = NULL;

        ok = pthread_create(&child, NULL, be_born, arg) == 0 &&
             (i % 4 == 3 ? pthread_detach(child) == 0
                         : pthread_join(child, &result) == 0 && result == arg);
    }
    EXPECT(ok);
    return NULL;
}

static void births(void)
{
    int ms;

    run_all(have_children);
    for (ms = 0; ms < 2000 && born != WORKERS * BIRTHS; ms++)
        usleep(1000);
    EXPECT_EQ(born, WORKERS * BIRTHS);
}

/* Signals that hit threads in every kind of sleep lose neither a message nor themselves. */
static int pipes[WORKERS][2];
static atomic_int handled;
static atomic_long received;

static void on_usr1(int signal)
{
    (void)signal;
    handled++;
}

static void *read_all(void *arg)
{
    int fd = pipes[(long)arg][0];
    char byte;
    ssize_t len;

    for (;;) {
        len = read(fd, &byte, 1);
        if (len == 1) {
            received++;
        } else if (len == 0 || errno != EINTR) {
            break;
        }
    }
    EXPECT_EQ(len, 0);
    return NULL;
}

static void signals(void)
{
    struct sigaction action = { .sa_handler = on_usr1 };
    pthread_t readers[WORKERS];
    unsigned state = 7;
    int ms;
    long i;

    sigaction(SIGUSR1, &action, NULL);
    for (i = 0; i < WORKERS; i++) {
        EXPECT_EQ(i % 2 ? pipe(pipes[i]) : socketpair(AF_UNIX, SOCK_STREAM, 0, pipes[i]), 0);
        EXPECT_EQ(pthread_create(&readers[i], NULL, read_all, (void *)i), 0);
    }
    for (i = 0; i < MESSAGES; i++) {
        if (i < SIGNALS) {
            int before = handled;

            EXPECT_EQ(pthread_kill(readers[next_random(&state) % WORKERS], SIGUSR1), 0);
            for (ms = 0; ms < 2000 && handled == before; ms++)
                usleep(ms ? 1000 : 1);
        }
        EXPECT_EQ(write(pipes[i % WORKERS][1], "x", 1), 1);
    }
    for (i = 0; i < WORKERS; i++)
        close(pipes[i][1]);
    for (i = 0; i < WORKERS; i++)
        EXPECT_EQ(pthread_join(readers[i], NULL), 0);
    EXPECT_EQ(handled, SIGNALS);
    EXPECT_EQ(received, MESSAGES);
    for (i = 0; i < WORKERS; i++)
        close(pipes[i][0]);
}

int main(void)
{
    run_all(map_and_unmap);
    faults();
    protection();
    births();
    signals();
    return abi_done();
}
