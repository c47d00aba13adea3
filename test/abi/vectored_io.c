/* SPDX-License-Identifier: Apache-2.0 */
/* readv(2), writev(2), preadv(2), pwritev(2) and their flagged forms. */
#include "test/abi/abi.h"

#include <limits.h>
#include <sys/uio.h>

static void gather_and_scatter(int fd)
{
    char a[] = "one ";
    char b[] = "two ";
    char c[] = "three";
    char x[6] = "";
    char y[16] = "";
    struct iovec out[] = { { a, 4 }, { NULL, 0 }, { b, 4 }, { c, 5 } };
    struct iovec in[] = { { x, 5 }, { y, 15 } };

    EXPECT_EQ(writev(fd, out, 4), 13);
    EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
    EXPECT_EQ(readv(fd, in, 2), 13);
    EXPECT(strcmp(x, "one t") == 0);
    EXPECT(strcmp(y, "wo three") == 0);
    EXPECT_EQ(readv(fd, in, 2), 0);
    EXPECT_EQ(writev(fd, out, 0), 0);
}

static void positioned(int fd)
{
    char a[4] = "";
    char b[4] = "";
    char w[] = "THREE";
    struct iovec in[] = { { a, 3 }, { b, 3 } };
    struct iovec out[] = { { w, 5 } };

    EXPECT_EQ(lseek(fd, 1, SEEK_SET), 1);
    EXPECT_EQ(pwritev(fd, out, 1, 8), 5);
    EXPECT_EQ(preadv(fd, in, 2, 7), 6);
    EXPECT(strcmp(a, " TH") == 0 && strcmp(b, "REE") == 0);
    EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 1);
    EXPECT_ERRNO(preadv(fd, in, 2, -1), EINVAL);

    /* The second forms take -1 as "the file's own offset". */
    EXPECT_EQ(preadv2(fd, in, 1, -1, 0), 3);
    EXPECT(strcmp(a, "ne ") == 0);
    EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 4);
    EXPECT_EQ(pwritev2(fd, out, 1, 0, 0), 5);
    EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 4);
    EXPECT_ERRNO(preadv2(fd, in, 1, 0, 0x40000000), EOPNOTSUPP);
}

static void bad_vectors(int fd)
{
    char a[4];
    static struct iovec many[IOV_MAX + 1];
    volatile int minus = -1; /* Unknown to the compiler, which would refuse it. */
    struct iovec half[] = { { a, 2 }, { abi_bad_pointer(), 2 } };
    struct iovec huge[] = { { a, SSIZE_MAX }, { a, SSIZE_MAX } };
    struct iovec negative[] = { { a, (size_t)-1 } };

    EXPECT_ERRNO(writev(fd, many, IOV_MAX + 1), EINVAL);
    EXPECT_EQ(writev(fd, many, IOV_MAX), 0);
    EXPECT_ERRNO(writev(fd, many, minus), EINVAL);
    EXPECT_ERRNO(readv(fd, negative, 1), EINVAL);
    EXPECT_ERRNO(writev(fd, huge, minus), EINVAL);
    EXPECT_ERRNO(writev(fd, abi_bad_pointer(), 1), EFAULT);
    EXPECT_ERRNO(writev(-1, many, 1), EBADF);

    /* What was moved before the fault counts. */
    EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
    EXPECT_EQ(readv(fd, half, 2), 2);
}

int main(void)
{
    int fd;

    abi_dir();
    fd = open("f", O_RDWR | O_CREAT, 0600);
    EXPECT(fd >= 0);
    gather_and_scatter(fd);
    positioned(fd);
    bad_vectors(fd);
    return abi_done();
}
