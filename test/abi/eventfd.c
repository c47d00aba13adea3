/* SPDX-License-Identifier: Apache-2.0 */
/* eventfd(2): the counter, semaphore mode, limits, polling and blocking. */
#include "test/abi/abi.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>

static short ready(int fd)
{
    struct pollfd item = { .fd = fd, .events = POLLIN | POLLOUT };

    if (poll(&item, 1, 0) < 0)
        return POLLNVAL;
    return item.revents;
}

static uint64_t take(int fd)
{
    uint64_t value = 0;

    EXPECT_EQ(read(fd, &value, 8), 8);
    return value;
}

static int add(int fd, uint64_t value)
{
    return (int)write(fd, &value, 8);
}

static void counter(void)
{
    int fd = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC);
    uint64_t value;

    EXPECT(fd >= 0);
    EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    EXPECT(fcntl(fd, F_GETFL) & O_NONBLOCK);
    EXPECT_EQ(ready(fd), POLLIN | POLLOUT);
    EXPECT_EQ(add(fd, 4), 8);
    EXPECT_EQ(take(fd), 7);
    EXPECT_EQ(ready(fd), POLLOUT);
    EXPECT_ERRNO(read(fd, &value, 8), EAGAIN);
    EXPECT_ERRNO(read(fd, &value, 7), EINVAL);
    EXPECT_ERRNO(write(fd, &value, 4), EINVAL);
    EXPECT_ERRNO(add(fd, UINT64_MAX), EINVAL);
    EXPECT_EQ(add(fd, 0), 8);
    EXPECT_EQ(ready(fd), POLLOUT);

    /* Full is 2^64 - 2. */
    EXPECT_EQ(add(fd, UINT64_MAX - 1), 8);
    EXPECT_EQ(ready(fd), POLLIN);
    EXPECT_ERRNO(add(fd, 1), EAGAIN);
    EXPECT_EQ(take(fd), UINT64_MAX - 1);
    close(fd);
}

static void semaphore(void)
{
    int fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    uint64_t value;

    EXPECT_EQ(take(fd), 1);
    EXPECT_EQ(take(fd), 1);
    EXPECT_ERRNO(read(fd, &value, 8), EAGAIN);
    close(fd);
}

static void *add_later(void *arg)
{
    abi_sleep_ms(50);
    EXPECT_EQ(add(*(int *)arg, 9), 8);
    return NULL;
}

static void *take_later(void *arg)
{
    abi_sleep_ms(50);
    EXPECT_EQ(take(*(int *)arg), UINT64_MAX - 1);
    return NULL;
}

static void blocking(void)
{
    pthread_t thread;
    int fd = eventfd(0, 0);

    EXPECT_EQ(pthread_create(&thread, NULL, add_later, &fd), 0);
    EXPECT_EQ(take(fd), 9);
    pthread_join(thread, NULL);
    EXPECT_EQ(add(fd, UINT64_MAX - 1), 8);
    EXPECT_EQ(pthread_create(&thread, NULL, take_later, &fd), 0);
    EXPECT_EQ(add(fd, 1), 8);
    pthread_join(thread, NULL);
    EXPECT_EQ(take(fd), 1);
    close(fd);
}

static void *take_one(void *arg)
{
    EXPECT_EQ(take(*(int *)arg), 1);
    return NULL;
}

/* One write that is enough for two readers ends the wait of both. */
static void blocking_in_two_threads(void)
{
    pthread_t threads[2];
    int fd = eventfd(0, EFD_SEMAPHORE);
    int i;

    for (i = 0; i < 2; i++)
        EXPECT_EQ(pthread_create(&threads[i], NULL, take_one, &fd), 0);
    abi_sleep_ms(50);
    EXPECT_EQ(add(fd, 2), 8);
    for (i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    close(fd);
}

int main(void)
{
    int fd;

    counter();
    semaphore();
    blocking();
    blocking_in_two_threads();
    EXPECT_ERRNO(eventfd(0, 0x1000), EINVAL);
    fd = eventfd(0, 0);
    EXPECT_ERRNO(lseek(fd, 1, 99), EINVAL);
    EXPECT_ERRNO(write(fd, abi_bad_pointer(), 8), EFAULT);
    return abi_done();
}
