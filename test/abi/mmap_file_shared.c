/* SPDX-License-Identifier: Apache-2.0 */
/* Shared file mappings and msync(2): one page, seen by mappings, reads and writes alike. */
#include "test/abi/abi.h"

#include <sys/mman.h>

static void *map_shared(int fd, int prot)
{
    return mmap(NULL, 2 * ABI_PAGE, prot, MAP_SHARED, fd, 0);
}

static void one_page_for_all(int fd)
{
    char *a = map_shared(fd, PROT_READ | PROT_WRITE);
    char *b = map_shared(fd, PROT_READ);
    char buf[8];

    EXPECT(a != MAP_FAILED && b != MAP_FAILED && a != b);
    memcpy(a + 10, "mapped", 6);
    EXPECT(memcmp(b + 10, "mapped", 6) == 0);
    EXPECT_EQ(pread(fd, buf, 6, 10), 6);
    EXPECT(memcmp(buf, "mapped", 6) == 0);
    EXPECT_EQ(pwrite(fd, "written", 7, ABI_PAGE + 1), 7);
    EXPECT(memcmp(a + ABI_PAGE + 1, "written", 7) == 0);

    EXPECT_EQ(msync(a, 2 * ABI_PAGE, MS_SYNC), 0);
    EXPECT_EQ(msync(a, ABI_PAGE, MS_ASYNC | MS_INVALIDATE), 0);
    EXPECT_ERRNO(msync(a + 1, ABI_PAGE, MS_SYNC), EINVAL);
    EXPECT_ERRNO(msync(a, ABI_PAGE, MS_SYNC | MS_ASYNC), EINVAL);
    EXPECT_ERRNO(msync(a, ABI_PAGE, 0x100), EINVAL);

    /* A child mapping survives its siblings and the descriptor. */
    EXPECT_EQ(munmap(a, 2 * ABI_PAGE), 0);
    EXPECT_EQ(b[10], 'm');
    EXPECT_EQ(munmap(b, 2 * ABI_PAGE), 0);
    EXPECT_ERRNO(msync(b, ABI_PAGE, MS_SYNC), ENOMEM);
}

static void access_rules(void)
{
    int rd = open("f", O_RDONLY);
    char *map = map_shared(rd, PROT_READ);

    EXPECT(map != MAP_FAILED);
    EXPECT_ERRNO(mprotect(map, ABI_PAGE, PROT_READ | PROT_WRITE), EACCES);
    EXPECT(map_shared(rd, PROT_READ | PROT_WRITE) == MAP_FAILED && errno == EACCES);
    EXPECT_EQ(munmap(map, 2 * ABI_PAGE), 0);
    close(rd);
}

static void outlives_the_name_and_the_descriptor(int fd)
{
    char *map = map_shared(fd, PROT_READ | PROT_WRITE);

    EXPECT_EQ(close(fd), 0);
    EXPECT_EQ(unlink("f"), 0);
    map[0] = 'q';
    EXPECT_EQ(map[0], 'q');
    EXPECT_EQ(map[10], 'm');
    EXPECT_EQ(munmap(map, 2 * ABI_PAGE), 0);
}

int main(void)
{
    int fd;

    abi_dir();
    fd = open("f", O_RDWR | O_CREAT, 0600);
    EXPECT_EQ(ftruncate(fd, 2 * ABI_PAGE), 0);
    one_page_for_all(fd);
    access_rules();
    EXPECT_EQ(fsync(fd) | fdatasync(fd), 0);
    EXPECT_ERRNO(fsync(-1), EBADF);
    outlives_the_name_and_the_descriptor(fd);
    return abi_done();
}
