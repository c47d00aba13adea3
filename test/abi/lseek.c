/* SPDX-License-Identifier: Apache-2.0 */
/* lseek(2): where it may go and where it may not; data and holes. */
#include "test/abi/abi.h"

int main(void)
{
    int fd;
    int copy;
    int pipe_fds[2];
    off_t hole;

    abi_dir();
    fd = open("f", O_RDWR | O_CREAT, 0600);
    EXPECT_EQ(write(fd, "0123456789", 10), 10);

    EXPECT_EQ(lseek(fd, -4, SEEK_END), 6);
    EXPECT_EQ(lseek(fd, 2, SEEK_CUR), 8);
    EXPECT_EQ(lseek(fd, -8, SEEK_CUR), 0);
    EXPECT_ERRNO(lseek(fd, -1, SEEK_CUR), EINVAL);
    EXPECT_ERRNO(lseek(fd, -1, SEEK_SET), EINVAL);
    EXPECT_ERRNO(lseek(fd, -11, SEEK_END), EINVAL);
    EXPECT_ERRNO(lseek(fd, 0, 77), EINVAL);
    EXPECT_ERRNO(lseek(-1, 0, SEEK_SET), EBADF);
    EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 0);

    /* Beyond the end is fine and does not grow the file. */
    EXPECT_EQ(lseek(fd, 1000, SEEK_SET), 1000);
    EXPECT_EQ(lseek(fd, 0, SEEK_END), 10);

    /* A copy of the descriptor shares the offset; a second open does not. */
    copy = dup(fd);
    EXPECT_EQ(lseek(copy, 5, SEEK_SET), 5);
    EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 5);
    close(copy);
    copy = open("f", O_RDONLY);
    EXPECT_EQ(lseek(copy, 0, SEEK_CUR), 0);
    close(copy);

    EXPECT_EQ(lseek(fd, 0, SEEK_DATA), 0);
    hole = lseek(fd, 0, SEEK_HOLE);
    EXPECT(hole == 10);
    EXPECT_ERRNO(lseek(fd, 10, SEEK_DATA), ENXIO);
    EXPECT_ERRNO(lseek(fd, 11, SEEK_HOLE), ENXIO);

    EXPECT_EQ(pipe(pipe_fds), 0);
    EXPECT_ERRNO(lseek(pipe_fds[0], 0, SEEK_CUR), ESPIPE);
    EXPECT_ERRNO(pread(pipe_fds[0], &copy, 1, 0), ESPIPE);
    return abi_done();
}
