/* SPDX-License-Identifier: Apache-2.0 */
/* unlink(2): names go, open and mapped files live on. */
#include "test/abi/abi.h"

#include <sys/mman.h>

static void open_file_lives_on(void)
{
    struct stat st;
    char buf[8];
    char link_path[64];
    char target[256] = "";
    int fd = open("f", O_RDWR | O_CREAT, 0600);

    EXPECT_EQ(write(fd, "alive", 5), 5);
    EXPECT_EQ(unlink("f"), 0);
    EXPECT_ERRNO(access("f", F_OK), ENOENT);
    EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), 5);
    EXPECT_EQ(write(fd, "!", 1), 1);
    EXPECT_EQ(fstat(fd, &st), 0);
    EXPECT(st.st_nlink == 0 && st.st_size == 6);
    snprintf(link_path, sizeof(link_path), "/proc/self/fd/%d", fd);
    EXPECT(readlink(link_path, target, sizeof(target) - 1) > 0);
    EXPECT(strstr(target, "/f (deleted)"));

    /* A new file of the old name is another file. */
    abi_put("f", "new");
    EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), 6);
    EXPECT(abi_holds("f", "new"));
    close(fd);
}

static void mapped_file_lives_on(void)
{
    char *map;
    int fd;

    abi_put("m", "mapped");
    fd = open("m", O_RDWR);
    map = mmap(NULL, ABI_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    EXPECT(map != MAP_FAILED);
    EXPECT_EQ(unlink("m"), 0);
    EXPECT_EQ(close(fd), 0);
    EXPECT(memcmp(map, "mapped", 7) == 0);
    map[0] = 'M';
    EXPECT_EQ(map[0], 'M');
    EXPECT_EQ(munmap(map, ABI_PAGE), 0);
}

int main(void)
{
    abi_dir();
    open_file_lives_on();
    mapped_file_lives_on();
    EXPECT_EQ(mkdir("d", 0700), 0);
    EXPECT_EQ(symlink("f", "s"), 0);
    EXPECT_EQ(unlink("s"), 0);
    EXPECT_EQ(access("f", F_OK), 0);
    EXPECT_ERRNO(unlink("d"), EISDIR);
    EXPECT_ERRNO(unlink("absent"), ENOENT);
    EXPECT_ERRNO(unlink("f/x"), ENOTDIR);
    EXPECT_ERRNO(unlink(""), ENOENT);
    EXPECT_ERRNO(unlink(abi_bad_pointer()), EFAULT);
    EXPECT_ERRNO(unlinkat(AT_FDCWD, "f", 0x40000000), EINVAL);
    return abi_done();
}
