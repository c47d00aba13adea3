/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets over their lives: listening that ends and begins again, one connect(2) after the other,
 * what accepted sockets take over, and who is told when something ends.
 */
#include "test/abi/abi_net.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/un.h>

static int client_to(in_port_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    EXPECT(net_connect(fd, port) == 0 || errno == EINPROGRESS || errno == ECONNREFUSED);
    return fd;
}

/* On a port that was asked for: one that Linux chose it gives away at the end of listening. */
static void listens_again(void)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int other = net_bound(SOCK_STREAM);
    in_port_t port = net_port(other);
    struct sockaddr_in name = net_local(port);
    int server;

    close(other);
    other = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(bind(listener, (struct sockaddr *)&name, sizeof(name)), 0);
    EXPECT_EQ(listen(listener, 2), 0);
    EXPECT_EQ(shutdown(listener, SHUT_RD), 0);
    EXPECT_EQ(net_get(listener, SOL_SOCKET, SO_ACCEPTCONN), 0);
    EXPECT_ERRNO(accept(listener, NULL, NULL), EINVAL);
    EXPECT_ERRNO(bind(other, (struct sockaddr *)&name, sizeof(name)), EADDRINUSE);
    EXPECT_ERRNO(net_connect(other, port), ECONNREFUSED);
    EXPECT_EQ(listen(listener, 2), 0);
    EXPECT_EQ(net_port(listener), port);
    EXPECT_EQ(net_get(listener, SOL_SOCKET, SO_ACCEPTCONN), 1);
    EXPECT_EQ(net_connect(other, port), 0);
    server = accept(listener, NULL, NULL);
    EXPECT(server >= 0);
    close(server);
    close(other);
    close(listener);
}

static void connects_twice(void)
{
    int listener = net_listener(2);
    int gone = net_listener(2);
    in_port_t port = net_port(gone);
    int fd;

    close(gone);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (net_connect(fd, port) == -1 && errno == EINPROGRESS) {
        EXPECT(net_wait(fd, POLLOUT) & POLLHUP);
        EXPECT_ERRNO(net_connect(fd, port), ECONNREFUSED);
    }
    EXPECT(net_connect(fd, net_port(listener)) == 0 || errno == EINPROGRESS);
    EXPECT(net_wait(fd, POLLOUT) & POLLOUT);
    EXPECT_EQ(net_connect(fd, net_port(listener)), 0);
    EXPECT_ERRNO(net_connect(fd, net_port(listener)), EISCONN);
    close(fd);
    close(listener);
}

/* Nobody answers a SYN for which there is no room. */
static void shutdown_ends_an_attempt(void)
{
    int listener = net_listener(0);
    int first = socket(AF_INET, SOCK_STREAM, 0);
    int second;

    EXPECT_EQ(net_connect(first, net_port(listener)), 0);
    second = client_to(net_port(listener));
    EXPECT_EQ(shutdown(second, SHUT_RDWR), 0);
    EXPECT(net_wait(second, POLLIN) & POLLHUP);
    close(second);
    close(first);
    close(listener);
}

static void accepted_take_over(void)
{
    struct linger linger = { 1, 7 };
    struct timeval time = { 3, 0 };
    socklen_t len = sizeof(linger);
    int listener = net_listener(2);
    int client;
    int server;

    EXPECT_EQ(setsockopt(listener, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
    EXPECT_EQ(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)), 0);
    EXPECT_EQ(net_set(listener, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
    client = client_to(net_port(listener));
    server = accept(listener, NULL, NULL);
    EXPECT(server >= 0);
    memset(&linger, 0, sizeof(linger));
    memset(&time, 0, sizeof(time));
    EXPECT_EQ(getsockopt(server, SOL_SOCKET, SO_LINGER, &linger, &len), 0);
    EXPECT(linger.l_onoff == 1 && linger.l_linger == 7);
    len = sizeof(time);
    EXPECT_EQ(getsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &time, &len), 0);
    EXPECT_EQ(time.tv_sec, 3);
    EXPECT_EQ(net_get(server, SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(net_get(server, SOL_SOCKET, SO_ACCEPTCONN), 0);
    close(server);
    close(client);
    close(listener);
}

static void waits_for_a_descriptor(void)
{
    int listener = net_listener(2);
    int client = client_to(net_port(listener));
    struct rlimit limit;
    struct rlimit none;
    char c = 0;
    int server;

    EXPECT(net_wait(listener, POLLIN) & POLLIN);
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = (rlim_t)client + 1;
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    EXPECT_ERRNO(accept(listener, NULL, NULL), EMFILE);
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    server = accept(listener, NULL, NULL);
    EXPECT(server >= 0);
    EXPECT_EQ(write(server, "x", 1), 1);
    EXPECT(net_wait(client, POLLIN) & POLLIN);
    EXPECT_EQ(read(client, &c, 1), 1);
    close(server);
    close(client);
    close(listener);
}

static void udp_source_follows_the_peer(void)
{
    struct sockaddr_in peer = net_local(htons(9));
    struct sockaddr nobody = { .sa_family = AF_UNSPEC };
    struct sockaddr_in name = { 0 };
    socklen_t len = sizeof(name);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    EXPECT_EQ(connect(fd, (struct sockaddr *)&peer, sizeof(peer)), 0);
    EXPECT_EQ(getsockname(fd, (struct sockaddr *)&name, &len), 0);
    EXPECT_EQ(ntohl(name.sin_addr.s_addr), INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd, &nobody, sizeof(nobody)), 0);
    EXPECT_EQ(getsockname(fd, (struct sockaddr *)&name, &len), 0);
    EXPECT_EQ(name.sin_addr.s_addr, 0);
    close(fd);
}

static void udp_tells_ttl_and_tos(void)
{
    char control[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(1)];
    char c;
    struct iovec piece = { &c, 1 };
    struct msghdr message = { .msg_iov = &piece,
                              .msg_iovlen = 1,
                              .msg_control = control,
                              .msg_controllen = sizeof(control) };
    int server = net_bound(SOCK_DGRAM);
    int client = socket(AF_INET, SOCK_DGRAM, 0);
    struct cmsghdr *item;
    int seen = 0;
    int value;

    EXPECT_EQ(net_set(server, IPPROTO_IP, IP_RECVTTL, 1), 0);
    EXPECT_EQ(net_set(server, IPPROTO_IP, IP_RECVTOS, 1), 0);
    EXPECT_EQ(net_set(client, IPPROTO_IP, IP_TTL, 7), 0);
    EXPECT_EQ(net_set(client, IPPROTO_IP, IP_TOS, 0x20), 0);
    EXPECT_EQ(net_connect(client, net_port(server)), 0);
    EXPECT_EQ(send(client, "x", 1, 0), 1);
    EXPECT_EQ(recvmsg(server, &message, 0), 1);
    for (item = CMSG_FIRSTHDR(&message); item; item = CMSG_NXTHDR(&message, item)) {
        if (item->cmsg_type == IP_TTL) {
            memcpy(&value, CMSG_DATA(item), sizeof(value));
            EXPECT_EQ(item->cmsg_len, CMSG_LEN(sizeof(int)));
            EXPECT_EQ(value, 7);
            seen++;
        } else if (item->cmsg_type == IP_TOS) {
            EXPECT_EQ(item->cmsg_len, CMSG_LEN(1));
            EXPECT_EQ(*CMSG_DATA(item), 0x20);
            seen++;
        }
    }
    EXPECT_EQ(seen, 2);
    close(server);
    close(client);
}

static volatile sig_atomic_t broken_pipes;

static void on_broken_pipe(int number)
{
    (void)number;
    broken_pipes++;
}

static void unix_ends(void)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "socket" };
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    int pair[2];

    EXPECT_EQ(bind(listener, (struct sockaddr *)&name, sizeof(name)), 0);
    EXPECT_EQ(listen(listener, 1), 0);
    EXPECT_EQ(connect(client, (struct sockaddr *)&name, sizeof(name)), 0);
    close(listener); /* Nobody accepted it. */
    EXPECT(net_wait(client, POLLIN) & POLLHUP);
    EXPECT_EQ(net_get(client, SOL_SOCKET, SO_ERROR), ECONNRESET);
    close(client);

    EXPECT(signal(SIGPIPE, on_broken_pipe) != SIG_ERR);
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    EXPECT_EQ(sendto(pair[0], "x", 1, 0, (struct sockaddr *)&name, sizeof(name)), 1);
    EXPECT_EQ(shutdown(pair[0], SHUT_WR), 0);
    EXPECT_ERRNO(send(pair[0], "x", 1, 0), EPIPE);
    EXPECT_EQ(broken_pipes, 0);
    close(pair[0]);
    close(pair[1]);
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    EXPECT_EQ(shutdown(pair[0], SHUT_WR), 0);
    EXPECT_ERRNO(send(pair[0], "x", 1, 0), EPIPE);
    EXPECT_EQ(broken_pipes, 1);
    close(pair[0]);
    close(pair[1]);
}

/* close() comes back when the peer has all, or when the time is over. */
static void close_lingers(void)
{
    static char much[50000];
    struct linger linger = { 1, 1 };
    int64_t begin;
    int pair[2];

    net_pair(pair);
    EXPECT_EQ(setsockopt(pair[0], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
    EXPECT_EQ(write(pair[0], much, sizeof(much)), sizeof(much));
    begin = abi_now();
    close(pair[0]);
    EXPECT(abi_now() - begin < 900 * ABI_MS);
    EXPECT_EQ(recv(pair[1], much, sizeof(much), MSG_WAITALL), sizeof(much));
    EXPECT_EQ(read(pair[1], much, 1), 0);
    close(pair[1]);

    net_pair(pair);
    EXPECT_EQ(setsockopt(pair[0], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
    while (send(pair[0], much, sizeof(much), MSG_DONTWAIT) > 0)
        continue;
    begin = abi_now();
    close(pair[0]);
    EXPECT(abi_now() - begin >= 900 * ABI_MS);
    close(pair[1]);
}

int main(void)
{
    abi_dir();
    listens_again();
    connects_twice();
    shutdown_ends_an_attempt();
    accepted_take_over();
    waits_for_a_descriptor();
    udp_source_follows_the_peer();
    udp_tells_ttl_and_tos();
    unix_ends();
    close_lingers();
    return abi_done();
}
