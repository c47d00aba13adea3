/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Sockets on the loopback, with ports that the kernel chooses. */

/* IWYU pragma: begin_exports */
#include "test/abi/abi.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
/* IWYU pragma: end_exports */

static inline struct sockaddr_in net_local(in_port_t port)
{
    struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = port };

    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return addr;
}

/* The port a socket is bound to, in network order; 0 if none. */
static inline in_port_t net_port(int fd)
{
    struct sockaddr_in addr = { 0 };
    socklen_t len = sizeof(addr);

    return getsockname(fd, (struct sockaddr *)&addr, &len) == 0 ? addr.sin_port : 0;
}

static inline int net_bound(int type)
{
    struct sockaddr_in addr = net_local(0);
    int fd = socket(AF_INET, type, 0);

    EXPECT(fd >= 0);
    EXPECT_EQ(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    return fd;
}

static inline int net_listener(int backlog)
{
    int fd = net_bound(SOCK_STREAM);

    EXPECT_EQ(listen(fd, backlog), 0);
    return fd;
}

/* 0 or -1 and errno, as connect(2). */
static inline int net_connect(int fd, in_port_t port)
{
    struct sockaddr_in addr = net_local(port);

    return connect(fd, (struct sockaddr *)&addr, sizeof(addr));
}

/* Fills fds[0], the client, and fds[1], the server's side of a new TCP connection. */
static inline void net_pair(int *fds)
{
    int listener = net_listener(1);

    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(net_connect(fds[0], net_port(listener)), 0);
    fds[1] = accept(listener, NULL, NULL);
    EXPECT(fds[1] >= 0);
    close(listener);
}

/* Waits up to 10 s for any of `events`; what came, or 0. */
static inline short net_wait(int fd, short events)
{
    struct pollfd item = { .fd = fd, .events = events };

    if (poll(&item, 1, 10000) != 1)
        return 0;
    return item.revents;
}

static inline int net_set(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value));
}

/* The value, or -1 and errno. */
static inline int net_get(int fd, int level, int option)
{
    int value = 0;
    socklen_t len = sizeof(value);

    if (getsockopt(fd, level, option, &value, &len) != 0)
        return -1;
    EXPECT_EQ(len, sizeof(value));
    return value;
}
