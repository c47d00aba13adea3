/* SPDX-License-Identifier: Apache-2.0 */
/* getsockopt(2) and setsockopt(2): the options that servers set, on every level. */
#include "test/abi/abi_net.h"

#include <sys/time.h>

static void keeps(int fd, int level, int option, int value)
{
    EXPECT_EQ(net_set(fd, level, option, value), 0);
    EXPECT_EQ(net_get(fd, level, option), value);
}

static void facts(void)
{
    int tcp = net_listener(5);
    int udp = net_bound(SOCK_DGRAM);

    EXPECT_EQ(net_get(tcp, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
    EXPECT_EQ(net_get(udp, SOL_SOCKET, SO_TYPE), SOCK_DGRAM);
    EXPECT_EQ(net_get(tcp, SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP);
    EXPECT_EQ(net_get(udp, SOL_SOCKET, SO_PROTOCOL), IPPROTO_UDP);
    EXPECT_EQ(net_get(tcp, SOL_SOCKET, SO_DOMAIN), AF_INET);
    EXPECT_EQ(net_get(tcp, SOL_SOCKET, SO_ACCEPTCONN), 1);
    EXPECT_EQ(net_get(udp, SOL_SOCKET, SO_ACCEPTCONN), 0);
    EXPECT_EQ(net_get(tcp, SOL_SOCKET, SO_ERROR), 0);
    EXPECT_ERRNO(net_set(tcp, SOL_SOCKET, SO_TYPE, 1), ENOPROTOOPT);
    EXPECT_ERRNO(net_set(tcp, SOL_SOCKET, SO_ERROR, 1), ENOPROTOOPT);
    close(tcp);
    close(udp);
}

static void socket_level(int fd)
{
    struct timeval limit = { 5, 250000 };
    struct timeval got = { 0 };
    struct linger linger = { 1, 7 };
    struct linger kept = { 0 };
    socklen_t len = sizeof(got);
    int before = net_get(fd, SOL_SOCKET, SO_RCVBUF);

    keeps(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    keeps(fd, SOL_SOCKET, SO_REUSEADDR, 0);
    keeps(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    keeps(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    keeps(fd, SOL_SOCKET, SO_BROADCAST, 1);
    keeps(fd, SOL_SOCKET, SO_OOBINLINE, 1);
    keeps(fd, SOL_SOCKET, SO_PRIORITY, 3);
    EXPECT_EQ(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
    EXPECT_EQ(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &got, &len), 0);
    EXPECT(got.tv_sec == 5 && got.tv_usec >= 248000 && got.tv_usec <= 254000);
    limit.tv_usec = 2000000;
    EXPECT_ERRNO(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)), EDOM);
    len = sizeof(kept);
    EXPECT_EQ(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
    EXPECT_EQ(getsockopt(fd, SOL_SOCKET, SO_LINGER, &kept, &len), 0);
    EXPECT(kept.l_onoff == 1 && kept.l_linger == 7);

    /* Linux doubles what is asked for, and never goes below a minimum. */
    EXPECT(before > 2048);
    EXPECT_EQ(net_set(fd, SOL_SOCKET, SO_RCVBUF, 32768), 0);
    EXPECT_EQ(net_get(fd, SOL_SOCKET, SO_RCVBUF), 65536);
    EXPECT_EQ(net_set(fd, SOL_SOCKET, SO_SNDBUF, 32768), 0);
    EXPECT_EQ(net_get(fd, SOL_SOCKET, SO_SNDBUF), 65536);
    EXPECT_EQ(net_set(fd, SOL_SOCKET, SO_SNDBUF, 1), 0);
    EXPECT(net_get(fd, SOL_SOCKET, SO_SNDBUF) >= 2048);
    EXPECT_EQ(net_set(fd, SOL_SOCKET, SO_RCVLOWAT, 1), 0);
}

static void tcp_level(void)
{
    struct tcp_info info = { 0 };
    socklen_t len = sizeof(info);
    int fds[2];

    net_pair(fds);
    keeps(fds[0], IPPROTO_TCP, TCP_NODELAY, 1);
    keeps(fds[0], IPPROTO_TCP, TCP_CORK, 1);
    keeps(fds[0], IPPROTO_TCP, TCP_CORK, 0);
    keeps(fds[0], IPPROTO_TCP, TCP_KEEPIDLE, 77);
    keeps(fds[0], IPPROTO_TCP, TCP_KEEPINTVL, 11);
    keeps(fds[0], IPPROTO_TCP, TCP_KEEPCNT, 4);
    keeps(fds[0], IPPROTO_TCP, TCP_USER_TIMEOUT, 30000);
    keeps(fds[0], IPPROTO_TCP, TCP_DEFER_ACCEPT, 0);
    EXPECT_EQ(net_set(fds[0], IPPROTO_TCP, TCP_QUICKACK, 1), 0);
    EXPECT(net_get(fds[0], IPPROTO_TCP, TCP_MAXSEG) >= 536);
    EXPECT_ERRNO(net_set(fds[0], IPPROTO_TCP, TCP_MAXSEG, 1), EINVAL);
    EXPECT_ERRNO(net_set(fds[0], IPPROTO_TCP, TCP_KEEPIDLE, 0), EINVAL);
    EXPECT_ERRNO(net_set(fds[0], IPPROTO_TCP, TCP_KEEPCNT, 1000), EINVAL);
    EXPECT_EQ(getsockopt(fds[0], IPPROTO_TCP, TCP_INFO, &info, &len), 0);
    EXPECT_EQ(info.tcpi_state, TCP_ESTABLISHED);
    EXPECT(info.tcpi_snd_mss > 0 && info.tcpi_snd_cwnd > 0);
    EXPECT_ERRNO(net_get(fds[0], IPPROTO_TCP, 9999), ENOPROTOOPT);
    EXPECT_ERRNO(net_set(fds[0], IPPROTO_TCP, 9999, 1), ENOPROTOOPT);
    close(fds[0]);
    close(fds[1]);
}

/* What is corked stays until it is a full segment or the cork is drawn. */
static void cork_holds_back(void)
{
    char buf[8];
    int fds[2];

    net_pair(fds);
    EXPECT_EQ(net_set(fds[0], IPPROTO_TCP, TCP_CORK, 1), 0);
    EXPECT_EQ(write(fds[0], "ab", 2), 2);
    EXPECT_EQ(write(fds[0], "cd", 2), 2);
    abi_sleep_ms(20);
    EXPECT_ERRNO(recv(fds[1], buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
    EXPECT_EQ(net_set(fds[0], IPPROTO_TCP, TCP_CORK, 0), 0);
    EXPECT_EQ(net_wait(fds[1], POLLIN), POLLIN);
    EXPECT_EQ(read(fds[1], buf, sizeof(buf)), 4);
    close(fds[0]);
    close(fds[1]);
}

static void time_limits_are_kept(void)
{
    struct timeval limit = { 0, 60000 };
    int64_t start;
    char c;
    int fds[2];

    net_pair(fds);
    EXPECT_EQ(setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
    start = abi_now();
    EXPECT_ERRNO(read(fds[0], &c, 1), EAGAIN);
    EXPECT(abi_now() - start >= 60 * ABI_MS);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    int tcp = socket(AF_INET, SOCK_STREAM, 0);
    int value = 1;
    socklen_t len = 2;

    facts();
    socket_level(tcp);
    tcp_level();
    cork_holds_back();
    time_limits_are_kept();
    keeps(tcp, IPPROTO_IP, IP_TTL, 33);
    keeps(tcp, IPPROTO_IP, IP_TOS, 0x10);
    EXPECT_ERRNO(net_set(tcp, IPPROTO_IP, IP_TTL, 256), EINVAL);
    EXPECT_ERRNO(net_set(tcp, SOL_SOCKET, 9999, 1), ENOPROTOOPT);
    EXPECT_ERRNO(net_get(tcp, SOL_SOCKET, 9999), ENOPROTOOPT);
    EXPECT_ERRNO(setsockopt(tcp, SOL_SOCKET, SO_REUSEADDR, &value, 3), EINVAL);
    EXPECT_EQ(getsockopt(tcp, SOL_SOCKET, SO_TYPE, &value, &len), 0);
    EXPECT_EQ(len, 2);
    EXPECT_ERRNO(net_set(1000, SOL_SOCKET, SO_REUSEADDR, 1), EBADF);
    EXPECT_ERRNO(net_set(0, SOL_SOCKET, SO_REUSEADDR, 1), ENOTSOCK);
    return abi_done();
}
