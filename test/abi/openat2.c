/* SPDX-License-Identifier: Apache-2.0 */
/* openat2(2): what a walk may not do, and what the call refuses. */
#include "test/abi/abi.h"

#include <linux/openat2.h>

static int open2(int dirfd, const char *path, uint64_t flags, uint64_t resolve)
{
    struct open_how how = { .flags = flags, .resolve = resolve };

    return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

/* 0, or the error number. */
static int try_open(int dirfd, const char *path, uint64_t resolve)
{
    int fd = open2(dirfd, path, O_RDONLY, resolve);

    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static void make_tree(void)
{
    EXPECT_EQ(mkdir("top", 0755), 0);
    EXPECT_EQ(mkdir("top/in", 0755), 0);
    abi_put("outside", "x");
    abi_put("top/file", "x");
    abi_put("top/in/deep", "x");
    EXPECT_EQ(symlink("file", "top/plain"), 0);
    EXPECT_EQ(symlink("../outside", "top/out"), 0);
    EXPECT_EQ(symlink("/file", "top/absolute"), 0);
    EXPECT_EQ(symlink("in", "top/dir"), 0);
    EXPECT_EQ(symlink("../../../file", "top/in/far"), 0);
}

/* Each way to resolve, from a descriptor of `top`. */
static void ways(void)
{
    static const struct {
        const char *path;
        int beneath;
        int in_root;
        int no_symlinks;
    } rows[] = {
        { "file", 0, 0, 0 },
        { "in/deep", 0, 0, 0 },
        { "in/../file", 0, 0, 0 },
        { ".", 0, 0, 0 },
        { "..", EXDEV, 0, 0 },
        { "../outside", EXDEV, ENOENT, 0 },
        { "in/../../top/file", EXDEV, ENOENT, 0 },
        { "in/../../file", EXDEV, 0, ENOENT },
        { "/file", EXDEV, 0, ENOENT },
        { "/in/deep", EXDEV, 0, ENOENT },
        { "plain", 0, 0, ELOOP },
        { "dir/deep", 0, 0, ELOOP },
        { "out", EXDEV, ENOENT, ELOOP },
        { "absolute", EXDEV, 0, ELOOP },
        { "in/far", EXDEV, 0, ELOOP },
        { "absent", ENOENT, ENOENT, ENOENT },
    };
    int top = open("top", O_PATH | O_DIRECTORY);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        EXPECT_EQ(try_open(top, rows[i].path, RESOLVE_BENEATH), rows[i].beneath);
        EXPECT_EQ(try_open(top, rows[i].path, RESOLVE_IN_ROOT), rows[i].in_root);
        EXPECT_EQ(try_open(top, rows[i].path, RESOLVE_NO_SYMLINKS), rows[i].no_symlinks);
    }
    EXPECT_EQ(try_open(top, "plain", RESOLVE_NO_MAGICLINKS), 0);
    close(top);
}

static void magic_links(void)
{
    char path[64];
    int fds[2];
    int top = open("top", O_PATH | O_DIRECTORY);
    int proc = open("/proc/self", O_PATH | O_DIRECTORY);

    EXPECT_EQ(pipe(fds), 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", top);
    EXPECT_EQ(try_open(AT_FDCWD, path, 0), 0);
    EXPECT_EQ(try_open(AT_FDCWD, path, RESOLVE_NO_MAGICLINKS), ELOOP);
    snprintf(path, sizeof(path), "/proc/self/fd/%d/file", top);
    EXPECT_EQ(try_open(AT_FDCWD, path, RESOLVE_NO_MAGICLINKS), ELOOP);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
    EXPECT_EQ(try_open(AT_FDCWD, path, 0), 0);
    EXPECT_EQ(try_open(AT_FDCWD, path, RESOLVE_NO_MAGICLINKS), ELOOP);
    EXPECT_EQ(try_open(AT_FDCWD, path, RESOLVE_NO_SYMLINKS), ELOOP);
    EXPECT_EQ(try_open(AT_FDCWD, "/proc/self/exe", RESOLVE_NO_MAGICLINKS), ELOOP);
    EXPECT_EQ(try_open(AT_FDCWD, "/proc/self/cwd", RESOLVE_NO_MAGICLINKS), ELOOP);
    EXPECT_EQ(try_open(AT_FDCWD, "/proc/self/stat", RESOLVE_NO_MAGICLINKS), 0);
    EXPECT_EQ(try_open(AT_FDCWD, "/proc/self/stat", RESOLVE_NO_SYMLINKS), ELOOP);
    EXPECT_EQ(try_open(proc, "exe", RESOLVE_BENEATH), EXDEV);
    EXPECT_EQ(try_open(proc, "exe", RESOLVE_IN_ROOT), EXDEV);
    EXPECT_EQ(try_open(proc, "exe", RESOLVE_NO_XDEV), EXDEV);
    EXPECT_EQ(try_open(proc, "stat", RESOLVE_NO_XDEV | RESOLVE_BENEATH), 0);
    close(fds[0]);
    close(fds[1]);
    close(proc);
    close(top);
}

static void mounts(void)
{
    int root = open("/", O_PATH | O_DIRECTORY);

    EXPECT_EQ(try_open(root, ".", RESOLVE_NO_XDEV), 0);
    EXPECT_EQ(try_open(root, "proc", RESOLVE_NO_XDEV), EXDEV);
    EXPECT_EQ(try_open(root, "proc/version", RESOLVE_NO_XDEV), EXDEV);
    EXPECT_EQ(try_open(root, "proc/version", RESOLVE_BENEATH), 0);
    EXPECT_EQ(try_open(root, "proc/..", RESOLVE_NO_XDEV), EXDEV);
    EXPECT_EQ(try_open(root, "proc/../proc/version", RESOLVE_BENEATH), 0);
    close(root);
}

static void refused(void)
{
    struct {
        struct open_how how;
        uint64_t more;
    } larger = { .how = { .flags = O_RDONLY } };
    struct open_how how = { .flags = O_RDONLY };
    long fd;

    EXPECT_ERRNO(open2(AT_FDCWD, "top", O_RDONLY, 0x1000), EINVAL);
    EXPECT_ERRNO(open2(AT_FDCWD, "top", O_RDONLY, RESOLVE_BENEATH | RESOLVE_IN_ROOT), EINVAL);
    EXPECT_ERRNO(open2(AT_FDCWD, "top", 1ull << 40, 0), EINVAL);
    EXPECT_ERRNO(open2(AT_FDCWD, "top", O_PATH | O_RDWR, 0), EINVAL);
    how.mode = 0600;
    EXPECT_ERRNO(syscall(SYS_openat2, AT_FDCWD, "top", &how, sizeof(how)), EINVAL);
    how.mode = 0;
    EXPECT_ERRNO(syscall(SYS_openat2, AT_FDCWD, "top", &how, 8), EINVAL);
    EXPECT_ERRNO(syscall(SYS_openat2, AT_FDCWD, "top", abi_bad_pointer(), sizeof(how)), EFAULT);
    fd = syscall(SYS_openat2, AT_FDCWD, "top", &larger, sizeof(larger));
    EXPECT(fd >= 0);
    close((int)fd);
    larger.more = 1;
    EXPECT_ERRNO(syscall(SYS_openat2, AT_FDCWD, "top", &larger, sizeof(larger)), E2BIG);
    EXPECT_ERRNO(open2(AT_FDCWD, "top/plain", O_RDONLY | O_NOFOLLOW, 0), ELOOP);
    fd = open2(AT_FDCWD, "top/plain", O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS);
    EXPECT(fd >= 0);
    close((int)fd);
}

static void creates(void)
{
    struct open_how how = { .flags = O_CREAT | O_RDWR, .mode = 0640, .resolve = RESOLVE_IN_ROOT };
    int top = open("top", O_PATH | O_DIRECTORY);
    long fd = syscall(SYS_openat2, top, "/in/../new", &how, sizeof(how));

    EXPECT(fd >= 0);
    EXPECT_EQ(access("top/new", F_OK), 0);
    close((int)fd);
    close(top);
}

int main(void)
{
    abi_dir();
    make_tree();
    ways();
    magic_links();
    mounts();
    refused();
    creates();
    return abi_done();
}
