/* SPDX-License-Identifier: Apache-2.0 */
/* What the socket calls refuse: families, types, states, and descriptors that are no sockets. */
#include "test/abi/abi_net.h"

#include <signal.h>

static void creation(void)
{
    EXPECT_ERRNO(socket(77, SOCK_STREAM, 0), EAFNOSUPPORT);
    EXPECT_ERRNO(socket(AF_INET, 77, 0), EINVAL);
    EXPECT_ERRNO(socket(AF_INET, SOCK_STREAM | 0x100, 0), EINVAL);
    EXPECT_ERRNO(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
    EXPECT_ERRNO(socket(AF_INET, SOCK_SEQPACKET, 0), ESOCKTNOSUPPORT);
    EXPECT_ERRNO(socket(AF_UNIX, SOCK_STREAM, 77), EPROTONOSUPPORT);
}

static void not_connected(void)
{
    struct sockaddr_in addr = { 0 };
    socklen_t len = sizeof(addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char c;

    EXPECT_ERRNO(recv(fd, &c, 1, 0), ENOTCONN);
    EXPECT_ERRNO(send(fd, "x", 1, MSG_NOSIGNAL), EPIPE);
    EXPECT_ERRNO(shutdown(fd, SHUT_WR), ENOTCONN);
    EXPECT_ERRNO(getpeername(fd, (struct sockaddr *)&addr, &len), ENOTCONN);
    EXPECT_ERRNO(accept(fd, NULL, NULL), EINVAL);
    EXPECT_EQ(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
    EXPECT(addr.sin_port == 0 && addr.sin_addr.s_addr == 0);
    close(fd);
}

static void listeners(void)
{
    struct sockaddr_in addr = net_local(0);
    int listener = net_listener(1);
    char c;

    EXPECT_ERRNO(recv(listener, &c, 1, MSG_DONTWAIT), ENOTCONN);
    EXPECT_ERRNO(send(listener, "x", 1, MSG_NOSIGNAL), EPIPE);
    EXPECT_ERRNO(net_connect(listener, net_port(listener)), EISCONN);
    EXPECT_ERRNO(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), EINVAL);
    EXPECT_ERRNO(accept4(listener, NULL, NULL, 0x100), EINVAL);
    EXPECT_EQ(listen(listener, 10), 0);
    close(listener);
}

static void addresses(void)
{
    struct sockaddr_in addr = net_local(htons(9));
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    EXPECT_ERRNO(connect(fd, (struct sockaddr *)&addr, 8), EINVAL);
    EXPECT_ERRNO(connect(fd, (struct sockaddr *)&addr, (socklen_t)-1), EINVAL);
    EXPECT_ERRNO(connect(fd, (struct sockaddr *)&addr, 1000), EINVAL);
    addr.sin_family = 77;
    EXPECT_ERRNO(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), EAFNOSUPPORT);
    close(fd);
}

static void no_sockets(int fd, int error)
{
    struct sockaddr_in addr = net_local(htons(9));
    socklen_t len = sizeof(addr);
    struct msghdr msg = { 0 };
    int value = 1;

    EXPECT_ERRNO(bind(fd, (struct sockaddr *)&addr, len), error);
    EXPECT_ERRNO(connect(fd, (struct sockaddr *)&addr, len), error);
    EXPECT_ERRNO(listen(fd, 1), error);
    EXPECT_ERRNO(accept(fd, NULL, NULL), error);
    EXPECT_ERRNO(send(fd, "x", 1, 0), error);
    EXPECT_ERRNO(recv(fd, &value, 1, 0), error);
    EXPECT_ERRNO(sendmsg(fd, &msg, 0), error);
    EXPECT_ERRNO(recvmsg(fd, &msg, 0), error);
    EXPECT_ERRNO(shutdown(fd, SHUT_RD), error);
    EXPECT_ERRNO(getsockname(fd, (struct sockaddr *)&addr, &len), error);
    EXPECT_ERRNO(getpeername(fd, (struct sockaddr *)&addr, &len), error);
    EXPECT_ERRNO(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, 4), error);
    EXPECT_ERRNO(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &len), error);
}

int main(void)
{
    int udp = net_bound(SOCK_DGRAM);
    int file;

    signal(SIGPIPE, SIG_IGN);
    abi_dir();
    creation();
    not_connected();
    listeners();
    addresses();
    abi_put("f", "x");
    file = open("f", O_RDWR);
    no_sockets(file, ENOTSOCK);
    no_sockets(-1, EBADF);
    no_sockets(4444, EBADF);
    EXPECT_ERRNO(listen(udp, 1), EOPNOTSUPP);
    EXPECT_ERRNO(accept(udp, NULL, NULL), EOPNOTSUPP);
    return abi_done();
}
