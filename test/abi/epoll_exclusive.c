/* SPDX-License-Identifier: Apache-2.0 */
/* EPOLLEXCLUSIVE: of several epolls on one file at least one is told, and none is stuck. */
#include "test/abi/abi.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

enum {
    WAITERS = 4,
    TOKENS = 200,
};

static int event_fd;
static atomic_int taken;

static void *waiter(void *arg)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE };
    struct epoll_event got;
    uint64_t token;
    int ep = epoll_create1(0);

    (void)arg;
    EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, event_fd, &event), 0);
    while (taken < TOKENS) {
        int n = epoll_wait(ep, &got, 1, 200);

        if (n == 1 && read(event_fd, &token, 8) == 8)
            taken++;
    }
    close(ep);
    return NULL;
}

int main(void)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE };
    pthread_t threads[WAITERS];
    uint64_t one = 1;
    int ep = epoll_create1(0);
    int inner = epoll_create1(0);
    int i;

    event_fd = eventfd(0, EFD_NONBLOCK | EFD_SEMAPHORE);
    EXPECT(event_fd >= 0);
    for (i = 0; i < WAITERS; i++)
        EXPECT_EQ(pthread_create(&threads[i], NULL, waiter, NULL), 0);
    for (i = 0; i < TOKENS; i++) {
        EXPECT_EQ(write(event_fd, &one, 8), 8);
        if (i % 20 == 0)
            abi_sleep_ms(1);
    }
    for (i = 0; i < WAITERS; i++)
        pthread_join(threads[i], NULL);
    EXPECT_EQ(taken, TOKENS);

    /* Only when adding, only with some events, and never for another epoll. */
    EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, event_fd, &event), 0);
    EXPECT_ERRNO(epoll_ctl(ep, EPOLL_CTL_MOD, event_fd, &event), EINVAL);
    event.events = EPOLLIN;
    EXPECT_ERRNO(epoll_ctl(ep, EPOLL_CTL_MOD, event_fd, &event), EINVAL);
    EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_DEL, event_fd, &event), 0);
    event.events = EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT;
    EXPECT_ERRNO(epoll_ctl(ep, EPOLL_CTL_ADD, event_fd, &event), EINVAL);
    event.events = EPOLLIN | EPOLLEXCLUSIVE;
    EXPECT_ERRNO(epoll_ctl(ep, EPOLL_CTL_ADD, inner, &event), EINVAL);
    return abi_done();
}
