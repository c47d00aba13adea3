/* SPDX-License-Identifier: Apache-2.0 */
/* chdir(2), fchdir(2) and getcwd(2). */
#include "test/abi/abi.h"

#include <limits.h>

int main(void)
{
    const char *top = abi_dir();
    char cwd[PATH_MAX];
    char wanted[PATH_MAX];
    char proc[PATH_MAX] = "";
    int fd;
    int file;

    EXPECT_EQ(mkdir("a", 0700), 0);
    EXPECT_EQ(mkdir("a/b", 0700), 0);
    EXPECT_EQ(symlink("a/b", "link"), 0);
    abi_put("f", "x");

    EXPECT(getcwd(cwd, sizeof(cwd)) && strcmp(cwd, top) == 0);
    EXPECT_EQ(chdir("link"), 0);
    snprintf(wanted, sizeof(wanted), "%s/a/b", top);
    EXPECT(getcwd(cwd, sizeof(cwd)) && strcmp(cwd, wanted) == 0);
    EXPECT_EQ(syscall(SYS_getcwd, cwd, sizeof(cwd)), (long)strlen(wanted) + 1);
    EXPECT(readlink("/proc/self/cwd", proc, sizeof(proc) - 1) > 0);
    EXPECT(strcmp(proc, wanted) == 0);
    EXPECT_EQ(access("../../f", F_OK), 0);
    EXPECT_ERRNO(syscall(SYS_getcwd, cwd, strlen(wanted)), ERANGE);
    EXPECT_ERRNO(syscall(SYS_getcwd, abi_bad_pointer(), sizeof(cwd)), EFAULT);

    fd = open(top, O_RDONLY | O_DIRECTORY);
    file = open("../../f", O_RDONLY);
    EXPECT_EQ(fchdir(fd), 0);
    EXPECT(getcwd(cwd, sizeof(cwd)) && strcmp(cwd, top) == 0);
    EXPECT_ERRNO(fchdir(file), ENOTDIR);
    EXPECT_ERRNO(fchdir(-1), EBADF);
    EXPECT_ERRNO(chdir("f"), ENOTDIR);
    EXPECT_ERRNO(chdir("absent"), ENOENT);
    EXPECT_ERRNO(chdir(""), ENOENT);
    EXPECT_ERRNO(chdir(abi_bad_pointer()), EFAULT);

    /* Above the root is the root. */
    EXPECT_EQ(chdir("/../.."), 0);
    EXPECT(getcwd(cwd, sizeof(cwd)) && strcmp(cwd, "/") == 0);

    /* The working directory may go away. */
    EXPECT_EQ(fchdir(fd), 0);
    EXPECT_EQ(chdir("a/b"), 0);
    EXPECT_EQ(rmdir("../b"), 0);
    EXPECT_ERRNO(syscall(SYS_getcwd, cwd, sizeof(cwd)), ENOENT);
    EXPECT_ERRNO(open("x", O_RDWR | O_CREAT, 0600), ENOENT);
    EXPECT_EQ(chdir(top), 0);
    return abi_done();
}
