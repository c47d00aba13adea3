/* SPDX-License-Identifier: Apache-2.0 */
/* socketpair(2) of each type. */
#include "test/abi/abi_net.h"

#include <pthread.h>
#include <signal.h>

static void *drain(void *arg)
{
    char buf[5000];
    size_t total = 0;
    ssize_t got;

    for (got = read(*(int *)arg, buf, sizeof(buf)); got > 0;
         got = read(*(int *)arg, buf, sizeof(buf)))
        total += (size_t)got;
    EXPECT_EQ(total, 4 << 20);
    return NULL;
}

static void streams(void)
{
    static char chunk[65536];
    pthread_t thread;
    char buf[16];
    int fds[2];
    int i;

    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    EXPECT_EQ(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(write(fds[0], "ab", 2), 2);
    EXPECT_EQ(write(fds[0], "cd", 2), 2);
    EXPECT_EQ(read(fds[1], buf, 3), 3);
    EXPECT_EQ(read(fds[1], buf, sizeof(buf)), 1);
    EXPECT_EQ(write(fds[1], "back", 4), 4);
    EXPECT_EQ(read(fds[0], buf, sizeof(buf)), 4);
    EXPECT_EQ(pthread_create(&thread, NULL, drain, &fds[1]), 0);
    for (i = 0; i < 64; i++)
        EXPECT_EQ(write(fds[0], chunk, sizeof(chunk)), sizeof(chunk));
    close(fds[0]);
    pthread_join(thread, NULL);
    EXPECT_ERRNO(write(fds[1], "x", 1), EPIPE);
    close(fds[1]);
}

static void messages(int type)
{
    char buf[16];
    int fds[2];

    EXPECT_EQ(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, fds), 0);
    EXPECT(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
    EXPECT_EQ(write(fds[0], "ab", 2), 2);
    EXPECT_EQ(write(fds[0], "cde", 3), 3);
    EXPECT_EQ(read(fds[1], buf, sizeof(buf)), 2);
    EXPECT_EQ(read(fds[1], buf, 1), 1);
    EXPECT_ERRNO(read(fds[1], buf, sizeof(buf)), EAGAIN);
    EXPECT_EQ(net_get(fds[0], SOL_SOCKET, SO_TYPE), type);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    int fds[2];

    signal(SIGPIPE, SIG_IGN);
    streams();
    messages(SOCK_DGRAM);
    messages(SOCK_SEQPACKET);
    EXPECT_ERRNO(socketpair(AF_INET, SOCK_STREAM, 0, fds), EOPNOTSUPP);
    EXPECT_ERRNO(socketpair(AF_UNIX, SOCK_STREAM | 0x100, 0, fds), EINVAL);
    EXPECT_ERRNO(socketpair(AF_UNIX, SOCK_STREAM, 77, fds), EPROTONOSUPPORT);
    EXPECT_ERRNO(socketpair(77, SOCK_STREAM, 0, fds), EAFNOSUPPORT);
    return abi_done();
}
