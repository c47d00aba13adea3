/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Record locks of fcntl(2) and flock(2), as one process sees them: its own POSIX locks never stand
 * in its way; those of open file descriptions and of flock do, between two opens of one file.
 */
#include "test/abi/abi.h"

#include <sys/file.h>

static struct flock whole(short type)
{
    struct flock lock = { .l_type = type, .l_whence = SEEK_SET };

    return lock;
}

static void process_locks(int fd)
{
    struct flock lock = whole(F_WRLCK);

    EXPECT_EQ(fcntl(fd, F_SETLK, &lock), 0);
    EXPECT_EQ(fcntl(fd, F_SETLKW, &lock), 0);
    EXPECT_EQ(fcntl(fd, F_GETLK, &lock), 0);
    EXPECT_EQ(lock.l_type, F_UNLCK);
    lock = whole(F_UNLCK);
    EXPECT_EQ(fcntl(fd, F_SETLK, &lock), 0);
    lock = whole(99);
    EXPECT_ERRNO(fcntl(fd, F_SETLK, &lock), EINVAL);
    lock = whole(F_RDLCK);
    lock.l_whence = 99;
    EXPECT_ERRNO(fcntl(fd, F_SETLK, &lock), EINVAL);
    EXPECT_ERRNO(fcntl(fd, F_SETLK, abi_bad_pointer()), EFAULT);
    lock = whole(F_WRLCK);
    EXPECT_ERRNO(fcntl(-1, F_SETLK, &lock), EBADF);
}

static void needs_the_right_access(void)
{
    int rd = open("f", O_RDONLY);
    struct flock lock = whole(F_WRLCK);

    EXPECT_ERRNO(fcntl(rd, F_SETLK, &lock), EBADF);
    lock = whole(F_RDLCK);
    EXPECT_EQ(fcntl(rd, F_SETLK, &lock), 0);
    close(rd);
}

static void flock_between_two_opens(int a)
{
    int b = open("f", O_RDWR);

    EXPECT_EQ(flock(a, LOCK_EX), 0);
    EXPECT_ERRNO(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    EXPECT_ERRNO(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
    EXPECT_EQ(flock(a, LOCK_SH), 0);
    EXPECT_EQ(flock(b, LOCK_SH | LOCK_NB), 0);
    EXPECT_EQ(flock(b, LOCK_UN), 0);
    EXPECT_EQ(flock(a, LOCK_EX | LOCK_NB), 0);
    EXPECT_EQ(flock(a, LOCK_UN), 0);
    EXPECT_ERRNO(flock(a, 0), EINVAL);
    EXPECT_ERRNO(flock(-1, LOCK_SH), EBADF);

    /* Closing releases. */
    EXPECT_EQ(flock(b, LOCK_EX), 0);
    close(b);
    EXPECT_EQ(flock(a, LOCK_EX | LOCK_NB), 0);
    EXPECT_EQ(flock(a, LOCK_UN), 0);
}

int main(void)
{
    int fd;

    abi_dir();
    fd = open("f", O_RDWR | O_CREAT, 0600);
    EXPECT(fd >= 0);
    process_locks(fd);
    needs_the_right_access();
    flock_between_two_opens(fd);
    return abi_done();
}
