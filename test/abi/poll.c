/* SPDX-License-Identifier: Apache-2.0 */
/* poll(2) and ppoll(2). */
#include "test/abi/abi.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
    (void)sig;
    caught++;
}

static void many_descriptors(void)
{
    struct pollfd items[64];
    uint64_t one = 1;
    int i;

    for (i = 0; i < 64; i++) {
        items[i].fd = eventfd(i % 3 == 0, EFD_NONBLOCK);
        items[i].events = POLLIN;
        items[i].revents = -1;
    }
    EXPECT_EQ(poll(items, 64, -1), 22);
    for (i = 0; i < 64; i++)
        EXPECT_EQ(items[i].revents, i % 3 == 0 ? POLLIN : 0);

    /* A negative descriptor is passed over, a closed one reported. */
    items[0].fd = -5;
    close(items[3].fd);
    EXPECT_EQ(poll(items, 64, 0), 21);
    EXPECT_EQ(items[0].revents, 0);
    EXPECT_EQ(items[3].revents, POLLNVAL);
    EXPECT_EQ(write(items[1].fd, &one, 8), 8);
    EXPECT_EQ(poll(items + 1, 1, 0), 1);
    for (i = 1; i < 64; i++)
        close(items[i].fd);
}

static void timeouts(void)
{
    struct timespec span = { 0, 30 * ABI_MS };
    struct timespec bad = { 0, -1 };
    struct pollfd item = { .fd = -1 };
    int64_t start = abi_now();

    EXPECT_EQ(poll(NULL, 0, 30), 0);
    EXPECT(abi_now() - start >= 30 * ABI_MS);
    start = abi_now();
    EXPECT_EQ(ppoll(&item, 1, &span, NULL), 0);
    EXPECT(abi_now() - start >= 30 * ABI_MS);
    EXPECT_ERRNO(ppoll(&item, 1, &bad, NULL), EINVAL);

    /* The system call itself says how much time was left. */
    EXPECT_EQ(syscall(SYS_ppoll, &item, 1, &span, NULL, 8), 0);
    EXPECT(span.tv_sec == 0 && span.tv_nsec == 0);
}

static void files_are_always_ready(void)
{
    struct pollfd items[3] = { { .events = POLLIN | POLLOUT },
                               { .events = POLLIN | POLLOUT },
                               { .events = POLLIN | POLLOUT } };

    items[0].fd = open("/tmp", O_RDONLY);
    items[1].fd = open("/dev/null", O_RDWR);
    items[2].fd = open("/dev/zero", O_RDWR);
    EXPECT_EQ(poll(items, 3, 0), 3);
    EXPECT_EQ(items[0].revents, POLLIN | POLLOUT);
    EXPECT_EQ(items[1].revents, POLLIN | POLLOUT);
    EXPECT_EQ(items[2].revents, POLLIN | POLLOUT);
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
    EXPECT_EQ(poll(NULL, 0, 20), 0);
    EXPECT_EQ(caught, 0);
    EXPECT_ERRNO(ppoll(NULL, 0, &span, &none), EINTR);
    EXPECT_EQ(caught, 1);
    EXPECT_EQ(raise(SIGUSR1), 0);
    EXPECT_EQ(sigpending(&none), 0);
    EXPECT_EQ(sigismember(&none, SIGUSR1), 1);
    EXPECT_EQ(pthread_sigmask(SIG_UNBLOCK, &usr1, NULL), 0);
    EXPECT_EQ(caught, 2);
}

int main(void)
{
    struct rlimit limit;
    struct pollfd item = { .fd = 0 };

    many_descriptors();
    timeouts();
    files_are_always_ready();
    signals_and_masks();
    EXPECT_ERRNO(poll(abi_bad_pointer(), 1, 0), EFAULT);
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_ERRNO(syscall(SYS_poll, &item, (unsigned)limit.rlim_cur + 1, 0), EINVAL);
    return abi_done();
}
