/* SPDX-License-Identifier: Apache-2.0 */
/* pipe(2) and pipe2(2): order, capacity, end of file, EPIPE and its signal. */
#include "test/abi/abi.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>

static volatile sig_atomic_t broken;

static void on_sigpipe(int sig)
{
    (void)sig;
    broken++;
}

static void bytes_come_in_order(void)
{
    int fds[2];
    int unread;
    char buf[16];

    EXPECT_EQ(pipe(fds), 0);
    EXPECT_EQ(write(fds[1], "abc", 3), 3);
    EXPECT_EQ(write(fds[1], "def", 3), 3);
    EXPECT_EQ(ioctl(fds[0], FIONREAD, &unread), 0);
    EXPECT_EQ(unread, 6);
    EXPECT_EQ(read(fds[0], buf, 4), 4);
    EXPECT(memcmp(buf, "abcd", 4) == 0);
    EXPECT_EQ(read(fds[0], buf, sizeof(buf)), 2);
    EXPECT_EQ(close(fds[1]), 0);
    EXPECT_EQ(read(fds[0], buf, sizeof(buf)), 0);
    EXPECT_EQ(close(fds[0]), 0);
}

static void full_and_empty(void)
{
    static char chunk[PIPE_BUF];
    int fds[2];
    ssize_t got;
    size_t total = 0;
    size_t drained = 0;

    EXPECT_EQ(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
    EXPECT_EQ(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
    EXPECT_ERRNO(read(fds[0], chunk, 1), EAGAIN);
    for (got = 1; got > 0;) {
        got = write(fds[1], chunk, sizeof(chunk));
        if (got > 0)
            total += (size_t)got;
    }
    EXPECT_EQ(errno, EAGAIN);
    EXPECT(total >= 16L * PIPE_BUF);
    for (got = 1; got > 0;) {
        got = read(fds[0], chunk, sizeof(chunk));
        if (got > 0)
            drained += (size_t)got;
    }
    EXPECT_EQ(drained, total);
    EXPECT_EQ(write(fds[1], chunk, 1), 1);
    close(fds[0]);
    close(fds[1]);
}

static void writing_to_nobody(void)
{
    struct sigaction action = { .sa_handler = on_sigpipe };
    int fds[2];

    EXPECT_EQ(pipe(fds), 0);
    EXPECT_EQ(close(fds[0]), 0);
    sigaction(SIGPIPE, &action, NULL);
    EXPECT_ERRNO(write(fds[1], "x", 1), EPIPE);
    EXPECT_EQ(broken, 1);
    signal(SIGPIPE, SIG_IGN);
    EXPECT_ERRNO(write(fds[1], "x", 1), EPIPE);
    EXPECT_EQ(broken, 1);
    close(fds[1]);
}

static void *feeder(void *arg)
{
    char chunk[1000];
    int fd = *(int *)arg;
    int i;

    for (i = 0; i < 1000; i++) {
        memset(chunk, i, sizeof(chunk));
        EXPECT_EQ(write(fd, chunk, sizeof(chunk)), sizeof(chunk));
    }
    close(fd);
    return NULL;
}

/* A million bytes through a pipe that holds fewer: both sides block again and again. */
static void blocking_transfer(void)
{
    pthread_t thread;
    int fds[2];
    char buf[3333];
    size_t total = 0;
    size_t wrong = 0;
    ssize_t got;
    ssize_t i;

    EXPECT_EQ(pipe(fds), 0);
    EXPECT_EQ(pthread_create(&thread, NULL, feeder, &fds[1]), 0);
    for (got = read(fds[0], buf, sizeof(buf)); got > 0; got = read(fds[0], buf, sizeof(buf))) {
        for (i = 0; i < got; i++)
            wrong += buf[i] != (char)((total + (size_t)i) / 1000);
        total += (size_t)got;
    }
    EXPECT_EQ(pthread_join(thread, NULL), 0);
    EXPECT_EQ(total, 1000000);
    EXPECT_EQ(wrong, 0);
    close(fds[0]);
}

int main(void)
{
    int fds[2];

    bytes_come_in_order();
    full_and_empty();
    writing_to_nobody();
    blocking_transfer();
    EXPECT_ERRNO(pipe2(fds, O_APPEND), EINVAL);
    EXPECT_ERRNO(pipe(abi_bad_pointer()), EFAULT);
    return abi_done();
}
