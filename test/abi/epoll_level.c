/* SPDX-License-Identifier: Apache-2.0 */
/* epoll(7), level-triggered: what is ready stays ready, data comes back, changes and removal. */
#include "test/abi/abi.h"

#include <pthread.h>
#include <sys/epoll.h>

static int ep;

static void *write_later(void *arg)
{
    abi_sleep_ms(50);
    EXPECT_EQ(write(*(int *)arg, "x", 1), 1);
    return NULL;
}

static void ready_stays_ready(int *fds)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = 0x123456789abcdef0 };
    struct epoll_event got[8];
    char c;

    EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &event), 0);
    EXPECT_EQ(epoll_wait(ep, got, 8, 0), 0);
    EXPECT_EQ(write(fds[1], "ab", 2), 2);
    EXPECT_EQ(epoll_wait(ep, got, 8, -1), 1);
    EXPECT_EQ(got[0].events, EPOLLIN);
    EXPECT_EQ(got[0].data.u64, 0x123456789abcdef0);
    EXPECT_EQ(read(fds[0], &c, 1), 1);
    EXPECT_EQ(epoll_wait(ep, got, 8, 0), 1);
    EXPECT_EQ(read(fds[0], &c, 1), 1);
    EXPECT_EQ(epoll_wait(ep, got, 8, 0), 0);
}

static void modify_and_delete(int *fds)
{
    struct epoll_event event = { .events = 0, .data.fd = 7 };
    struct epoll_event got[8];
    char c;

    EXPECT_EQ(write(fds[1], "a", 1), 1);
    EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], &event), 0);
    EXPECT_EQ(epoll_wait(ep, got, 8, 0), 0);
    event.events = EPOLLIN | EPOLLRDNORM;
    EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], &event), 0);
    EXPECT_EQ(epoll_wait(ep, got, 8, 0), 1);
    EXPECT_EQ(got[0].events, EPOLLIN | EPOLLRDNORM);
    EXPECT_EQ(got[0].data.fd, 7);
    EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], NULL), 0);
    EXPECT_EQ(epoll_wait(ep, got, 8, 0), 0);
    EXPECT_EQ(read(fds[0], &c, 1), 1);
}

static void timeouts_and_wake_ups(int *fds)
{
    struct epoll_event event = { .events = EPOLLIN };
    struct epoll_event got[2];
    int64_t start = abi_now();
    pthread_t thread;
    char c;

    EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &event), 0);
    EXPECT_EQ(epoll_wait(ep, got, 2, 60), 0);
    EXPECT(abi_now() - start >= 60 * ABI_MS);
    EXPECT_EQ(pthread_create(&thread, NULL, write_later, &fds[1]), 0);
    EXPECT_EQ(epoll_wait(ep, got, 2, -1), 1);
    pthread_join(thread, NULL);
    EXPECT_EQ(read(fds[0], &c, 1), 1);
}

/* More are ready than asked for: each gets its turn. */
static void takes_turns(void)
{
    struct epoll_event event = { .events = EPOLLOUT };
    struct epoll_event got[3];
    unsigned seen = 0;
    int fds[8][2];
    int i;
    int round;

    for (i = 0; i < 8; i++) {
        EXPECT_EQ(pipe(fds[i]), 0);
        event.data.u32 = (uint32_t)i;
        EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fds[i][1], &event), 0);
    }
    for (round = 0; round < 6; round++) {
        EXPECT_EQ(epoll_wait(ep, got, 3, 0), 3);
        for (i = 0; i < 3; i++)
            seen |= 1u << got[i].data.u32;
    }
    EXPECT_EQ(seen, 0xff);

    /* Closing the only descriptor of a file takes it out. */
    for (i = 0; i < 8; i++)
        EXPECT_EQ(close(fds[i][1]), 0);
    EXPECT_EQ(epoll_wait(ep, got, 3, 0), 0);
    for (i = 0; i < 8; i++)
        close(fds[i][0]);
}

static void hang_up_is_always_told(int *fds)
{
    struct epoll_event event = { .events = 0 };
    struct epoll_event got;

    EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], &event), 0);
    EXPECT_EQ(close(fds[1]), 0);
    EXPECT_EQ(epoll_wait(ep, &got, 1, 10000), 1);
    EXPECT_EQ(got.events, EPOLLHUP);
    EXPECT_EQ(close(fds[0]), 0);
}

int main(void)
{
    int fds[2];

    ep = epoll_create1(EPOLL_CLOEXEC);
    EXPECT(ep >= 0);
    EXPECT_EQ(fcntl(ep, F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(pipe(fds), 0);
    ready_stays_ready(fds);
    modify_and_delete(fds);
    timeouts_and_wake_ups(fds);
    hang_up_is_always_told(fds);
    takes_turns();
    return abi_done();
}
