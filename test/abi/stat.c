/* SPDX-License-Identifier: Apache-2.0 */
/* stat(2), lstat(2), fstat(2): kinds, sizes, links, identity and times. */
#include "test/abi/abi.h"

#include <sys/socket.h>
#include <sys/sysmacros.h>

static mode_t kind(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? st.st_mode & S_IFMT : 0;
}

static mode_t fd_kind(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 ? st.st_mode & S_IFMT : 0;
}

static void kinds(void)
{
    struct stat st;
    int fds[2];

    EXPECT_EQ(kind("/"), S_IFDIR);
    EXPECT_EQ(kind("/tmp"), S_IFDIR);
    EXPECT_EQ(kind("/dev/null"), S_IFCHR);
    EXPECT_EQ(kind("/proc/self/stat"), S_IFREG);
    EXPECT_EQ(stat("/dev/null", &st), 0);
    EXPECT(major(st.st_rdev) == 1 && minor(st.st_rdev) == 3);
    EXPECT_EQ(lstat("/proc/self", &st), 0);
    EXPECT(S_ISLNK(st.st_mode));
    EXPECT_EQ(pipe(fds), 0);
    EXPECT_EQ(fd_kind(fds[0]), S_IFIFO);
    close(fds[0]);
    close(fds[1]);
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    EXPECT_EQ(fd_kind(fds[0]), S_IFSOCK);
    close(fds[0]);
    close(fds[1]);
}

static void size_follows_writes(void)
{
    struct stat a;
    struct stat b;
    int fd = open("f", O_RDWR | O_CREAT, 0600);

    EXPECT_EQ(fstat(fd, &a), 0);
    EXPECT_EQ(a.st_size, 0);
    EXPECT_EQ(a.st_nlink, 1);
    EXPECT_EQ(a.st_uid, getuid());
    EXPECT(a.st_ino != 0 && a.st_blksize > 0);
    EXPECT_EQ(pwrite(fd, "x", 1, 9999), 1);
    EXPECT_EQ(stat("f", &b), 0);
    EXPECT_EQ(b.st_size, 10000);
    EXPECT(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
    EXPECT(b.st_blocks >= 0 && b.st_blocks <= 1024);
    close(fd);

    EXPECT_EQ(link("f", "g"), 0);
    EXPECT_EQ(stat("g", &b), 0);
    EXPECT(b.st_ino == a.st_ino && b.st_nlink == 2);
    abi_put("h", "");
    EXPECT_EQ(stat("h", &b), 0);
    EXPECT(b.st_ino != a.st_ino);
}

static void times_follow_writes(void)
{
    struct stat a;
    struct stat b;
    int64_t now = abi_ns(CLOCK_REALTIME) / 1000000000;
    int fd = open("t", O_RDWR | O_CREAT, 0600);

    EXPECT_EQ(fstat(fd, &a), 0);
    EXPECT(a.st_mtime >= now - 5 && a.st_mtime <= now + 60);
    abi_sleep_ms(50);
    EXPECT_EQ(write(fd, "x", 1), 1);
    EXPECT_EQ(fstat(fd, &b), 0);
    EXPECT(b.st_mtim.tv_sec > a.st_mtim.tv_sec || b.st_mtim.tv_nsec != a.st_mtim.tv_nsec);
    EXPECT(b.st_ctim.tv_sec > a.st_ctim.tv_sec || b.st_ctim.tv_nsec != a.st_ctim.tv_nsec);
    close(fd);
}

static void links_and_errors(void)
{
    struct stat st;

    EXPECT_EQ(symlink("f", "link"), 0);
    EXPECT_EQ(lstat("link", &st), 0);
    EXPECT(S_ISLNK(st.st_mode) && st.st_size == 1);
    EXPECT_EQ(stat("link", &st), 0);
    EXPECT(S_ISREG(st.st_mode));
    EXPECT_ERRNO(stat("absent", &st), ENOENT);
    EXPECT_ERRNO(stat("", &st), ENOENT);
    EXPECT_ERRNO(stat("f/x", &st), ENOTDIR);
    EXPECT_ERRNO(stat("f", abi_bad_pointer()), EFAULT);
    EXPECT_ERRNO(stat(abi_bad_pointer(), &st), EFAULT);
    EXPECT_ERRNO(fstat(-1, &st), EBADF);
}

int main(void)
{
    abi_dir();
    kinds();
    size_follows_writes();
    times_follow_writes();
    links_and_errors();
    return abi_done();
}
