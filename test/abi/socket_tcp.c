/* SPDX-License-Identifier: Apache-2.0 */
/* TCP from socket(2) to close(2): names, half-close, reset, refusal, a megabyte each way. */
#include "test/abi/abi_net.h"

#include <pthread.h>
#include <signal.h>

enum {
    BULK = 3 << 20,
};

static void names_of_both_ends(void)
{
    struct sockaddr_in a = { 0 };
    struct sockaddr_in b = { 0 };
    socklen_t len = sizeof(a);
    int listener = net_listener(5);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
    int server;

    EXPECT_EQ(fcntl(client, F_GETFD), FD_CLOEXEC);
    EXPECT(net_port(listener) != 0);
    EXPECT_EQ(net_connect(client, net_port(listener)), 0);
    server = accept4(listener, (struct sockaddr *)&a, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    EXPECT(server >= 0 && len == sizeof(a));
    EXPECT(fcntl(server, F_GETFL) & O_NONBLOCK);
    EXPECT_EQ(fcntl(server, F_GETFD), FD_CLOEXEC);
    EXPECT(a.sin_family == AF_INET && a.sin_port == net_port(client));
    EXPECT_EQ(a.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    EXPECT_EQ(getpeername(client, (struct sockaddr *)&b, &len), 0);
    EXPECT_EQ(b.sin_port, net_port(listener));
    EXPECT_EQ(getpeername(server, (struct sockaddr *)&b, &len), 0);
    EXPECT_EQ(b.sin_port, net_port(client));
    EXPECT_EQ(net_port(server), net_port(listener));

    /* A short buffer gets as much as fits and the true length. */
    len = 4;
    b.sin_addr.s_addr = 0;
    EXPECT_EQ(getpeername(client, (struct sockaddr *)&b, &len), 0);
    EXPECT(len == sizeof(b) && b.sin_addr.s_addr == 0);
    close(client);
    close(server);
    close(listener);
}

static void half_close(void)
{
    char buf[16];
    int fds[2];

    net_pair(fds);
    EXPECT_EQ(write(fds[0], "request", 7), 7);
    EXPECT_EQ(shutdown(fds[0], SHUT_WR), 0);
    EXPECT_EQ(read(fds[1], buf, sizeof(buf)), 7);
    EXPECT_EQ(read(fds[1], buf, sizeof(buf)), 0);
    EXPECT_EQ(write(fds[1], "answer", 6), 6);
    EXPECT_EQ(read(fds[0], buf, sizeof(buf)), 6);
    EXPECT_ERRNO(send(fds[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    EXPECT_EQ(close(fds[1]), 0);
    EXPECT_EQ(read(fds[0], buf, sizeof(buf)), 0);
    EXPECT_ERRNO(shutdown(fds[0], 77), EINVAL);
    close(fds[0]);
}

/* Closing with data unread, or with no time to linger, resets. */
static void reset(bool unread)
{
    struct linger linger = { 1, 0 };
    char buf[16];
    int fds[2];

    net_pair(fds);
    if (unread) {
        EXPECT_EQ(write(fds[0], "unread", 6), 6);
        EXPECT_EQ(net_wait(fds[1], POLLIN), POLLIN);
    } else {
        EXPECT_EQ(setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
    }
    EXPECT_EQ(close(fds[1]), 0);
    EXPECT(net_wait(fds[0], POLLIN) & (POLLERR | POLLHUP));
    EXPECT_ERRNO(read(fds[0], buf, sizeof(buf)), ECONNRESET);
    EXPECT_EQ(read(fds[0], buf, sizeof(buf)), 0);
    EXPECT_ERRNO(send(fds[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    close(fds[0]);
}

static void refused(void)
{
    int bound = net_bound(SOCK_STREAM);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    EXPECT_ERRNO(net_connect(fd, net_port(bound)), ECONNREFUSED);
    EXPECT_EQ(listen(bound, 1), 0);
    EXPECT_EQ(net_connect(fd, net_port(bound)), 0);
    EXPECT_ERRNO(net_connect(fd, net_port(bound)), EISCONN);
    close(bound);
    close(fd);
}

static void *echo(void *arg)
{
    static char buf[30000];
    int fd = *(int *)arg;
    ssize_t got;
    ssize_t at;

    for (got = read(fd, buf, sizeof(buf)); got > 0; got = read(fd, buf, sizeof(buf))) {
        for (at = 0; at < got;) {
            ssize_t put = write(fd, buf + at, (size_t)(got - at));

            if (put <= 0)
                return NULL;
            at += put;
        }
    }
    shutdown(fd, SHUT_WR);
    return NULL;
}

static void *send_bulk(void *arg)
{
    unsigned char chunk[7777];
    int fd = *(int *)arg;
    size_t at = 0;

    while (at < BULK) {
        size_t n = BULK - at < sizeof(chunk) ? BULK - at : sizeof(chunk);
        size_t i;

        for (i = 0; i < n; i++)
            chunk[i] = (unsigned char)((at + i) * 31 >> 3);
        EXPECT_EQ(write(fd, chunk, n), n);
        at += n;
    }
    shutdown(fd, SHUT_WR);
    return NULL;
}

static void bulk_both_ways(void)
{
    static unsigned char buf[20011];
    pthread_t threads[2];
    size_t total = 0;
    size_t wrong = 0;
    ssize_t got;
    ssize_t i;
    int fds[2];

    net_pair(fds);
    EXPECT_EQ(pthread_create(&threads[0], NULL, echo, &fds[1]), 0);
    EXPECT_EQ(pthread_create(&threads[1], NULL, send_bulk, &fds[0]), 0);
    for (got = read(fds[0], buf, sizeof(buf)); got > 0; got = read(fds[0], buf, sizeof(buf))) {
        for (i = 0; i < got; i++)
            wrong += buf[i] != (unsigned char)((total + (size_t)i) * 31 >> 3);
        total += (size_t)got;
    }
    EXPECT_EQ(total, BULK);
    EXPECT_EQ(wrong, 0);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    close(fds[0]);
    close(fds[1]);
}

/* connect(2) with AF_UNSPEC, and the same socket connected again; a port that is still in use. */
static void disconnect(void)
{
    const struct sockaddr nobody = { .sa_family = AF_UNSPEC };
    int listener = net_listener(2);
    in_port_t port = net_port(listener);
    struct sockaddr_in addr = net_local(port);
    socklen_t len = sizeof(addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int first;
    int second;
    char byte;

    EXPECT_EQ(connect(fd, &nobody, sizeof(nobody)), 0);
    EXPECT_EQ(net_connect(fd, port), 0);
    first = accept(listener, NULL, NULL);
    EXPECT_EQ(connect(fd, &nobody, sizeof(nobody)), 0);
    EXPECT_ERRNO(getpeername(fd, (struct sockaddr *)&addr, &len), ENOTCONN);
    EXPECT_ERRNO(read(fd, &byte, 1), ECONNRESET);
    EXPECT_ERRNO(read(fd, &byte, 1), ENOTCONN);
    EXPECT_ERRNO(read(first, &byte, 1), ECONNRESET);
    EXPECT_EQ(net_connect(fd, port), 0);
    second = accept(listener, NULL, NULL);
    EXPECT_EQ(write(fd, "x", 1), 1);
    EXPECT_EQ(read(second, &byte, 1), 1);

    close(listener);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    addr = net_local(port);
    EXPECT_ERRNO(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), EADDRINUSE);
    close(first);
    close(second);
    close(fd);
    close(listener);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    names_of_both_ends();
    half_close();
    reset(true);
    reset(false);
    refused();
    disconnect();
    bulk_both_ways();
    return abi_done();
}
