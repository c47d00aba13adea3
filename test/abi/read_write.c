/* SPDX-License-Identifier: Apache-2.0 */
/* read(2), write(2), pread(2) and pwrite(2) on files: counts, offsets, holes and errors. */
#include "test/abi/abi.h"

static void offsets_move(int fd)
{
    char buf[16];

    EXPECT_EQ(write(fd, "hello world", 11), 11);
    EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 11);
    EXPECT_EQ(read(fd, buf, sizeof(buf)), 0);
    EXPECT_EQ(lseek(fd, 6, SEEK_SET), 6);
    EXPECT_EQ(read(fd, buf, sizeof(buf)), 5);
    EXPECT(memcmp(buf, "world", 5) == 0);
    EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 11);
    EXPECT_EQ(read(fd, buf, 0), 0);
    EXPECT_EQ(write(fd, buf, 0), 0);
}

static void positioned_calls_leave_the_offset(int fd)
{
    char buf[16];

    EXPECT_EQ(lseek(fd, 3, SEEK_SET), 3);
    EXPECT_EQ(pwrite(fd, "HELLO", 5, 0), 5);
    EXPECT_EQ(pread(fd, buf, 5, 0), 5);
    EXPECT(memcmp(buf, "HELLO", 5) == 0);
    EXPECT_EQ(pread(fd, buf, sizeof(buf), 6), 5);
    EXPECT_EQ(pread(fd, buf, sizeof(buf), 11), 0);
    EXPECT_EQ(pread(fd, buf, sizeof(buf), 1 << 20), 0);
    EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 3);
    EXPECT_ERRNO(pread(fd, buf, 1, -1), EINVAL);
    EXPECT_ERRNO(pwrite(fd, buf, 1, -1), EINVAL);
}

static void holes_read_as_zeroes(int fd)
{
    char buf[ABI_PAGE];
    size_t i;
    size_t nonzero = 0;

    EXPECT_EQ(pwrite(fd, "end", 3, 3 * ABI_PAGE), 3);
    EXPECT_EQ(pread(fd, buf, sizeof(buf), ABI_PAGE), sizeof(buf));
    for (i = 0; i < sizeof(buf); i++)
        nonzero += buf[i] != 0;
    EXPECT_EQ(nonzero, 0);
    EXPECT_EQ(pread(fd, buf, sizeof(buf), 3 * ABI_PAGE), 3);
    EXPECT(memcmp(buf, "end", 3) == 0);
}

static void wrong_descriptors(int fd)
{
    char buf[4] = "abc";
    int rd = open("f", O_RDONLY);
    int wr = open("f", O_WRONLY);
    int path = open("f", O_PATH);
    int dir = open(".", O_RDONLY | O_DIRECTORY);

    EXPECT_ERRNO(read(-1, buf, 1), EBADF);
    EXPECT_ERRNO(read(12345, buf, 1), EBADF);
    EXPECT_ERRNO(write(rd, buf, 1), EBADF);
    EXPECT_ERRNO(read(wr, buf, 1), EBADF);
    EXPECT_ERRNO(read(path, buf, 1), EBADF);
    EXPECT_ERRNO(read(dir, buf, 1), EISDIR);
    EXPECT_ERRNO(write(dir, buf, 1), EBADF);
    EXPECT_ERRNO(read(fd, abi_bad_pointer(), 1), EFAULT);
    EXPECT_ERRNO(pwrite(fd, abi_bad_pointer(), 1, 0), EFAULT);
    close(rd);
    close(wr);
    close(path);
    close(dir);
}

int main(void)
{
    int fd;

    abi_dir();
    fd = open("f", O_RDWR | O_CREAT, 0600);
    EXPECT(fd >= 0);
    offsets_move(fd);
    positioned_calls_leave_the_offset(fd);
    holes_read_as_zeroes(fd);
    wrong_descriptors(fd);
    EXPECT_EQ(close(fd), 0);
    EXPECT_ERRNO(close(fd), EBADF);
    return abi_done();
}
