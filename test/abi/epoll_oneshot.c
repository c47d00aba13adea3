/* SPDX-License-Identifier: Apache-2.0 */
/* EPOLLONESHOT: told once, silent until armed again; with several waiters only one is told. */
#include "test/abi/abi.h"

#include <pthread.h>
#include <sys/epoll.h>

enum {
    WAITERS = 4,
};

static int ep;
static atomic_int told;

static void *waiter(void *arg)
{
    struct epoll_event got;

    (void)arg;
    if (epoll_wait(ep, &got, 1, 1000) == 1)
        told++;
    return NULL;
}

int main(void)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT };
    struct epoll_event got;
    pthread_t threads[WAITERS];
    int fds[2];
    int i;
    char c;

    ep = epoll_create1(0);
    EXPECT_EQ(pipe(fds), 0);
    EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &event), 0);
    EXPECT_EQ(write(fds[1], "a", 1), 1);
    EXPECT_EQ(epoll_wait(ep, &got, 1, 0), 1);
    EXPECT_EQ(got.events, EPOLLIN);
    EXPECT_EQ(epoll_wait(ep, &got, 1, 0), 0);
    EXPECT_EQ(write(fds[1], "b", 1), 1);
    EXPECT_EQ(epoll_wait(ep, &got, 1, 20), 0);

    EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], &event), 0);
    EXPECT_EQ(epoll_wait(ep, &got, 1, 0), 1);
    EXPECT_EQ(epoll_wait(ep, &got, 1, 0), 0);
    EXPECT_ERRNO(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &event), EEXIST);
    EXPECT_EQ(read(fds[0], &c, 1), 1);
    EXPECT_EQ(read(fds[0], &c, 1), 1);

    EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], &event), 0);
    for (i = 0; i < WAITERS; i++)
        EXPECT_EQ(pthread_create(&threads[i], NULL, waiter, NULL), 0);
    abi_sleep_ms(50);
    EXPECT_EQ(write(fds[1], "c", 1), 1);
    for (i = 0; i < WAITERS; i++)
        pthread_join(threads[i], NULL);
    EXPECT_EQ(told, 1);

    /* Not even the hang-up is told to one that is spent. */
    EXPECT_EQ(close(fds[1]), 0);
    EXPECT_EQ(epoll_wait(ep, &got, 1, 20), 0);
    EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], &event), 0);
    EXPECT_EQ(epoll_wait(ep, &got, 1, 0), 1);
    EXPECT_EQ(got.events, EPOLLIN | EPOLLHUP);
    return abi_done();
}
