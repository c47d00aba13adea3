/* SPDX-License-Identifier: Apache-2.0 */
/* fcntl(2) but for locks: copies, descriptor flags, file flags, pipe sizes. */
#include "test/abi/abi.h"

static void copies(int fd)
{
    int copy = fcntl(fd, F_DUPFD, 50);

    EXPECT_EQ(copy, 50);
    EXPECT_EQ(fcntl(fd, F_DUPFD, 50), 51);
    EXPECT_EQ(fcntl(fd, F_DUPFD_CLOEXEC, 50), 52);
    EXPECT_EQ(fcntl(50, F_GETFD), 0);
    EXPECT_EQ(fcntl(52, F_GETFD), FD_CLOEXEC);
    EXPECT_ERRNO(fcntl(fd, F_DUPFD, -1), EINVAL);
    EXPECT_ERRNO(fcntl(fd, F_DUPFD, 1 << 30), EINVAL);
    EXPECT_EQ(fcntl(50, F_SETFD, FD_CLOEXEC), 0);
    EXPECT_EQ(fcntl(50, F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(fcntl(50, F_SETFD, 0), 0);
    EXPECT_EQ(fcntl(50, F_GETFD), 0);
    EXPECT_EQ(close(50) | close(51) | close(52), 0);
}

static void file_flags(int fd)
{
    int copy = dup(fd);
    int flags = fcntl(fd, F_GETFL);

    EXPECT_EQ(flags & O_ACCMODE, O_RDWR);
    EXPECT_EQ(flags & (O_APPEND | O_NONBLOCK | O_CREAT | O_EXCL), 0);
    EXPECT_EQ(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK), 0);
    EXPECT_EQ(fcntl(copy, F_GETFL) & (O_APPEND | O_NONBLOCK), O_APPEND | O_NONBLOCK);

    /* The access mode cannot be changed: it is ignored. */
    EXPECT_EQ(fcntl(fd, F_SETFL, O_WRONLY), 0);
    EXPECT_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK), O_RDWR);
    close(copy);
}

static void pipe_sizes(void)
{
    int fds[2];
    int size;

    EXPECT_EQ(pipe(fds), 0);
    EXPECT_EQ(fcntl(fds[0], F_GETFL) & O_ACCMODE, O_RDONLY);
    EXPECT_EQ(fcntl(fds[1], F_GETFL) & O_ACCMODE, O_WRONLY);
    size = fcntl(fds[0], F_GETPIPE_SZ);
    EXPECT(size >= ABI_PAGE);
    EXPECT(fcntl(fds[1], F_SETPIPE_SZ, 4 * ABI_PAGE) >= 4 * ABI_PAGE);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    int fd;

    abi_dir();
    fd = open("f", O_RDWR | O_CREAT, 0600);
    EXPECT(fd >= 0);
    copies(fd);
    file_flags(fd);
    pipe_sizes();
    EXPECT_ERRNO(fcntl(-1, F_GETFL), EBADF);
    EXPECT_ERRNO(fcntl(999, F_GETFD), EBADF);
    EXPECT_ERRNO(fcntl(fd, 0x7777), EINVAL);
    EXPECT_ERRNO(fcntl(fd, F_GETPIPE_SZ), EBADF);
    return abi_done();
}
