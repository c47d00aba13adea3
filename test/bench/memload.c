/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads a memcached: memload HOST PORT CONNECTIONS SECONDS. Sets a key for each connection, then
 * gets them, one request after the other on each connection, and compares every answer. Prints a
 * line of JSON: requests, rate, max_ms, and latency_ms by percentile. A wrong answer or a lost
 * connection ends it with status 1.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

enum {
    CONNECTIONS_MAX = 1000,
    VALUE_SIZE = 100,
    ANSWER_MAX = 256,
    BUCKETS = 1 << 20, /* One a microsecond: the last one takes the rest. */
};

struct connection {
    int fd;
    int request_len;
    int answer_len;
    int got;
    uint64_t asked_ns;
    char request[32];
    char answer[ANSWER_MAX]; /* What has to come. */
};

static struct connection connections[CONNECTIONS_MAX];
static uint64_t buckets[BUCKETS];
static uint64_t max_ns;
static uint64_t total;

static void fail(const char *what)
{
    fprintf(stderr, "memload: %s: %s\n", what, errno != 0 ? strerror(errno) : "wrong answer");
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void receive_exactly(int fd, const char *wanted)
{
    char answer[ANSWER_MAX] = { 0 };
    size_t got = 0;

    while (got < strlen(wanted)) {
        ssize_t part = recv(fd, answer + got, strlen(wanted) - got, 0);

        if (part <= 0)
            fail("recv");
        got += (size_t)part;
    }
    errno = 0;
    if (memcmp(answer, wanted, got) != 0)
        fail("set");
}

/* Connects, sets the connection's key, and makes its request and the answer to come. */
static void connection_open(struct connection *connection, const struct sockaddr_in *address,
                            int number)
{
    char value[VALUE_SIZE + 1];
    char set[ANSWER_MAX];
    int yes = 1;
    int len;

    connection->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connection->fd < 0 ||
        connect(connection->fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
        fail("connect");
    (void)setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    memset(value, 'a' + number % 26, VALUE_SIZE);
    value[VALUE_SIZE] = '\0';
    len = snprintf(set, sizeof(set), "set key%d 0 0 %d\r\n%s\r\n", number, VALUE_SIZE, value);
    if (send(connection->fd, set, (size_t)len, 0) != len)
        fail("send");
    receive_exactly(connection->fd, "STORED\r\n");
    connection->request_len =
        snprintf(connection->request, sizeof(connection->request), "get key%d\r\n", number);
    connection->answer_len =
        snprintf(connection->answer, sizeof(connection->answer),
                 "VALUE key%d 0 %d\r\n%s\r\nEND\r\n", number, VALUE_SIZE, value);
}

static void ask(struct connection *connection)
{
    connection->got = 0;
    connection->asked_ns = now_ns();
    if (send(connection->fd, connection->request, (size_t)connection->request_len, 0) !=
        connection->request_len)
        fail("send");
}

/* Takes what came; returns whether the answer is whole. */
static int hear(struct connection *connection)
{
    char part[ANSWER_MAX];
    ssize_t len = recv(connection->fd, part, sizeof(part), 0);

    if (len <= 0)
        fail("recv");
    errno = 0;
    if (connection->got + len > connection->answer_len ||
        memcmp(part, connection->answer + connection->got, (size_t)len) != 0)
        fail("get");
    connection->got += (int)len;
    return connection->got == connection->answer_len;
}

static void note(const struct connection *connection)
{
    uint64_t took_ns = now_ns() - connection->asked_ns;
    uint64_t bucket = took_ns / 1000;

    buckets[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    max_ns = took_ns > max_ns ? took_ns : max_ns;
    total++;
}

static double percentile_ms(double percent)
{
    uint64_t wanted = (uint64_t)((double)total * percent / 100);
    uint64_t seen = 0;

    for (int i = 0; i < BUCKETS; i++) {
        seen += buckets[i];
        if (seen > wanted)
            return i / 1000.0;
    }
    return (double)max_ns / 1e6;
}

static double run(int epoll_fd, uint64_t seconds)
{
    uint64_t start = now_ns();
    uint64_t end = start + seconds * 1000000000;
    struct epoll_event events[64];

    while (now_ns() < end) {
        int count = epoll_wait(epoll_fd, events, 64, 10000);

        if (count <= 0) {
            errno = ETIMEDOUT;
            fail("no answer");
        }
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;

            if (hear(connection)) {
                note(connection);
                ask(connection);
            }
        }
    }
    return (double)(now_ns() - start) / 1e9;
}

static void result_print(double seconds)
{
    static const double percents[] = { 50, 75, 90, 95, 99, 99.5, 99.9 };

    printf("{\"requests\": %llu, \"rate\": %.1f, \"max_ms\": %.3f, \"latency_ms\": {",
           (unsigned long long)total, (double)total / seconds, (double)max_ns / 1e6);
    for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++)
        printf("%s\"%g\": %.3f", i > 0 ? ", " : "", percents[i], percentile_ms(percents[i]));
    printf("}}\n");
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    long count = argc == 5 ? strtol(argv[3], NULL, 10) : 0;
    int epoll_fd = epoll_create1(0);
    double seconds;

    if (count < 1 || count > CONNECTIONS_MAX ||
        inet_pton(AF_INET, argv[1], &address.sin_addr) != 1) {
        fprintf(stderr, "usage: memload ADDRESS PORT CONNECTIONS SECONDS\n");
        return 2;
    }
    address.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
    for (int i = 0; i < count; i++) {
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = &connections[i] };

        connection_open(&connections[i], &address, i);
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, connections[i].fd, &event) < 0)
            fail("epoll_ctl");
    }
    for (int i = 0; i < count; i++)
        ask(&connections[i]);
    seconds = run(epoll_fd, strtoull(argv[4], NULL, 10));
    result_print(seconds);
    return 0;
}
