/* SPDX-License-Identifier: Apache-2.0 */
/* timerfd_create(2), timerfd_settime(2), timerfd_gettime(2). */
#include "test/abi/abi.h"

#include <poll.h>
#include <sys/timerfd.h>

static struct itimerspec in_ms(int first, int interval)
{
    struct itimerspec when = { { interval / 1000, (long)(interval % 1000) * ABI_MS },
                               { first / 1000, (long)(first % 1000) * ABI_MS } };

    return when;
}

static void one_shot(void)
{
    struct itimerspec when = in_ms(50, 0);
    struct pollfd item = { .events = POLLIN };
    uint64_t expirations = 0;
    int64_t start = abi_now();
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

    EXPECT(fd >= 0);
    EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    EXPECT_ERRNO(read(fd, &expirations, 8), EAGAIN);
    EXPECT_EQ(timerfd_settime(fd, 0, &when, NULL), 0);
    item.fd = fd;
    EXPECT_EQ(poll(&item, 1, 10000), 1);
    EXPECT_EQ(item.revents, POLLIN);
    EXPECT(abi_now() - start >= 50 * ABI_MS);
    EXPECT_ERRNO(read(fd, &expirations, 7), EINVAL);
    EXPECT_EQ(read(fd, &expirations, 8), 8);
    EXPECT_EQ(expirations, 1);
    EXPECT_ERRNO(read(fd, &expirations, 8), EAGAIN);
    EXPECT_EQ(timerfd_gettime(fd, &when), 0);
    EXPECT(when.it_value.tv_sec == 0 && when.it_value.tv_nsec == 0);
    close(fd);
}

static void periodic(void)
{
    struct itimerspec when = in_ms(20, 20);
    struct itimerspec now;
    uint64_t expirations = 0;
    int64_t start = abi_now();
    uint64_t sum = 0;
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);

    EXPECT_EQ(timerfd_settime(fd, 0, &when, NULL), 0);
    abi_sleep_ms(110);
    EXPECT_EQ(read(fd, &expirations, 8), 8);
    EXPECT(expirations >= 5);
    for (sum = expirations; sum < 10; sum += expirations)
        EXPECT_EQ(read(fd, &expirations, 8), 8);
    EXPECT(abi_now() - start >= 200 * ABI_MS);
    EXPECT_EQ(timerfd_gettime(fd, &now), 0);
    EXPECT_EQ(now.it_interval.tv_nsec, 20 * ABI_MS);
    EXPECT(now.it_value.tv_nsec > 0 && now.it_value.tv_nsec <= 20 * ABI_MS);
    close(fd);
}

static void absolute_and_disarm(void)
{
    struct itimerspec when = { 0 };
    struct itimerspec old;
    uint64_t expirations = 0;
    int64_t due;
    int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);

    /* A moment in the past is due at once. */
    when.it_value.tv_sec = 1;
    EXPECT_EQ(timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL), 0);
    abi_sleep_ms(5);
    EXPECT_EQ(read(fd, &expirations, 8), 8);
    EXPECT_EQ(expirations, 1);

    due = abi_ns(CLOCK_REALTIME) + 50 * ABI_MS;
    when.it_value.tv_sec = due / 1000000000;
    when.it_value.tv_nsec = due % 1000000000;
    EXPECT_EQ(timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL), 0);
    EXPECT_EQ(fcntl(fd, F_SETFL, 0), 0);
    EXPECT_EQ(read(fd, &expirations, 8), 8);
    EXPECT(abi_ns(CLOCK_REALTIME) >= due);

    when = in_ms(100000, 0);
    EXPECT_EQ(timerfd_settime(fd, 0, &when, NULL), 0);
    when = in_ms(0, 0);
    EXPECT_EQ(timerfd_settime(fd, 0, &when, &old), 0);
    EXPECT(old.it_value.tv_sec >= 90 && old.it_value.tv_sec <= 100);
    EXPECT_EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    EXPECT_ERRNO(read(fd, &expirations, 8), EAGAIN);
    close(fd);
}

int main(void)
{
    struct itimerspec when = in_ms(1, 0);
    int fd;

    one_shot();
    periodic();
    absolute_and_disarm();
    EXPECT_ERRNO(timerfd_create(77, 0), EINVAL);
    EXPECT_ERRNO(timerfd_create(CLOCK_MONOTONIC, 0x1000), EINVAL);
    fd = timerfd_create(CLOCK_BOOTTIME, 0);
    EXPECT(fd >= 0);
    EXPECT_ERRNO(timerfd_settime(fd, 0x1000, &when, NULL), EINVAL);
    EXPECT_ERRNO(timerfd_settime(0, 0, abi_bad_pointer(), NULL), EFAULT);
    EXPECT_ERRNO(timerfd_settime(-1, 0, &when, NULL), EBADF);
    EXPECT_ERRNO(timerfd_gettime(fd, abi_bad_pointer()), EFAULT);
    when.it_value.tv_nsec = 1000000000;
    EXPECT_ERRNO(timerfd_settime(fd, 0, &when, NULL), EINVAL);
    close(fd);
    fd = open("/dev/null", O_RDONLY);
    when = in_ms(1, 0);
    EXPECT_ERRNO(timerfd_settime(fd, 0, &when, NULL), EINVAL);
    return abi_done();
}
