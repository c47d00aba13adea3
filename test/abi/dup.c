/* SPDX-License-Identifier: Apache-2.0 */
/* dup(2) and dup2(2). */
#include "test/abi/abi.h"

#include <sys/resource.h>

int main(void)
{
    struct rlimit limit = { 0 };
    int fds[2];
    int copy;
    char c;

    EXPECT_EQ(pipe2(fds, O_CLOEXEC), 0);
    copy = dup(fds[1]);
    EXPECT_EQ(copy, fds[1] + 1);
    EXPECT_EQ(fcntl(fds[1], F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(fcntl(copy, F_GETFD), 0);

    /* The lowest free number is taken. */
    EXPECT_EQ(close(fds[1]), 0);
    EXPECT_EQ(dup(copy), fds[1]);
    EXPECT_EQ(close(copy), 0);
    EXPECT_EQ(write(fds[1], "x", 1), 1);
    EXPECT_EQ(read(fds[0], &c, 1), 1);

    EXPECT_EQ(dup2(fds[1], 77), 77);
    EXPECT_EQ(dup2(77, 77), 77);
    EXPECT_EQ(dup2(fds[0], 77), 77);
    EXPECT_ERRNO(write(77, "x", 1), EBADF);
    EXPECT_ERRNO(dup2(-1, 5), EBADF);
    EXPECT_ERRNO(dup2(1234, 1234), EBADF);
    EXPECT_ERRNO(dup2(fds[0], -1), EBADF);
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_ERRNO(dup2(fds[0], (int)limit.rlim_cur), EBADF);
    EXPECT_EQ(dup2(fds[0], (int)limit.rlim_cur - 1), (int)limit.rlim_cur - 1);
    EXPECT_ERRNO(dup(-1), EBADF);

    /* The last copy of the write end closes the pipe. */
    EXPECT_EQ(dup2(fds[1], 78), 78);
    EXPECT_EQ(close(fds[1]), 0);
    EXPECT_EQ(close(78), 0);
    EXPECT_EQ(read(fds[0], &c, 1), 0);
    return abi_done();
}
