/* SPDX-License-Identifier: Apache-2.0 */
/* epoll(7), edge-triggered: told once for each arrival, on pipes, sockets and eventfds. */
#include "test/abi/abi.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

static int ep;

static uint32_t told(void)
{
    struct epoll_event got;

    return epoll_wait(ep, &got, 1, 0) == 1 ? got.events : 0;
}

static void watch(int fd, uint32_t events)
{
    struct epoll_event event = { .events = events | EPOLLET };

    EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event), 0);
}

static void arrivals_on_a_pipe(void)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLET };
    char buf[8];
    int fds[2];

    EXPECT_EQ(pipe2(fds, O_NONBLOCK), 0);
    EXPECT_EQ(write(fds[1], "a", 1), 1);
    watch(fds[0], EPOLLIN);
    EXPECT_EQ(told(), EPOLLIN);
    EXPECT_EQ(told(), 0);
    EXPECT_EQ(write(fds[1], "b", 1), 1);
    EXPECT_EQ(told(), EPOLLIN);
    EXPECT_EQ(told(), 0);

    /* A partial read is no arrival; arming again tells what is there. */
    EXPECT_EQ(read(fds[0], buf, 1), 1);
    EXPECT_EQ(told(), 0);
    EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], &event), 0);
    EXPECT_EQ(told(), EPOLLIN);

    /* An arrival that was drained before anybody asked is not told. */
    EXPECT_EQ(write(fds[1], "c", 1), 1);
    EXPECT_EQ(read(fds[0], buf, sizeof(buf)), 2);
    EXPECT_EQ(told(), 0);
    close(fds[1]);
    EXPECT_EQ(told(), EPOLLHUP);
    EXPECT_EQ(told(), 0);
    close(fds[0]);
}

static void both_directions_of_a_socket(void)
{
    char buf[8];
    int fds[2];

    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    watch(fds[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP);
    EXPECT_EQ(told(), EPOLLOUT);
    EXPECT_EQ(told(), 0);
    EXPECT_EQ(write(fds[1], "x", 1), 1);
    EXPECT_EQ(told(), EPOLLIN | EPOLLOUT);
    EXPECT_EQ(read(fds[0], buf, sizeof(buf)), 1);
    EXPECT_EQ(shutdown(fds[1], SHUT_WR), 0);
    EXPECT_EQ(told(), EPOLLIN | EPOLLOUT | EPOLLRDHUP);
    EXPECT_EQ(told(), 0);
    close(fds[1]);
    EXPECT_EQ(told(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
    close(fds[0]);
}

static void room_in_a_full_socket(void)
{
    static char chunk[65536];
    int fds[2];

    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    watch(fds[0], EPOLLOUT);
    EXPECT_EQ(told(), EPOLLOUT);
    while (write(fds[0], chunk, sizeof(chunk)) > 0)
        continue;
    EXPECT_EQ(errno, EAGAIN);
    EXPECT_EQ(told(), 0);
    while (read(fds[1], chunk, sizeof(chunk)) > 0)
        continue;
    EXPECT_EQ(told(), EPOLLOUT);
    close(fds[0]);
    close(fds[1]);
}

/* Event loops wake themselves this way and never read: each write must be told. */
static void unread_eventfd(void)
{
    uint64_t one = 1;
    int fd = eventfd(0, EFD_NONBLOCK);
    int i;

    watch(fd, EPOLLIN);
    for (i = 0; i < 5; i++) {
        EXPECT_EQ(write(fd, &one, 8), 8);
        EXPECT_EQ(told(), EPOLLIN);
        EXPECT_EQ(told(), 0);
    }
    close(fd);
}

int main(void)
{
    ep = epoll_create1(0);
    EXPECT(ep >= 0);
    arrivals_on_a_pipe();
    both_directions_of_a_socket();
    room_in_a_full_socket();
    unread_eventfd();
    return abi_done();
}
