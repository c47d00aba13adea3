/* SPDX-License-Identifier: Apache-2.0 */
/* What poll(2) says of the two ends of a pipe in each of their states. */
#include "test/abi/abi.h"

#include <poll.h>
#include <pthread.h>

static short ready(int fd, short events)
{
    struct pollfd item = { .fd = fd, .events = events };

    if (poll(&item, 1, 0) < 0)
        return POLLNVAL;
    return item.revents;
}

static void *write_later(void *arg)
{
    abi_sleep_ms(50);
    EXPECT_EQ(write(*(int *)arg, "x", 1), 1);
    return NULL;
}

static void *close_later(void *arg)
{
    abi_sleep_ms(50);
    EXPECT_EQ(close(*(int *)arg), 0);
    return NULL;
}

static void wakes_on(void *(*action)(void *), int *fd, int watched, short revents)
{
    struct pollfd item = { .fd = watched, .events = POLLIN };
    pthread_t thread;

    EXPECT_EQ(pthread_create(&thread, NULL, action, fd), 0);
    EXPECT_EQ(poll(&item, 1, 10000), 1);
    EXPECT_EQ(item.revents, revents);
    pthread_join(thread, NULL);
}

int main(void)
{
    static char page[ABI_PAGE];
    int fds[2];
    char c;

    EXPECT_EQ(pipe2(fds, O_NONBLOCK), 0);
    EXPECT_EQ(ready(fds[0], POLLIN), 0);
    EXPECT_EQ(ready(fds[1], POLLOUT), POLLOUT);
    EXPECT_EQ(ready(fds[1], POLLIN), 0);

    EXPECT_EQ(write(fds[1], "x", 1), 1);
    EXPECT_EQ(ready(fds[0], POLLIN | POLLRDNORM), POLLIN | POLLRDNORM);
    EXPECT_EQ(read(fds[0], &c, 1), 1);
    EXPECT_EQ(ready(fds[0], POLLIN), 0);

    while (write(fds[1], page, sizeof(page)) > 0)
        continue;
    EXPECT_EQ(ready(fds[1], POLLOUT), 0);
    EXPECT_EQ(read(fds[0], page, sizeof(page)), sizeof(page));
    EXPECT_EQ(ready(fds[1], POLLOUT), POLLOUT);
    while (read(fds[0], page, sizeof(page)) > 0)
        continue;

    wakes_on(write_later, &fds[1], fds[0], POLLIN);
    EXPECT_EQ(read(fds[0], &c, 1), 1);

    /* The writer goes: what is left is readable together with the hang-up. */
    EXPECT_EQ(write(fds[1], "x", 1), 1);
    EXPECT_EQ(close(fds[1]), 0);
    EXPECT_EQ(ready(fds[0], POLLIN), POLLIN | POLLHUP);
    EXPECT_EQ(read(fds[0], &c, 1), 1);
    EXPECT_EQ(ready(fds[0], POLLIN), POLLHUP);
    close(fds[0]);

    EXPECT_EQ(pipe(fds), 0);
    wakes_on(close_later, &fds[1], fds[0], POLLHUP);
    close(fds[0]);

    /* The reader goes. */
    EXPECT_EQ(pipe(fds), 0);
    EXPECT_EQ(close(fds[0]), 0);
    EXPECT_EQ(ready(fds[1], POLLOUT), POLLOUT | POLLERR);
    EXPECT_EQ(close(fds[1]), 0);
    EXPECT_EQ(ready(fds[1], POLLOUT), POLLNVAL);
    return abi_done();
}
