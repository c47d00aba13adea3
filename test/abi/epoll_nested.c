/* SPDX-License-Identifier: Apache-2.0 */
/* An epoll is a file: it can be polled, watched by another epoll, and must not form a loop. */
#include "test/abi/abi.h"

#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>

static void *write_later(void *arg)
{
    abi_sleep_ms(50);
    EXPECT_EQ(write(*(int *)arg, "x", 1), 1);
    return NULL;
}

int main(void)
{
    struct epoll_event event = { .events = EPOLLIN };
    struct epoll_event got;
    struct pollfd item = { .events = POLLIN };
    pthread_t thread;
    int inner = epoll_create1(0);
    int outer = epoll_create1(0);
    int chain[8];
    int fds[2];
    int i;
    char c;

    EXPECT_EQ(pipe(fds), 0);
    EXPECT_EQ(epoll_ctl(inner, EPOLL_CTL_ADD, fds[0], &event), 0);
    event.data.u32 = 42;
    EXPECT_EQ(epoll_ctl(outer, EPOLL_CTL_ADD, inner, &event), 0);
    item.fd = outer;
    EXPECT_EQ(poll(&item, 1, 0), 0);
    EXPECT_EQ(pthread_create(&thread, NULL, write_later, &fds[1]), 0);
    EXPECT_EQ(epoll_wait(outer, &got, 1, -1), 1);
    EXPECT(got.events == EPOLLIN && got.data.u32 == 42);
    pthread_join(thread, NULL);
    EXPECT_EQ(poll(&item, 1, 0), 1);
    EXPECT_EQ(item.revents, POLLIN);
    EXPECT_EQ(epoll_wait(inner, &got, 1, 0), 1);
    EXPECT_EQ(read(fds[0], &c, 1), 1);
    EXPECT_EQ(epoll_wait(outer, &got, 1, 0), 0);
    EXPECT_EQ(poll(&item, 1, 0), 0);

    EXPECT_ERRNO(epoll_ctl(inner, EPOLL_CTL_ADD, outer, &event), ELOOP);
    EXPECT_ERRNO(epoll_ctl(inner, EPOLL_CTL_ADD, inner, &event), EINVAL);

    /* No deeper than five. */
    for (i = 0; i < 8; i++)
        chain[i] = epoll_create1(0);
    EXPECT_EQ(epoll_ctl(chain[0], EPOLL_CTL_ADD, fds[0], &event), 0);
    for (i = 1; i < 5; i++)
        EXPECT_EQ(epoll_ctl(chain[i], EPOLL_CTL_ADD, chain[i - 1], &event), 0);
    EXPECT_ERRNO(epoll_ctl(chain[5], EPOLL_CTL_ADD, chain[4], &event), ELOOP);
    EXPECT_EQ(write(fds[1], "x", 1), 1);
    EXPECT_EQ(epoll_wait(chain[4], &got, 1, 0), 1);

    /* Closing the inner one takes it out of the outer. */
    EXPECT_EQ(epoll_wait(outer, &got, 1, 0), 1);
    EXPECT_EQ(close(inner), 0);
    EXPECT_EQ(epoll_wait(outer, &got, 1, 0), 0);
    return abi_done();
}
