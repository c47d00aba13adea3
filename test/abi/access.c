/* SPDX-License-Identifier: Apache-2.0 */
/* access(2), faccessat(2) and faccessat2(2), as user 0. */
#include "test/abi/abi.h"

int main(void)
{
    int dir;

    abi_dir();
    abi_put("f", "x");
    EXPECT_EQ(access("f", F_OK), 0);
    EXPECT_EQ(access("f", R_OK | W_OK), 0);

    /* User 0 may read and write anything, but execute only what somebody may execute. */
    EXPECT_EQ(chmod("f", 0), 0);
    EXPECT_EQ(access("f", R_OK | W_OK), 0);
    EXPECT_ERRNO(access("f", X_OK), EACCES);
    EXPECT_EQ(chmod("f", 0100), 0);
    EXPECT_EQ(access("f", X_OK), 0);
    EXPECT_EQ(access(".", R_OK | W_OK | X_OK), 0);

    EXPECT_ERRNO(access("absent", F_OK), ENOENT);
    EXPECT_ERRNO(access("f/x", F_OK), ENOTDIR);
    EXPECT_ERRNO(access("f", 0x100), EINVAL);
    EXPECT_ERRNO(access("", F_OK), ENOENT);
    EXPECT_ERRNO(access(abi_bad_pointer(), F_OK), EFAULT);

    dir = open(".", O_RDONLY | O_DIRECTORY);
    EXPECT_EQ(faccessat(dir, "f", R_OK, 0), 0);
    EXPECT_EQ(faccessat(dir, "f", R_OK, AT_EACCESS), 0);
    EXPECT_EQ(symlink("absent", "dangling"), 0);
    EXPECT_ERRNO(faccessat(dir, "dangling", F_OK, 0), ENOENT);
    EXPECT_EQ(faccessat(dir, "dangling", F_OK, AT_SYMLINK_NOFOLLOW), 0);
    EXPECT_ERRNO(syscall(SYS_faccessat2, dir, "f", R_OK, 0x40000000), EINVAL);
    EXPECT_ERRNO(syscall(SYS_faccessat2, -1, "f", R_OK, 0), EBADF);
    return abi_done();
}
