/* SPDX-License-Identifier: Apache-2.0 */
/* What epoll_create(2), epoll_ctl(2), epoll_wait(2), epoll_pwait2(2) refuse; masks and EINTR. */
#include "test/abi/abi.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>

static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
    (void)sig;
    alarms++;
}

static void creation_and_control(int ep, int fd)
{
    struct epoll_event event = { .events = EPOLLIN };
    int file = open("/proc/self/stat", O_RDONLY);
    int dir = open("/tmp", O_RDONLY);

    EXPECT_ERRNO(epoll_create1(0x1000), EINVAL);
    EXPECT_ERRNO(epoll_create(0), EINVAL);
    EXPECT_EQ(close(epoll_create(1)), 0);
    EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event), 0);
    EXPECT_ERRNO(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event), EEXIST);
    EXPECT_ERRNO(epoll_ctl(ep, EPOLL_CTL_MOD, 1000, &event), EBADF);
    EXPECT_ERRNO(epoll_ctl(ep, EPOLL_CTL_ADD, -1, &event), EBADF);
    EXPECT_ERRNO(epoll_ctl(-1, EPOLL_CTL_ADD, fd, &event), EBADF);
    EXPECT_ERRNO(epoll_ctl(fd, EPOLL_CTL_ADD, ep, &event), EINVAL);
    EXPECT_ERRNO(epoll_ctl(ep, 99, fd, &event), EINVAL);
    EXPECT_ERRNO(epoll_ctl(ep, EPOLL_CTL_MOD, fd, abi_bad_pointer()), EFAULT);
    EXPECT_ERRNO(epoll_ctl(ep, EPOLL_CTL_ADD, dir, &event), EPERM);
    EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL), 0);
    EXPECT_ERRNO(epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL), ENOENT);
    EXPECT_ERRNO(epoll_ctl(ep, EPOLL_CTL_MOD, fd, &event), ENOENT);
    close(file);
    close(dir);
}

static void waiting(int ep, int fd)
{
    struct epoll_event event = { .events = EPOLLOUT };
    struct epoll_event got;
    struct timespec span = { 0, 20 * ABI_MS };
    volatile int minus = -1; /* Unknown to the compiler, which would refuse it. */
    int64_t start;

    EXPECT_ERRNO(epoll_wait(ep, &got, 0, 0), EINVAL);
    EXPECT_ERRNO(epoll_wait(ep, &got, minus, 0), EINVAL);
    EXPECT_ERRNO(epoll_wait(fd, &got, 1, 0), EINVAL);
    EXPECT_ERRNO(epoll_wait(-1, &got, 1, 0), EBADF);
    EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event), 0);
    EXPECT_ERRNO(epoll_wait(ep, abi_bad_pointer(), 1, 0), EFAULT);
    EXPECT_EQ(epoll_wait(ep, &got, 1, 0), 1);
    EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL), 0);

    start = abi_now();
    if (syscall(SYS_epoll_pwait2, ep, &got, 1, &span, NULL, 8) == -1) {
        EXPECT_EQ(errno, ENOSYS);
    } else {
        EXPECT(abi_now() - start >= 20 * ABI_MS);
    }
}

static void *alarm_later(void *arg)
{
    abi_sleep_ms(50);
    pthread_kill(*(pthread_t *)arg, SIGALRM);
    return NULL;
}

/* A handler ends the wait, even one installed with SA_RESTART. */
static void signals(int ep)
{
    struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
    struct epoll_event got;
    pthread_t self = pthread_self();
    pthread_t thread;
    sigset_t all;
    sigset_t alarm_only;
    sigset_t old;

    sigaction(SIGALRM, &action, NULL);
    EXPECT_EQ(pthread_create(&thread, NULL, alarm_later, &self), 0);
    EXPECT_ERRNO(epoll_wait(ep, &got, 1, 10000), EINTR);
    pthread_join(thread, NULL);
    EXPECT_EQ(alarms, 1);

    /* epoll_pwait lets in what was blocked, and blocks it again. */
    sigemptyset(&all);
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    EXPECT_EQ(pthread_sigmask(SIG_BLOCK, &alarm_only, NULL), 0);
    pthread_kill(self, SIGALRM);
    EXPECT_EQ(epoll_wait(ep, &got, 1, 20), 0);
    EXPECT_EQ(alarms, 1);
    EXPECT_ERRNO(epoll_pwait(ep, &got, 1, 10000, &all), EINTR);
    EXPECT_EQ(alarms, 2);
    EXPECT_EQ(pthread_sigmask(SIG_SETMASK, NULL, &old), 0);
    EXPECT_EQ(sigismember(&old, SIGALRM), 1);
    EXPECT_ERRNO(syscall(SYS_epoll_pwait, ep, &got, 1, 0, &all, 4), EINVAL);
}

int main(void)
{
    int ep = epoll_create1(0);
    int fds[2];

    EXPECT_EQ(pipe(fds), 0);
    creation_and_control(ep, fds[1]);
    waiting(ep, fds[1]);
    signals(ep);
    return abi_done();
}
