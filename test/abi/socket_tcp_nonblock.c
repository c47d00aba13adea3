/* SPDX-License-Identifier: Apache-2.0 */
/* Non-blocking TCP: connecting, accepting, full buffers, and what poll says at each step. */
#include "test/abi/abi_net.h"

#include <signal.h>
#include <sys/epoll.h>

static int nonblocking(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
}

static short now(int fd)
{
    struct pollfd item = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };

    if (poll(&item, 1, 0) < 0)
        return POLLNVAL;
    return item.revents;
}

static void connecting(void)
{
    int listener = net_listener(5);
    int fd = nonblocking();
    int server;

    EXPECT_EQ(fcntl(listener, F_SETFL, O_NONBLOCK), 0);
    EXPECT_ERRNO(accept(listener, NULL, NULL), EAGAIN);
    EXPECT_EQ(now(listener), 0);
    EXPECT(net_connect(fd, net_port(listener)) == 0 || errno == EINPROGRESS);
    EXPECT_EQ(net_wait(fd, POLLOUT), POLLOUT);
    EXPECT_EQ(net_get(fd, SOL_SOCKET, SO_ERROR), 0);

    /* Asked again it says once that it is done, and then that it was done before. */
    EXPECT(net_connect(fd, net_port(listener)) == 0 || errno == EISCONN);
    EXPECT_ERRNO(net_connect(fd, net_port(listener)), EISCONN);
    EXPECT_EQ(net_wait(listener, POLLIN), POLLIN);
    server = accept(listener, NULL, NULL);
    EXPECT(server >= 0);

    /* The accepted one does not inherit O_NONBLOCK. */
    EXPECT_EQ(fcntl(server, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_ERRNO(accept(listener, NULL, NULL), EAGAIN);
    close(server);
    close(fd);
    close(listener);
}

static void refused(void)
{
    int bound = net_bound(SOCK_STREAM);
    int fd = nonblocking();

    EXPECT_EQ(now(fd), POLLOUT | POLLHUP);
    if (net_connect(fd, net_port(bound)) == -1 && errno == EINPROGRESS) {
        EXPECT(net_wait(fd, POLLOUT) & POLLERR);
        EXPECT_EQ(net_get(fd, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
        EXPECT_EQ(net_get(fd, SOL_SOCKET, SO_ERROR), 0);
    } else {
        EXPECT_EQ(errno, ECONNREFUSED);
    }
    close(fd);
    close(bound);
}

static void full_and_empty(void)
{
    static char chunk[65536];
    size_t sent = 0;
    size_t received = 0;
    ssize_t n;
    int fds[2];

    net_pair(fds);
    EXPECT_EQ(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    EXPECT_EQ(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
    EXPECT_ERRNO(read(fds[1], chunk, 1), EAGAIN);
    EXPECT_EQ(now(fds[0]), POLLOUT);

    /* Full is when nothing more moves for a while. */
    do {
        for (n = write(fds[0], chunk, sizeof(chunk)); n > 0;
             n = write(fds[0], chunk, sizeof(chunk)))
            sent += (size_t)n;
        EXPECT_EQ(errno, EAGAIN);
        abi_sleep_ms(20);
    } while (now(fds[0]) & POLLOUT);
    EXPECT(sent >= 4096);
    while (received < sent && net_wait(fds[1], POLLIN)) {
        n = read(fds[1], chunk, sizeof(chunk));
        if (n > 0)
            received += (size_t)n;
    }
    EXPECT_EQ(received, sent);
    EXPECT_EQ(net_wait(fds[0], POLLOUT), POLLOUT);
    close(fds[0]);
    close(fds[1]);
}

static void states_as_poll_sees_them(void)
{
    char buf[8];
    int fds[2];

    net_pair(fds);
    EXPECT_EQ(now(fds[1]), POLLOUT);
    EXPECT_EQ(write(fds[0], "x", 1), 1);
    EXPECT_EQ(net_wait(fds[1], POLLIN), POLLIN);
    EXPECT_EQ(shutdown(fds[0], SHUT_WR), 0);
    EXPECT_EQ(net_wait(fds[1], POLLRDHUP), POLLRDHUP);
    EXPECT_EQ(now(fds[1]), POLLIN | POLLOUT | POLLRDHUP);
    EXPECT_EQ(read(fds[1], buf, sizeof(buf)), 1);
    EXPECT_EQ(now(fds[1]), POLLIN | POLLOUT | POLLRDHUP);
    EXPECT_EQ(read(fds[1], buf, sizeof(buf)), 0);
    EXPECT_EQ(shutdown(fds[1], SHUT_WR), 0);
    EXPECT_EQ(now(fds[1]), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
    EXPECT(net_wait(fds[0], POLLHUP) & POLLHUP);
    close(fds[0]);
    close(fds[1]);
}

static void edges(void)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
    struct epoll_event got;
    int ep = epoll_create1(0);
    char buf[8];
    int fds[2];

    net_pair(fds);
    EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fds[1], &event), 0);
    EXPECT_EQ(epoll_wait(ep, &got, 1, 10000), 1);
    EXPECT_EQ(got.events, EPOLLOUT);
    EXPECT_EQ(epoll_wait(ep, &got, 1, 0), 0);
    EXPECT_EQ(write(fds[0], "a", 1), 1);
    EXPECT_EQ(epoll_wait(ep, &got, 1, 10000), 1);
    EXPECT_EQ(got.events, EPOLLIN | EPOLLOUT);
    EXPECT_EQ(epoll_wait(ep, &got, 1, 0), 0);
    EXPECT_EQ(write(fds[0], "b", 1), 1);
    EXPECT_EQ(epoll_wait(ep, &got, 1, 10000), 1);
    EXPECT_EQ(got.events, EPOLLIN | EPOLLOUT);
    EXPECT_EQ(read(fds[1], buf, sizeof(buf)), 2);
    EXPECT_EQ(epoll_wait(ep, &got, 1, 0), 0);
    EXPECT_EQ(close(fds[0]), 0);
    EXPECT_EQ(epoll_wait(ep, &got, 1, 10000), 1);
    EXPECT_EQ(got.events, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
    close(fds[1]);
    close(ep);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    connecting();
    refused();
    full_and_empty();
    states_as_poll_sees_them();
    edges();
    return abi_done();
}
