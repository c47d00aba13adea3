/* SPDX-License-Identifier: Apache-2.0 */
/* 200 TCP connections at once over the loopback, several times over, served by one epoll. */
#include "test/abi/abi_net.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>

enum {
    CONNECTIONS = 200,
    ROUNDS = 5,
};

static int ep;
static int listener;
static int served;

static void watch(int fd)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP, .data.fd = fd };

    EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event), 0);
}

static void serve_one(int fd)
{
    char buf[64];
    ssize_t got;

    if (fd == listener) {
        int peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK);

        EXPECT(peer >= 0);
        watch(peer);
        return;
    }
    got = read(fd, buf, sizeof(buf));
    EXPECT(got >= 0);
    if (got == 0) {
        EXPECT_EQ(close(fd), 0);
        served++;
    } else {
        EXPECT_EQ(write(fd, buf, (size_t)got), got);
    }
}

/* Serves until `done` connections of this round have been closed, or nothing is left to do. */
static void serve(int done)
{
    struct epoll_event got[32];
    int n = 1;
    int i;

    while (n > 0 && served < done) {
        n = epoll_wait(ep, got, 32, done == INT32_MAX ? 0 : 10000);
        for (i = 0; i < n; i++)
            serve_one(got[i].data.fd);
    }
}

static void round_trip(int *clients)
{
    char text[16];
    char back[16];
    int i;

    for (i = 0; i < CONNECTIONS; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM, 0);
        EXPECT_EQ(net_connect(clients[i], net_port(listener)), 0);
        serve(INT32_MAX);
    }
    for (i = 0; i < CONNECTIONS; i++) {
        snprintf(text, sizeof(text), "client %d", i);
        EXPECT_EQ(write(clients[i], text, sizeof(text)), sizeof(text));
    }
    for (i = 0; i < CONNECTIONS; i++) {
        while (recv(clients[i], back, 1, MSG_PEEK | MSG_DONTWAIT) < 1)
            serve(INT32_MAX);
        EXPECT_EQ(read(clients[i], back, sizeof(back)), sizeof(back));
        snprintf(text, sizeof(text), "client %d", i);
        EXPECT(strcmp(text, back) == 0);
    }
    served = 0;
    for (i = 0; i < CONNECTIONS; i++)
        EXPECT_EQ(close(clients[i]), 0);
    serve(CONNECTIONS);
    EXPECT_EQ(served, CONNECTIONS);
}

int main(void)
{
    static int clients[CONNECTIONS];
    struct rlimit limit;
    int round;
    int lowest;

    signal(SIGPIPE, SIG_IGN);
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < 3L * CONNECTIONS) {
        limit.rlim_cur = 3L * CONNECTIONS;
        EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    }
    ep = epoll_create1(0);
    listener = net_listener(CONNECTIONS);
    watch(listener);
    lowest = dup(0);
    close(lowest);
    for (round = 0; round < ROUNDS; round++)
        round_trip(clients);

    /* No descriptor was left behind. */
    EXPECT_EQ(dup(0), lowest);
    return abi_done();
}
