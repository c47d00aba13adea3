/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which calls go on after a handler and which end with EINTR, as signal(7) lists them: with
 * SA_RESTART reads, waits for locks and futexes go on, sleeps and polls never do.
 */
#include "test/abi/abi.h"

#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>

static volatile sig_atomic_t caught;
static pthread_t main_thread;
static int fds[2];
static atomic_int word;

static void on_signal(int sig)
{
    (void)sig;
    caught++;
}

/* Signals the main thread; if that does not end its call, ends it properly a little later. */
static void *disturb(void *arg)
{
    abi_sleep_ms(60);
    pthread_kill(main_thread, SIGUSR1);
    abi_sleep_ms(60);
    EXPECT_EQ(write(fds[1], "x", 1), 1);
    word = 1;
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    return arg;
}

static pthread_t disturber(int flags)
{
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };
    pthread_t thread;

    sigaction(SIGUSR1, &action, NULL);
    caught = 0;
    word = 0;
    EXPECT_EQ(pthread_create(&thread, NULL, disturb, NULL), 0);
    return thread;
}

static void settle(pthread_t thread)
{
    char buf[4];

    pthread_join(thread, NULL);
    EXPECT_EQ(caught, 1);
    EXPECT(recv(fds[0], buf, sizeof(buf), MSG_DONTWAIT) <= 1);
}

static void reads(void)
{
    pthread_t thread = disturber(SA_RESTART);
    char c;

    EXPECT_EQ(read(fds[0], &c, 1), 1);
    settle(thread);
    thread = disturber(0);
    EXPECT_ERRNO(read(fds[0], &c, 1), EINTR);
    settle(thread);
    thread = disturber(SA_RESTART);
    EXPECT_EQ(recv(fds[0], &c, 1, 0), 1);
    settle(thread);
}

/* A receive with a time limit of its own is never restarted. */
static void reads_with_a_limit(void)
{
    struct timeval limit = { 10, 0 };
    struct timeval none = { 0, 0 };
    pthread_t thread;
    char c;

    EXPECT_EQ(setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
    thread = disturber(SA_RESTART);
    EXPECT_ERRNO(recv(fds[0], &c, 1, 0), EINTR);
    settle(thread);
    EXPECT_EQ(setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &none, sizeof(none)), 0);
}

static void sleeps(void)
{
    struct timespec span = { 10, 0 };
    struct timespec left = { 0, 0 };
    pthread_t thread = disturber(SA_RESTART);

    EXPECT_ERRNO(nanosleep(&span, &left), EINTR);
    EXPECT(left.tv_sec >= 1 && left.tv_sec < 10);
    settle(thread);
    thread = disturber(SA_RESTART);
    EXPECT_EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &span, &left), EINTR);
    settle(thread);
    thread = disturber(SA_RESTART);
    EXPECT(sleep(100) > 0);
    settle(thread);
}

static void polls(void)
{
    struct pollfd item = { .fd = -1 };
    struct epoll_event got;
    int ep = epoll_create1(0);
    pthread_t thread = disturber(SA_RESTART);

    EXPECT_ERRNO(poll(&item, 1, 10000), EINTR);
    settle(thread);
    thread = disturber(SA_RESTART);
    EXPECT_ERRNO(epoll_wait(ep, &got, 1, 10000), EINTR);
    settle(thread);
    thread = disturber(SA_RESTART);
    EXPECT_ERRNO(pause(), EINTR);
    settle(thread);
    close(ep);
}

static void futexes(void)
{
    struct timespec span = { 10, 0 };
    pthread_t thread = disturber(SA_RESTART);

    EXPECT_EQ(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0), 0);
    EXPECT_EQ(word, 1);
    settle(thread);
    thread = disturber(0);
    EXPECT_ERRNO(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0), EINTR);
    settle(thread);
    thread = disturber(0);
    EXPECT_ERRNO(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &span, NULL, 0), EINTR);
    settle(thread);
}

/* A signal that has no handler does not end anything. */
static void ignored_signals_disturb_nobody(void)
{
    struct timespec span = { 0, 200 * ABI_MS };
    pthread_t thread = disturber(0);

    signal(SIGUSR1, SIG_IGN);
    EXPECT_EQ(nanosleep(&span, NULL), 0);
    caught = 1;
    settle(thread);
}

int main(void)
{
    main_thread = pthread_self();
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    reads();
    reads_with_a_limit();
    sleeps();
    polls();
    futexes();
    ignored_signals_disturb_nobody();
    return abi_done();
}
