/* SPDX-License-Identifier: Apache-2.0 */
/* getdents64(2): every entry once, types, record layout, rewinding, errors. */
#include "test/abi/abi.h"

#include <dirent.h>

struct record {
    uint64_t ino;
    int64_t off;
    uint16_t len;
    uint8_t type;
    char name[];
};

static void records_are_well_formed(void)
{
    _Alignas(8) char buf[1024];
    int fd = open(".", O_RDONLY | O_DIRECTORY);
    long got;
    long at;
    int entries = 0;

    EXPECT_ERRNO(syscall(SYS_getdents64, fd, buf, 8), EINVAL);
    for (got = 1; got > 0;) {
        got = syscall(SYS_getdents64, fd, buf, sizeof(buf));
        EXPECT(got >= 0);
        for (at = 0; at < got; entries++) {
            struct record *record = (struct record *)(buf + at);

            EXPECT(record->len >= 24 && record->len % 8 == 0 && at + record->len <= got);
            EXPECT(record->ino != 0 && strlen(record->name) < record->len - 19u);
            at += record->len;
        }
    }
    EXPECT_EQ(entries, 6);
    EXPECT_EQ(syscall(SYS_getdents64, fd, buf, sizeof(buf)), 0);
    EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
    EXPECT(syscall(SYS_getdents64, fd, buf, sizeof(buf)) > 0);
    EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
    EXPECT_ERRNO(syscall(SYS_getdents64, fd, abi_bad_pointer(), 1024), EFAULT);
    close(fd);
}

static void types_and_inodes(void)
{
    DIR *dir = opendir(".");
    struct dirent *entry;
    struct stat st;
    int seen = 0;

    for (entry = readdir(dir); entry; entry = readdir(dir)) {
        EXPECT_EQ(lstat(entry->d_name, &st), 0);
        EXPECT(entry->d_type == DT_UNKNOWN || entry->d_type == IFTODT(st.st_mode));
        if (strcmp(entry->d_name, "..") != 0)
            EXPECT_EQ(entry->d_ino, st.st_ino);
        seen++;
    }
    EXPECT_EQ(seen, 6);
    rewinddir(dir);
    EXPECT(readdir(dir));
    closedir(dir);
}

static void other_filesystems(const char *path, const char *name)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    bool found = false;

    EXPECT(dir);
    if (!dir)
        return;
    for (entry = readdir(dir); entry; entry = readdir(dir))
        found = found || strcmp(entry->d_name, name) == 0;
    EXPECT(found);
    closedir(dir);
}

/* An open directory that is gone, by rmdir() or because another took its name. */
static void removed(void)
{
    char buf[256];
    int fd;

    EXPECT_EQ(mkdir("above", 0700), 0);
    EXPECT_EQ(mkdir("above/empty", 0700), 0);
    EXPECT_EQ(mkdir("other", 0700), 0);
    fd = open("above/empty", O_RDONLY | O_DIRECTORY);
    EXPECT_EQ(rename("other", "above/empty"), 0);
    EXPECT_ERRNO(syscall(SYS_getdents64, fd, buf, sizeof(buf)), ENOENT);
    close(fd);
    fd = open("above/empty", O_RDONLY | O_DIRECTORY);
    EXPECT_EQ(rmdir("above/empty"), 0);
    EXPECT_EQ(rmdir("above"), 0);
    EXPECT_ERRNO(syscall(SYS_getdents64, fd, buf, sizeof(buf)), ENOENT);
    close(fd);
}

int main(void)
{
    char buf[64];
    int fd;

    abi_dir();
    abi_put("file", "x");
    EXPECT_EQ(mkdir("dir", 0700), 0);
    EXPECT_EQ(symlink("x", "link"), 0);
    EXPECT_EQ(mkfifo("fifo", 0600), 0);
    records_are_well_formed();
    types_and_inodes();
    removed();
    other_filesystems("/", "proc");
    other_filesystems("/proc", "meminfo");
    other_filesystems("/proc/self", "maps");
    other_filesystems("/proc/self/fd", "1");
    snprintf(buf, sizeof(buf), "%d", getpid());
    other_filesystems("/proc/self/task", buf);
    other_filesystems("/dev", "null");
    other_filesystems("/sys/devices/system/cpu", "cpu0");
    fd = open("file", O_RDONLY);
    EXPECT_ERRNO(syscall(SYS_getdents64, fd, buf, sizeof(buf)), ENOTDIR);
    EXPECT_ERRNO(syscall(SYS_getdents64, -1, buf, sizeof(buf)), EBADF);
    return abi_done();
}
