/* SPDX-License-Identifier: Apache-2.0 */
/* rename(2) and renameat2(2). */
#include "test/abi/abi.h"

static void files(void)
{
    struct stat a;
    struct stat b;
    int open_fd;

    abi_put("a", "A");
    abi_put("b", "B");
    EXPECT_EQ(stat("a", &a), 0);
    open_fd = open("b", O_RDONLY);
    EXPECT_EQ(rename("a", "b"), 0);
    EXPECT_ERRNO(stat("a", &b), ENOENT);
    EXPECT(stat("b", &b) == 0 && b.st_ino == a.st_ino);
    EXPECT(abi_holds("b", "A"));

    /* The replaced file lives on for whoever has it open. */
    EXPECT(fstat(open_fd, &b) == 0 && b.st_nlink == 0 && b.st_size == 1);
    close(open_fd);

    EXPECT_EQ(rename("b", "b"), 0);
    EXPECT_EQ(link("b", "b2"), 0);
    EXPECT_EQ(rename("b", "b2"), 0);
    EXPECT_EQ(access("b", F_OK), 0);
    EXPECT_EQ(unlink("b2"), 0);
}

static void directories(void)
{
    EXPECT_EQ(mkdir("d", 0700), 0);
    EXPECT_EQ(mkdir("d/sub", 0700), 0);
    EXPECT_EQ(mkdir("empty", 0700), 0);
    abi_put("d/f", "x");
    EXPECT_ERRNO(rename("d", "d/sub/inside"), EINVAL);
    EXPECT_ERRNO(rename("empty", "d"), ENOTEMPTY);
    EXPECT_ERRNO(rename("d", "b"), ENOTDIR);
    EXPECT_ERRNO(rename("b", "d"), EISDIR);
    EXPECT_EQ(rename("d", "empty"), 0);
    EXPECT(abi_holds("empty/f", "x"));
    EXPECT_EQ(rename("empty/sub", "moved"), 0);
    EXPECT_EQ(chdir("moved"), 0);
    EXPECT_EQ(access("../empty/f", F_OK), 0);
    EXPECT_EQ(chdir(".."), 0);
    EXPECT_EQ(rename("empty/f", "f"), 0);
    EXPECT_EQ(rmdir("empty"), 0);
}

static void links(void)
{
    EXPECT_EQ(symlink("f", "link"), 0);
    EXPECT_EQ(rename("link", "link2"), 0);
    EXPECT(abi_holds("link2", "x"));
    EXPECT_EQ(rename("f", "link2"), 0);
    EXPECT(abi_holds("link2", "x"));
    EXPECT_ERRNO(readlink("link2", (char[8]){ 0 }, 8), EINVAL);
}

static void flagged(void)
{
    abi_put("one", "1");
    abi_put("two", "2");
    EXPECT_ERRNO(renameat2(AT_FDCWD, "one", AT_FDCWD, "two", RENAME_NOREPLACE), EEXIST);
    EXPECT_EQ(renameat2(AT_FDCWD, "one", AT_FDCWD, "three", RENAME_NOREPLACE), 0);
    EXPECT_EQ(renameat2(AT_FDCWD, "two", AT_FDCWD, "three", RENAME_EXCHANGE), 0);
    EXPECT(abi_holds("two", "1") && abi_holds("three", "2"));
    EXPECT_ERRNO(renameat2(AT_FDCWD, "two", AT_FDCWD, "absent", RENAME_EXCHANGE), ENOENT);
    EXPECT_ERRNO(renameat2(AT_FDCWD, "two", AT_FDCWD, "three", RENAME_EXCHANGE | RENAME_NOREPLACE),
                 EINVAL);
    EXPECT_ERRNO(renameat2(AT_FDCWD, "two", AT_FDCWD, "three", 0x100), EINVAL);
}

int main(void)
{
    abi_dir();
    files();
    directories();
    links();
    flagged();
    EXPECT_ERRNO(rename("absent", "x"), ENOENT);
    EXPECT_ERRNO(rename("b", "absent/x"), ENOENT);
    EXPECT_ERRNO(rename("b", "two/x"), ENOTDIR);
    EXPECT_ERRNO(rename("b", ""), ENOENT);
    EXPECT_ERRNO(rename("b", "."), EBUSY);
    EXPECT_ERRNO(rename("b", "/proc/x"), EXDEV);
    EXPECT_ERRNO(rename(abi_bad_pointer(), "x"), EFAULT);
    return abi_done();
}
