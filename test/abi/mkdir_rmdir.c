/* SPDX-License-Identifier: Apache-2.0 */
/* mkdir(2) and rmdir(2). */
#include "test/abi/abi.h"

#include <limits.h>

int main(void)
{
    struct stat st;
    nlink_t before;
    char name[NAME_MAX + 2];

    umask(022);
    abi_dir();
    EXPECT_EQ(mkdir("d", 0777), 0);
    EXPECT_EQ(stat("d", &st), 0);
    EXPECT_EQ(st.st_mode, S_IFDIR | 0755);
    EXPECT(st.st_nlink >= 1);
    before = st.st_nlink;
    EXPECT_EQ(mkdir("d/e/", 0700), 0);
    EXPECT_EQ(stat("d", &st), 0);
    EXPECT(st.st_nlink == before || st.st_nlink == before + 1);

    EXPECT_ERRNO(mkdir("d", 0700), EEXIST);
    EXPECT_ERRNO(mkdir("/", 0700), EEXIST);
    EXPECT_ERRNO(mkdir(".", 0700), EEXIST);
    EXPECT_ERRNO(mkdir("x/y", 0700), ENOENT);
    EXPECT_ERRNO(mkdir("", 0700), ENOENT);
    EXPECT_ERRNO(mkdir(abi_bad_pointer(), 0700), EFAULT);
    abi_put("f", "x");
    EXPECT_ERRNO(mkdir("f", 0700), EEXIST);
    EXPECT_ERRNO(mkdir("f/d", 0700), ENOTDIR);
    EXPECT_EQ(symlink("nowhere", "dangling"), 0);
    EXPECT_ERRNO(mkdir("dangling", 0700), EEXIST);
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    EXPECT_ERRNO(mkdir(name, 0700), ENAMETOOLONG);

    EXPECT_ERRNO(rmdir("d"), ENOTEMPTY);
    EXPECT_ERRNO(rmdir("d/e/."), EINVAL);
    EXPECT_ERRNO(rmdir("d/e/.."), ENOTEMPTY);
    EXPECT_ERRNO(rmdir("f"), ENOTDIR);
    EXPECT_ERRNO(rmdir("dangling"), ENOTDIR);
    EXPECT_ERRNO(rmdir("absent"), ENOENT);
    EXPECT_ERRNO(rmdir("/"), EBUSY);
    EXPECT_EQ(rmdir("d/e/"), 0);
    EXPECT_EQ(rmdir("d"), 0);
    EXPECT_ERRNO(stat("d", &st), ENOENT);
    return abi_done();
}
