/* SPDX-License-Identifier: Apache-2.0 */
/* truncate(2), ftruncate(2) and fallocate(2). */
#include "test/abi/abi.h"

#include <linux/falloc.h>
#include <sys/mman.h>

static void shrink_and_grow(int fd)
{
    struct stat st;
    char buf[16];

    EXPECT_EQ(write(fd, "0123456789", 10), 10);
    EXPECT_EQ(ftruncate(fd, 4), 0);
    EXPECT(fstat(fd, &st) == 0 && st.st_size == 4);
    EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 10);

    /* What was cut off does not come back. */
    EXPECT_EQ(ftruncate(fd, 8), 0);
    EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), 8);
    EXPECT(memcmp(buf, "0123\0\0\0\0", 8) == 0);
    EXPECT_EQ(truncate("f", 100000), 0);
    EXPECT(fstat(fd, &st) == 0 && st.st_size == 100000);
    EXPECT_EQ(pread(fd, buf, 1, 99999), 1);
    EXPECT_EQ(buf[0], 0);
    EXPECT_EQ(truncate("f", 0), 0);
    EXPECT_EQ(pread(fd, buf, 1, 0), 0);
}

/* The rest of the last page must be zero again after a shrink, in a mapping too. */
static void mapping_sees_the_cut(int fd)
{
    char *map;

    EXPECT_EQ(ftruncate(fd, ABI_PAGE), 0);
    map = mmap(NULL, ABI_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    EXPECT(map != MAP_FAILED);
    memset(map, 'x', ABI_PAGE);
    EXPECT_EQ(ftruncate(fd, 100), 0);
    EXPECT_EQ(map[99], 'x');
    EXPECT_EQ(ftruncate(fd, ABI_PAGE), 0);
    EXPECT_EQ(map[99], 'x');
    EXPECT_EQ(map[100], 0);
    EXPECT_EQ(map[ABI_PAGE - 1], 0);
    EXPECT_EQ(munmap(map, ABI_PAGE), 0);
}

static void allocation(int fd)
{
    struct stat st;

    EXPECT_EQ(ftruncate(fd, 0), 0);
    if (fallocate(fd, 0, 0, 10000) != 0) {
        EXPECT_EQ(errno, EOPNOTSUPP);
        abi_skip("fallocate");
        return;
    }
    EXPECT(fstat(fd, &st) == 0 && st.st_size == 10000);
    EXPECT_EQ(fallocate(fd, 0, 0, 100), 0);
    EXPECT(fstat(fd, &st) == 0 && st.st_size == 10000);
    EXPECT_EQ(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 20000), 0);
    EXPECT(fstat(fd, &st) == 0 && st.st_size == 10000);
    EXPECT_ERRNO(fallocate(fd, 0, 0, 0), EINVAL);
    EXPECT_ERRNO(fallocate(fd, 0, -1, 10), EINVAL);
}

static void errors(int fd)
{
    int rd = open("f", O_RDONLY);
    int fds[2];

    EXPECT_EQ(pipe(fds), 0);
    EXPECT_ERRNO(ftruncate(rd, 0), EINVAL);
    EXPECT_ERRNO(ftruncate(fds[1], 0), EINVAL);
    EXPECT_ERRNO(ftruncate(-1, 0), EBADF);
    EXPECT_ERRNO(ftruncate(fd, -1), EINVAL);
    EXPECT_ERRNO(truncate("f", -1), EINVAL);
    EXPECT_ERRNO(truncate("absent", 0), ENOENT);
    EXPECT_ERRNO(truncate(".", 0), EISDIR);
    EXPECT_ERRNO(fallocate(rd, 0, 0, 1), EBADF);
    close(rd);
}

int main(void)
{
    int fd;

    abi_dir();
    fd = open("f", O_RDWR | O_CREAT, 0600);
    EXPECT(fd >= 0);
    shrink_and_grow(fd);
    mapping_sees_the_cut(fd);
    allocation(fd);
    errors(fd);
    return abi_done();
}
