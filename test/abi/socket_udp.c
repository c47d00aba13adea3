/* SPDX-License-Identifier: Apache-2.0 */
/* UDP: messages keep their borders and senders; connecting; truncation; refusal told by ICMP. */
#include "test/abi/abi_net.h"

#include <sys/ioctl.h>
#include <sys/uio.h>

static void send_to(int fd, int to, const char *text, size_t len)
{
    struct sockaddr_in addr = net_local(net_port(to));

    EXPECT_EQ(sendto(fd, text, len, 0, (struct sockaddr *)&addr, sizeof(addr)), len);
}

static void borders_and_senders(void)
{
    struct sockaddr_in from = { 0 };
    socklen_t len = sizeof(from);
    int a = net_bound(SOCK_DGRAM);
    int b = net_bound(SOCK_DGRAM);
    char buf[16];
    int size = 0;

    send_to(a, b, "one", 3);
    send_to(a, b, "", 0);
    send_to(a, b, "three", 5);
    EXPECT_EQ(net_wait(b, POLLIN), POLLIN);
    EXPECT_EQ(ioctl(b, FIONREAD, &size), 0);
    EXPECT_EQ(size, 3);
    EXPECT_EQ(recvfrom(b, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len), 3);
    EXPECT(len == sizeof(from) && from.sin_port == net_port(a));
    EXPECT_EQ(from.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    EXPECT_EQ(recv(b, buf, sizeof(buf), 0), 0);
    EXPECT_EQ(recv(b, buf, sizeof(buf), 0), 5);
    EXPECT_ERRNO(recv(b, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
    close(a);
    close(b);
}

static void truncation(void)
{
    int a = net_bound(SOCK_DGRAM);
    int b = net_bound(SOCK_DGRAM);
    char buf[4];
    struct iovec vec = { buf, 4 };
    struct msghdr msg = { .msg_iov = &vec, .msg_iovlen = 1 };

    send_to(a, b, "longer", 6);
    send_to(a, b, "longer", 6);
    send_to(a, b, "longer", 6);
    send_to(a, b, "next", 4);
    EXPECT_EQ(recv(b, buf, sizeof(buf), 0), 4);
    EXPECT_EQ(recv(b, buf, sizeof(buf), MSG_TRUNC), 6);
    EXPECT_EQ(recvmsg(b, &msg, 0), 4);
    EXPECT(msg.msg_flags & MSG_TRUNC);
    EXPECT_EQ(recv(b, buf, sizeof(buf), 0), 4);
    EXPECT(memcmp(buf, "next", 4) == 0);
    close(a);
    close(b);
}

static void connected(void)
{
    struct sockaddr_in nobody = { .sin_family = AF_UNSPEC };
    struct sockaddr_in peer = { 0 };
    socklen_t len = sizeof(peer);
    int a = net_bound(SOCK_DGRAM);
    int b = net_bound(SOCK_DGRAM);
    int c = net_bound(SOCK_DGRAM);
    char buf[16];

    EXPECT_ERRNO(send(a, "x", 1, 0), EDESTADDRREQ);
    EXPECT_ERRNO(getpeername(a, (struct sockaddr *)&peer, &len), ENOTCONN);
    EXPECT_EQ(net_connect(a, net_port(b)), 0);
    EXPECT_EQ(getpeername(a, (struct sockaddr *)&peer, &len), 0);
    EXPECT_EQ(peer.sin_port, net_port(b));
    EXPECT_EQ(send(a, "x", 1, 0), 1);
    EXPECT_EQ(recv(b, buf, sizeof(buf), 0), 1);

    /* Only the peer gets through, until the connection is dissolved. */
    send_to(c, a, "stranger", 8);
    send_to(b, a, "peer", 4);
    EXPECT_EQ(recv(a, buf, sizeof(buf), 0), 4);
    EXPECT_ERRNO(recv(a, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
    EXPECT_EQ(connect(a, (struct sockaddr *)&nobody, sizeof(nobody)), 0);
    EXPECT_ERRNO(getpeername(a, (struct sockaddr *)&peer, &len), ENOTCONN);
    close(a);
    close(b);
    close(c);
}

static void refused(void)
{
    int a = net_bound(SOCK_DGRAM);
    int b = net_bound(SOCK_DGRAM);
    in_port_t port = net_port(b);
    char buf[4];

    close(b);
    EXPECT_EQ(net_connect(a, port), 0);
    EXPECT_EQ(send(a, "x", 1, 0), 1);
    EXPECT(net_wait(a, POLLIN) & POLLERR);
    EXPECT_ERRNO(recv(a, buf, sizeof(buf), MSG_DONTWAIT), ECONNREFUSED);
    EXPECT_ERRNO(recv(a, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
    EXPECT_EQ(send(a, "x", 1, 0), 1);
    EXPECT(net_wait(a, POLLIN) & POLLERR);
    EXPECT_EQ(net_get(a, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
    EXPECT_EQ(net_get(a, SOL_SOCKET, SO_ERROR), 0);
    close(a);
}

static void sizes(void)
{
    static char large[65507 + 1];
    static char back[65507 + 1];
    struct sockaddr_in addr;
    int a = net_bound(SOCK_DGRAM);
    int b = net_bound(SOCK_DGRAM);
    int i;

    for (i = 0; i < 65507; i++)
        large[i] = (char)(i * 7);
    send_to(a, b, large, 65507);
    EXPECT_EQ(net_wait(b, POLLIN), POLLIN);
    EXPECT_EQ(recv(b, back, sizeof(back), 0), 65507);
    EXPECT(memcmp(large, back, 65507) == 0);
    addr = net_local(net_port(b));
    EXPECT_ERRNO(sendto(a, large, 65508, 0, (struct sockaddr *)&addr, sizeof(addr)), EMSGSIZE);

    /* A full receiver drops what comes; it never blocks the sender. */
    for (i = 0; i < 2000; i++)
        EXPECT_EQ(sendto(a, large, 1000, 0, (struct sockaddr *)&addr, sizeof(addr)), 1000);
    for (i = 0; recv(b, back, sizeof(back), MSG_DONTWAIT) == 1000; i++)
        continue;
    EXPECT(i > 10 && i <= 2000);
    addr.sin_port = 0;
    EXPECT_ERRNO(sendto(a, "x", 1, 0, (struct sockaddr *)&addr, sizeof(addr)), EINVAL);
    close(a);
    close(b);
}

int main(void)
{
    borders_and_senders();
    truncation();
    connected();
    refused();
    sizes();
    return abi_done();
}
