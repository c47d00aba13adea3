/* SPDX-License-Identifier: Apache-2.0 */
/* Unix datagram and sequenced-packet sockets: borders, senders, full queues, end of stream. */
#include "test/abi/abi_net.h"

#include <sys/un.h>

static struct sockaddr_un named(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };

    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
    return addr;
}

static int bound(const char *path)
{
    struct sockaddr_un addr = named(path);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    EXPECT_EQ(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    return fd;
}

static ssize_t send_to(int fd, const char *path, const char *text)
{
    struct sockaddr_un addr = named(path);

    return sendto(fd, text, strlen(text), MSG_DONTWAIT, (struct sockaddr *)&addr, sizeof(addr));
}

static void datagrams(void)
{
    struct sockaddr_un from = { 0 };
    struct sockaddr_un to = named("b");
    socklen_t len = sizeof(from);
    int a = bound("a");
    int b = bound("b");
    int nameless = socket(AF_UNIX, SOCK_DGRAM, 0);
    char buf[16];
    int queued = 0;

    EXPECT_EQ(send_to(a, "b", "one"), 3);
    EXPECT_EQ(send_to(nameless, "b", "second"), 6);
    EXPECT_EQ(recvfrom(b, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len), 3);
    EXPECT(strcmp(from.sun_path, "a") == 0);
    len = sizeof(from);
    EXPECT_EQ(recvfrom(b, buf, 2, MSG_TRUNC, (struct sockaddr *)&from, &len), 6);
    EXPECT_EQ(len, 0);
    EXPECT_ERRNO(recv(b, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);

    EXPECT_EQ(connect(a, (struct sockaddr *)&to, sizeof(to)), 0);
    EXPECT_EQ(send(a, "connected", 9, 0), 9);
    EXPECT_EQ(recv(b, buf, sizeof(buf), 0), 9);

    /* Unlike UDP a full queue stops the sender. */
    while (queued < 100000 && send(a, "x", 1, MSG_DONTWAIT) == 1)
        queued++;
    EXPECT_EQ(errno, EAGAIN);
    EXPECT(queued >= 1);
    while (recv(b, buf, sizeof(buf), MSG_DONTWAIT) == 1)
        queued--;
    EXPECT_EQ(queued, 0);
    EXPECT_EQ(send(a, "x", 1, MSG_DONTWAIT), 1);

    EXPECT_EQ(close(b), 0);
    EXPECT_ERRNO(send(a, "x", 1, 0), ECONNREFUSED);
    EXPECT_ERRNO(send_to(nameless, "b", "x"), ECONNREFUSED);
    EXPECT_ERRNO(send_to(nameless, "absent", "x"), ENOENT);
    EXPECT_ERRNO(send(nameless, "x", 1, 0), ENOTCONN);
    EXPECT_ERRNO(listen(nameless, 1), EOPNOTSUPP);
    close(a);
    close(nameless);
}

static void sequenced_packets(void)
{
    struct sockaddr_un addr = named("seq");
    int listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    int client = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    int stream = socket(AF_UNIX, SOCK_STREAM, 0);
    int server;
    char buf[16];

    EXPECT_EQ(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
    EXPECT_EQ(listen(listener, 1), 0);
    EXPECT_ERRNO(connect(stream, (struct sockaddr *)&addr, sizeof(addr)), EPROTOTYPE);
    EXPECT_EQ(connect(client, (struct sockaddr *)&addr, sizeof(addr)), 0);
    server = accept(listener, NULL, NULL);
    EXPECT(server >= 0);
    EXPECT_EQ(send(client, "one", 3, 0), 3);
    EXPECT_EQ(send(client, "longer", 6, 0), 6);
    EXPECT_EQ(send(client, "end", 3, 0), 3);
    EXPECT_EQ(recv(server, buf, sizeof(buf), 0), 3);
    EXPECT_EQ(recv(server, buf, 2, 0), 2);
    EXPECT_EQ(recv(server, buf, sizeof(buf), 0), 3);
    EXPECT(memcmp(buf, "end", 3) == 0);
    EXPECT_EQ(close(client), 0);
    EXPECT_EQ(recv(server, buf, sizeof(buf), 0), 0);
    EXPECT_ERRNO(send(server, "x", 1, MSG_NOSIGNAL), EPIPE);
    close(server);
    close(listener);
    close(stream);
}

int main(void)
{
    abi_dir();
    datagrams();
    sequenced_packets();
    return abi_done();
}
