/* SPDX-License-Identifier: Apache-2.0 */
/* open(2): each flag, and each error that a path can meet. */
#include "test/abi/abi.h"

#include <limits.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/xattr.h>

static void creation(void)
{
    struct stat st;
    int fd = open("new", O_RDWR | O_CREAT | O_EXCL, 0640);

    EXPECT(fd >= 0);
    EXPECT_EQ(fstat(fd, &st), 0);
    EXPECT_EQ(st.st_mode, S_IFREG | 0640);
    EXPECT_EQ(st.st_size, 0);
    close(fd);
    EXPECT_ERRNO(open("new", O_RDWR | O_CREAT | O_EXCL, 0640), EEXIST);
    fd = open("new", O_RDWR | O_CREAT, 0600);
    EXPECT(fd >= 0);
    EXPECT_EQ(write(fd, "12345", 5), 5);
    close(fd);
    EXPECT(stat("new", &st) == 0 && st.st_mode == (S_IFREG | 0640));

    fd = open("new", O_WRONLY | O_TRUNC);
    EXPECT(fd >= 0);
    EXPECT(fstat(fd, &st) == 0 && st.st_size == 0);
    close(fd);
}

static void append_always_writes_at_the_end(void)
{
    int fd = open("log", O_WRONLY | O_CREAT | O_APPEND, 0600);

    EXPECT(fd >= 0);
    EXPECT_EQ(write(fd, "aaa", 3), 3);
    EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
    EXPECT_EQ(write(fd, "bbb", 3), 3);
    EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 6);
    EXPECT(fcntl(fd, F_GETFL) & O_APPEND);
    close(fd);
    EXPECT(abi_holds("log", "aaabbb"));
}

static void directories_and_links(void)
{
    int fd;

    EXPECT_EQ(mkdir("dir", 0755), 0);
    EXPECT_EQ(symlink("new", "link"), 0);
    EXPECT_EQ(symlink("nowhere", "dangling"), 0);
    EXPECT_EQ(symlink("loop2", "loop1"), 0);
    EXPECT_EQ(symlink("loop1", "loop2"), 0);
    fd = open("dir", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    EXPECT(fd >= 0);
    EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    close(fd);
    EXPECT_ERRNO(open("new", O_RDONLY | O_DIRECTORY), ENOTDIR);
    EXPECT_ERRNO(open("dir", O_WRONLY), EISDIR);
    EXPECT_ERRNO(open("dir", O_RDWR | O_CREAT, 0600), EISDIR);
    EXPECT_ERRNO(open("link", O_RDONLY | O_NOFOLLOW), ELOOP);
    EXPECT_ERRNO(open("loop1", O_RDONLY), ELOOP);
    EXPECT_ERRNO(open("dangling", O_RDONLY), ENOENT);
    EXPECT_ERRNO(open("dangling", O_WRONLY | O_CREAT | O_EXCL, 0600), EEXIST);
    fd = open("dangling", O_WRONLY | O_CREAT, 0600);
    EXPECT(fd >= 0);
    close(fd);
    EXPECT_EQ(access("nowhere", F_OK), 0);
    fd = open("link", O_PATH | O_NOFOLLOW);
    EXPECT(fd >= 0);
    close(fd);
}

/* O_PATH gives a name to pass on: what would do something with the file is refused. */
static void only_a_name(void)
{
    struct stat st;
    char bytes[64];
    int fd = open("dir", O_PATH);

    EXPECT(fd >= 0);
    EXPECT_EQ(fstat(fd, &st), 0);
    EXPECT(fcntl(fd, F_GETFL) & O_PATH);
    EXPECT_EQ(dup2(fd, fd), fd);
    EXPECT_ERRNO(read(fd, bytes, 1), EBADF);
    EXPECT_ERRNO(write(fd, bytes, 1), EBADF);
    EXPECT_ERRNO(lseek(fd, 0, SEEK_SET), EBADF);
    EXPECT_ERRNO(syscall(SYS_getdents64, fd, bytes, sizeof(bytes)), EBADF);
    EXPECT_ERRNO(ftruncate(fd, 0), EBADF);
    EXPECT_ERRNO(fallocate(fd, 0, 0, 1), EBADF);
    EXPECT_ERRNO(fsync(fd), EBADF);
    EXPECT_ERRNO(syncfs(fd), EBADF);
    EXPECT_ERRNO(fchmod(fd, 0700), EBADF);
    EXPECT_ERRNO(flock(fd, LOCK_SH), EBADF);
    EXPECT_ERRNO(ioctl(fd, FIOCLEX), EBADF);
    EXPECT_ERRNO(listen(fd, 1), EBADF);
    EXPECT_ERRNO(fgetxattr(fd, "user.none", bytes, sizeof(bytes)), EBADF);
    EXPECT(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == EBADF);
    close(fd);
    EXPECT_ERRNO(dup2(fd, fd), EBADF);
}

static void bad_paths(void)
{
    char name[NAME_MAX + 2];
    static char path[PATH_MAX + 1];

    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    memset(path, '/', sizeof(path) - 1);
    EXPECT_ERRNO(open("", O_RDONLY), ENOENT);
    EXPECT_ERRNO(open("absent", O_RDONLY), ENOENT);
    EXPECT_ERRNO(open("absent/new", O_RDWR | O_CREAT, 0600), ENOENT);
    EXPECT_ERRNO(open("new/x", O_RDONLY), ENOTDIR);
    EXPECT_ERRNO(open("new/", O_RDONLY), ENOTDIR);
    EXPECT_ERRNO(open("absent/", O_RDWR | O_CREAT, 0600), EISDIR);
    EXPECT_ERRNO(open(name, O_RDWR | O_CREAT, 0600), ENAMETOOLONG);
    EXPECT_ERRNO(open(path, O_RDONLY), ENAMETOOLONG);
    EXPECT_ERRNO(open(abi_bad_pointer(), O_RDONLY), EFAULT);
    name[NAME_MAX] = '\0';
    EXPECT_ERRNO(open(name, O_RDONLY), ENOENT);
    EXPECT_EQ(close(open("dir/..///./dir/../new", O_RDONLY)), 0);
}

static void temporary_file_without_a_name(void)
{
    struct stat st;
    int fd = open(".", O_TMPFILE | O_RDWR, 0600);

    if (fd < 0) {
        EXPECT(errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL);
        abi_skip("O_TMPFILE");
        return;
    }
    EXPECT_EQ(write(fd, "x", 1), 1);
    EXPECT(fstat(fd, &st) == 0 && st.st_nlink == 0);
    close(fd);
}

int main(void)
{
    umask(0);
    abi_dir();
    creation();
    append_always_writes_at_the_end();
    directories_and_links();
    only_a_name();
    bad_paths();
    temporary_file_without_a_name();
    return abi_done();
}
