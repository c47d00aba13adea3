/* SPDX-License-Identifier: Apache-2.0 */
/* chmod(2), chown(2), utimensat(2) and umask(2) with their relatives, as user 0. */
#include "test/abi/abi.h"

static mode_t mode_of(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 ? st.st_mode & 07777 : (mode_t)-1;
}

static void modes(int fd)
{
    EXPECT_EQ(chmod("f", 04711), 0);
    EXPECT_EQ(mode_of("f"), 04711);
    EXPECT_EQ(fchmod(fd, 0640), 0);
    EXPECT_EQ(mode_of("f"), 0640);
    EXPECT_EQ(fchmodat(AT_FDCWD, "f", 0600, 0), 0);
    EXPECT_EQ(mode_of("f"), 0600);
    EXPECT_EQ(chmod("link", 0644), 0);
    EXPECT_EQ(mode_of("f"), 0644);
    EXPECT_EQ(mode_of("link"), 0777);
    EXPECT_ERRNO(chmod("absent", 0600), ENOENT);
    EXPECT_ERRNO(fchmod(-1, 0600), EBADF);
}

static void owners(int fd)
{
    struct stat st;

    EXPECT_EQ(chown("f", 1000, 2000), 0);
    EXPECT(fstat(fd, &st) == 0 && st.st_uid == 1000 && st.st_gid == 2000);
    EXPECT_EQ(fchown(fd, (uid_t)-1, 7), 0);
    EXPECT(fstat(fd, &st) == 0 && st.st_uid == 1000 && st.st_gid == 7);
    EXPECT_EQ(lchown("link", 5, 5), 0);
    EXPECT(fstat(fd, &st) == 0 && st.st_uid == 1000);
    EXPECT(lstat("link", &st) == 0 && st.st_uid == 5);
    EXPECT_EQ(fchownat(fd, "", 0, 0, AT_EMPTY_PATH), 0);
    EXPECT(fstat(fd, &st) == 0 && st.st_uid == 0 && st.st_gid == 0);
    EXPECT_ERRNO(chown("absent", 0, 0), ENOENT);
}

static void times(int fd)
{
    struct timespec both[2] = { { 1000, 5 }, { 2000, 7 } };
    struct timespec odd[2] = { { 0, UTIME_OMIT }, { 0, UTIME_NOW } };
    struct timespec bad[2] = { { 0, 1000000000 }, { 0, 0 } };
    struct stat st;

    EXPECT_EQ(utimensat(AT_FDCWD, "f", both, 0), 0);
    EXPECT_EQ(fstat(fd, &st), 0);
    EXPECT(st.st_atim.tv_sec == 1000 && st.st_mtim.tv_sec == 2000);
    EXPECT_EQ(futimens(fd, odd), 0);
    EXPECT_EQ(fstat(fd, &st), 0);
    EXPECT(st.st_atim.tv_sec == 1000 && st.st_mtim.tv_sec > 1000000);
    EXPECT_EQ(futimens(fd, NULL), 0);
    EXPECT(fstat(fd, &st) == 0 && st.st_atim.tv_sec > 1000000);
    EXPECT_ERRNO(futimens(fd, bad), EINVAL);
    EXPECT_ERRNO(utimensat(AT_FDCWD, "absent", both, 0), ENOENT);
    EXPECT_EQ(utimensat(AT_FDCWD, "link", both, AT_SYMLINK_NOFOLLOW), 0);
    EXPECT(fstat(fd, &st) == 0 && st.st_atim.tv_sec > 1000000);
}

static void mask(void)
{
    EXPECT_EQ(umask(0777), 022);
    EXPECT_EQ(umask(027), 0777);
    close(open("masked", O_RDWR | O_CREAT, 0666));
    EXPECT_EQ(mode_of("masked"), 0640);
    EXPECT_EQ(mkdir("maskdir", 0777), 0);
    EXPECT_EQ(mode_of("maskdir"), 0750);
    EXPECT_EQ(umask(07777), 027);
    EXPECT_EQ(umask(022), 0777);
}

int main(void)
{
    int fd;

    umask(022);
    abi_dir();
    fd = open("f", O_RDWR | O_CREAT, 0600);
    EXPECT_EQ(symlink("f", "link"), 0);
    modes(fd);
    owners(fd);
    times(fd);
    mask();
    return abi_done();
}
