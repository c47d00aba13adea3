/* SPDX-License-Identifier: Apache-2.0 */
/* statx(2) agrees with stat(2) and checks its arguments. */
#include "test/abi/abi.h"

#include <linux/stat.h>
#include <sys/sysmacros.h>

int main(void)
{
    struct statx x;
    struct stat st;
    int fd;

    umask(0);
    abi_dir();
    abi_put("f", "12345");
    EXPECT_EQ(chmod("f", 0751), 0);
    EXPECT_EQ(symlink("f", "link"), 0);

    EXPECT_EQ(stat("f", &st), 0);
    EXPECT_EQ(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, &x), 0);
    EXPECT_EQ(x.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS);
    EXPECT_EQ(x.stx_size, 5);
    EXPECT_EQ(x.stx_mode, S_IFREG | 0751);
    EXPECT_EQ(x.stx_nlink, 1);
    EXPECT_EQ(x.stx_ino, st.st_ino);
    EXPECT_EQ(x.stx_blocks, st.st_blocks);
    EXPECT_EQ(makedev(x.stx_dev_major, x.stx_dev_minor), st.st_dev);
    EXPECT_EQ(x.stx_mtime.tv_sec, st.st_mtim.tv_sec);
    EXPECT_EQ(x.stx_mtime.tv_nsec, st.st_mtim.tv_nsec);
    EXPECT_EQ(x.stx_blksize, st.st_blksize);

    EXPECT_EQ(statx(AT_FDCWD, "link", AT_SYMLINK_NOFOLLOW, STATX_TYPE, &x), 0);
    EXPECT(S_ISLNK(x.stx_mode));
    EXPECT_EQ(statx(AT_FDCWD, "link", AT_STATX_FORCE_SYNC, STATX_TYPE, &x), 0);
    EXPECT(S_ISREG(x.stx_mode));

    fd = open("f", O_RDONLY);
    EXPECT_EQ(statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &x), 0);
    EXPECT_EQ(x.stx_size, 5);
    EXPECT_ERRNO(statx(fd, "", 0, STATX_SIZE, &x), ENOENT);
    EXPECT_ERRNO(statx(fd, "x", 0, STATX_SIZE, &x), ENOTDIR);
    EXPECT_ERRNO(statx(-1, "", AT_EMPTY_PATH, STATX_SIZE, &x), EBADF);
    EXPECT_ERRNO(statx(AT_FDCWD, "absent", 0, STATX_SIZE, &x), ENOENT);
    EXPECT_ERRNO(statx(AT_FDCWD, "f", 0x40000000, STATX_SIZE, &x), EINVAL);
    EXPECT_ERRNO(statx(AT_FDCWD, "f", AT_STATX_SYNC_TYPE, STATX_SIZE, &x), EINVAL);
    EXPECT_ERRNO(statx(AT_FDCWD, "f", 0, 0x80000000, &x), EINVAL);
    EXPECT_ERRNO(statx(AT_FDCWD, "f", 0, STATX_SIZE, abi_bad_pointer()), EFAULT);
    return abi_done();
}
