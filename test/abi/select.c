/* SPDX-License-Identifier: Apache-2.0 */
/* select(2) and pselect(2). */
#include "test/abi/abi.h"

#include <signal.h>
#include <sys/select.h>

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
    (void)sig;
    caught++;
}

static void sets(int *fds)
{
    struct timeval none = { 0, 0 };
    fd_set in;
    fd_set out;
    fd_set err;
    int top = fds[1] + 1;

    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_ZERO(&err);
    FD_SET(fds[0], &in);
    FD_SET(fds[1], &out);
    FD_SET(fds[0], &err);
    EXPECT_EQ(select(top, &in, &out, &err, &none), 1);
    EXPECT(!FD_ISSET(fds[0], &in) && FD_ISSET(fds[1], &out) && !FD_ISSET(fds[0], &err));

    EXPECT_EQ(write(fds[1], "x", 1), 1);
    FD_SET(fds[0], &in);
    EXPECT_EQ(select(top, &in, &out, NULL, NULL), 2);
    EXPECT(FD_ISSET(fds[0], &in) && FD_ISSET(fds[1], &out));

    /* Only the descriptors below the first argument count. */
    EXPECT_EQ(select(fds[0] + 1, &in, NULL, NULL, &none), 1);
    EXPECT_EQ(select(fds[0], &in, NULL, NULL, &none), 0);
}

static void timeouts(int *fds)
{
    struct timeval span = { 0, 30000 };
    struct timespec fine = { 0, 30 * ABI_MS };
    fd_set in;
    int64_t start = abi_now();
    char c;

    EXPECT_EQ(select(0, NULL, NULL, NULL, &span), 0);
    EXPECT(abi_now() - start >= 30 * ABI_MS);
    EXPECT(span.tv_sec == 0 && span.tv_usec == 0);
    span.tv_sec = 100;
    FD_ZERO(&in);
    FD_SET(fds[0], &in);
    EXPECT_EQ(select(fds[0] + 1, &in, NULL, NULL, &span), 1);
    EXPECT(span.tv_sec >= 80 && span.tv_sec <= 100);
    EXPECT_EQ(read(fds[0], &c, 1), 1);
    start = abi_now();
    EXPECT_EQ(pselect(0, NULL, NULL, NULL, &fine, NULL), 0);
    EXPECT(abi_now() - start >= 30 * ABI_MS);
    EXPECT_EQ(fine.tv_nsec, 30 * ABI_MS);
}

static void errors(int *fds)
{
    struct timeval none = { 0, 0 };
    struct timeval bad = { 0, -1 };
    fd_set in;

    FD_ZERO(&in);
    FD_SET(40, &in);
    EXPECT_ERRNO(select(41, &in, NULL, NULL, &none), EBADF);
    EXPECT_ERRNO(select(-1, NULL, NULL, NULL, &none), EINVAL);
    EXPECT_ERRNO(select(0, NULL, NULL, NULL, &bad), EINVAL);
    EXPECT_ERRNO(syscall(SYS_select, fds[0] + 1, abi_bad_pointer(), NULL, NULL, &none), EFAULT);
}

static void signals_and_masks(void)
{
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    struct timespec span = { 10, 0 };
    sigset_t none;
    sigset_t usr1;

    sigaction(SIGUSR1, &action, NULL);
    sigemptyset(&none);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    EXPECT_EQ(pthread_sigmask(SIG_BLOCK, &usr1, NULL), 0);
    EXPECT_EQ(raise(SIGUSR1), 0);
    EXPECT_EQ(caught, 0);
    EXPECT_ERRNO(pselect(0, NULL, NULL, NULL, &span, &none), EINTR);
    EXPECT_EQ(caught, 1);
}

int main(void)
{
    int fds[2];

    EXPECT_EQ(pipe(fds), 0);
    sets(fds);
    timeouts(fds);
    errors(fds);
    signals_and_masks();
    return abi_done();
}
