/* SPDX-License-Identifier: Apache-2.0 */
/* signalfd(2): blocked signals are read, with who sent them. */
#include "test/abi/abi.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>

static void *kill_later(void *arg)
{
    (void)arg;
    abi_sleep_ms(50);
    kill(getpid(), SIGUSR2);
    return NULL;
}

static short ready(int fd)
{
    struct pollfd item = { .fd = fd, .events = POLLIN };

    if (poll(&item, 1, 0) < 0)
        return POLLNVAL;
    return item.revents;
}

static void reads_signals(int fd)
{
    struct signalfd_siginfo info[4];
    union sigval value = { .sival_int = 4711 };

    EXPECT_EQ(ready(fd), 0);
    EXPECT_ERRNO(read(fd, info, sizeof(info)), EAGAIN);
    EXPECT_EQ(kill(getpid(), SIGUSR1), 0);
    EXPECT_EQ(kill(getpid(), SIGUSR1), 0);
    EXPECT_EQ(ready(fd), POLLIN);
    EXPECT_ERRNO(read(fd, info, sizeof(info[0]) - 1), EINVAL);
    EXPECT_EQ(read(fd, info, sizeof(info)), sizeof(info[0]));
    EXPECT_EQ(info[0].ssi_signo, SIGUSR1);
    EXPECT_EQ(info[0].ssi_code, SI_USER);
    EXPECT_EQ(info[0].ssi_pid, getpid());
    EXPECT_EQ(info[0].ssi_uid, getuid());

    EXPECT_EQ(sigqueue(getpid(), SIGRTMIN, value), 0);
    EXPECT_EQ(sigqueue(getpid(), SIGRTMIN, value), 0);
    EXPECT_EQ(read(fd, info, sizeof(info)), 2 * sizeof(info[0]));
    EXPECT_EQ(info[1].ssi_code, SI_QUEUE);
    EXPECT_EQ(info[1].ssi_int, 4711);
}

static void changes_its_mask(int fd, sigset_t *mask)
{
    struct signalfd_siginfo info;

    sigaddset(mask, SIGUSR2);
    EXPECT_EQ(pthread_sigmask(SIG_BLOCK, mask, NULL), 0);
    EXPECT_EQ(kill(getpid(), SIGUSR2), 0);
    EXPECT_EQ(ready(fd), 0);
    EXPECT_EQ(signalfd(fd, mask, 0), fd);
    EXPECT_EQ(ready(fd), POLLIN);
    EXPECT_EQ(read(fd, &info, sizeof(info)), sizeof(info));
    EXPECT_EQ(info.ssi_signo, SIGUSR2);
}

static void blocks_until_one_comes(int fd)
{
    struct signalfd_siginfo info;
    pthread_t thread;

    EXPECT_EQ(fcntl(fd, F_SETFL, 0), 0);
    EXPECT_EQ(pthread_create(&thread, NULL, kill_later, NULL), 0);
    EXPECT_EQ(read(fd, &info, sizeof(info)), sizeof(info));
    EXPECT_EQ(info.ssi_signo, SIGUSR2);
    pthread_join(thread, NULL);
}

int main(void)
{
    sigset_t mask;
    sigset_t pending;
    int fd;

    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    sigaddset(&mask, SIGRTMIN);
    EXPECT_EQ(pthread_sigmask(SIG_BLOCK, &mask, NULL), 0);
    fd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
    EXPECT(fd >= 0);
    EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    reads_signals(fd);
    changes_its_mask(fd, &mask);
    blocks_until_one_comes(fd);
    EXPECT_EQ(sigpending(&pending), 0);
    EXPECT_EQ(sigismember(&pending, SIGUSR1), 0);
    EXPECT_ERRNO(signalfd(-1, &mask, 0x1000), EINVAL);
    EXPECT_ERRNO(signalfd(999, &mask, 0), EBADF);
    EXPECT_ERRNO(signalfd(1, &mask, 0), EINVAL);
    return abi_done();
}
