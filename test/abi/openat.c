/* SPDX-License-Identifier: Apache-2.0 */
/* openat(2) and the other calls that start at a directory's descriptor. */
#include "test/abi/abi.h"

int main(void)
{
    struct stat st;
    char target[16];
    int dir;
    int file;
    int fd;

    abi_dir();
    EXPECT_EQ(mkdirat(AT_FDCWD, "d", 0755), 0);
    dir = open("d", O_RDONLY | O_DIRECTORY);
    EXPECT(dir >= 0);

    file = openat(dir, "f", O_RDWR | O_CREAT, 0600);
    EXPECT(file >= 0);
    EXPECT_EQ(write(file, "inside", 6), 6);
    EXPECT(abi_holds("d/f", "inside"));
    fd = openat(dir, "../d/f", O_RDONLY);
    EXPECT(fd >= 0);
    close(fd);
    fd = openat(dir, "/", O_RDONLY);
    EXPECT(fd >= 0);
    close(fd);
    fd = openat(-1, "/dev/null", O_RDONLY);
    EXPECT(fd >= 0);
    close(fd);

    EXPECT_ERRNO(openat(dir, "absent", O_RDONLY), ENOENT);
    EXPECT_ERRNO(openat(file, "x", O_RDONLY), ENOTDIR);
    EXPECT_ERRNO(openat(-1, "x", O_RDONLY), EBADF);
    EXPECT_ERRNO(openat(9999, "x", O_RDONLY), EBADF);

    EXPECT_EQ(mkdirat(dir, "sub", 0700), 0);
    EXPECT_EQ(symlinkat("f", dir, "link"), 0);
    EXPECT_EQ(readlinkat(dir, "link", target, sizeof(target)), 1);
    EXPECT_EQ(fstatat(dir, "link", &st, AT_SYMLINK_NOFOLLOW), 0);
    EXPECT(S_ISLNK(st.st_mode));
    EXPECT_EQ(fstatat(dir, "link", &st, 0), 0);
    EXPECT(S_ISREG(st.st_mode) && st.st_size == 6);
    EXPECT_EQ(fstatat(file, "", &st, AT_EMPTY_PATH), 0);
    EXPECT_EQ(st.st_size, 6);
    EXPECT_ERRNO(fstatat(file, "", &st, 0), ENOENT);
    EXPECT_ERRNO(fstatat(dir, "f", &st, 0x40000000), EINVAL);

    EXPECT_EQ(linkat(dir, "f", AT_FDCWD, "outside", 0), 0);
    EXPECT_EQ(renameat(dir, "f", dir, "g"), 0);
    EXPECT_EQ(faccessat(dir, "g", R_OK, 0), 0);
    EXPECT_ERRNO(unlinkat(dir, "sub", 0), EISDIR);
    EXPECT_ERRNO(unlinkat(dir, "g", AT_REMOVEDIR), ENOTDIR);
    EXPECT_EQ(unlinkat(dir, "sub", AT_REMOVEDIR), 0);
    EXPECT_EQ(unlinkat(dir, "g", 0), 0);
    EXPECT(abi_holds("outside", "inside"));

    /* A directory that was removed while open stays a directory, but nothing can be made in it. */
    EXPECT_EQ(unlink("d/link"), 0);
    EXPECT_EQ(rmdir("d"), 0);
    EXPECT_ERRNO(openat(dir, "new", O_RDWR | O_CREAT, 0600), ENOENT);
    EXPECT(fstat(dir, &st) == 0 && S_ISDIR(st.st_mode));
    return abi_done();
}
