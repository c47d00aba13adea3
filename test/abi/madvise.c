/* SPDX-License-Identifier: Apache-2.0 */
/* madvise(2) and mincore(2). */
#include "test/abi/abi.h"

#include <sys/mman.h>

static const int rw = PROT_READ | PROT_WRITE;

static void dont_need_gives_zeroes(void)
{
    char *map = mmap(NULL, 8 * ABI_PAGE, rw, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned char in_core[8] = { 0 };
    int i;

    EXPECT_EQ(mincore(map, 8 * ABI_PAGE, in_core), 0);
    EXPECT_EQ(in_core[3] & 1, 0);
    memset(map, 'x', 8 * ABI_PAGE);
    EXPECT_EQ(mincore(map, 8 * ABI_PAGE, in_core), 0);
    for (i = 0; i < 8; i++)
        EXPECT_EQ(in_core[i] & 1, 1);
    EXPECT_EQ(madvise(map + 2 * ABI_PAGE, 3 * ABI_PAGE, MADV_DONTNEED), 0);
    for (i = 0; i < 8; i++)
        EXPECT_EQ(map[i * ABI_PAGE], i >= 2 && i < 5 ? 0 : 'x');
    map[2 * ABI_PAGE] = 'y';
    EXPECT_EQ(map[2 * ABI_PAGE], 'y');
    EXPECT_EQ(munmap(map, 8 * ABI_PAGE), 0);
}

static void a_private_file_page_comes_back_from_the_file(void)
{
    char *map;
    int fd;

    abi_put("f", "file");
    fd = open("f", O_RDWR);
    map = mmap(NULL, ABI_PAGE, rw, MAP_PRIVATE, fd, 0);
    map[0] = 'X';
    EXPECT_EQ(madvise(map, ABI_PAGE, MADV_DONTNEED), 0);
    EXPECT(memcmp(map, "file", 5) == 0);
    EXPECT_EQ(munmap(map, ABI_PAGE), 0);
    map = mmap(NULL, ABI_PAGE, rw, MAP_SHARED, fd, 0);
    map[0] = 'X';
    EXPECT_EQ(madvise(map, ABI_PAGE, MADV_DONTNEED), 0);
    EXPECT(memcmp(map, "Xile", 5) == 0);
}

static void advice_that_changes_nothing(void)
{
    static const int advice[] = { MADV_NORMAL,   MADV_RANDOM,   MADV_SEQUENTIAL, MADV_WILLNEED,
                                  MADV_DONTDUMP, MADV_DONTFORK, MADV_COLD,       MADV_DODUMP };
    char *map = mmap(NULL, 4 * ABI_PAGE, rw, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t i;

    map[0] = 'k';
    for (i = 0; i < sizeof(advice) / sizeof(advice[0]); i++) {
        EXPECT_EQ(madvise(map, 4 * ABI_PAGE, advice[i]), 0);
        EXPECT_EQ(map[0], 'k');
    }
    /* Huge pages may not be configured. */
    EXPECT(madvise(map, 4 * ABI_PAGE, MADV_HUGEPAGE) == 0 || errno == EINVAL);
    EXPECT(madvise(map, 4 * ABI_PAGE, MADV_NOHUGEPAGE) == 0 || errno == EINVAL);

    /* Lazily freed: zero or what it was, and writable. */
    EXPECT_EQ(madvise(map, 4 * ABI_PAGE, MADV_FREE), 0);
    EXPECT(map[0] == 'k' || map[0] == 0);
    map[0] = 'l';
    EXPECT_EQ(map[0], 'l');

    EXPECT_EQ(madvise(map, 0, MADV_DONTNEED), 0);
    EXPECT_ERRNO(madvise(map + 1, ABI_PAGE, MADV_DONTNEED), EINVAL);
    EXPECT_ERRNO(madvise(map, ABI_PAGE, 12345), EINVAL);
    EXPECT_EQ(munmap(map + ABI_PAGE, ABI_PAGE), 0);
    EXPECT_ERRNO(madvise(map, 4 * ABI_PAGE, MADV_DONTNEED), ENOMEM);
    EXPECT_EQ(map[2 * ABI_PAGE], 0);
}

int main(void)
{
    unsigned char vec[4];
    char *map = mmap(NULL, ABI_PAGE, rw, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    abi_dir();
    dont_need_gives_zeroes();
    a_private_file_page_comes_back_from_the_file();
    advice_that_changes_nothing();
    EXPECT_ERRNO(mincore(map + 1, ABI_PAGE, vec), EINVAL);
    EXPECT_ERRNO(mincore(map, ABI_PAGE, abi_bad_pointer()), EFAULT);
    EXPECT_EQ(munmap(map, ABI_PAGE), 0);
    EXPECT_ERRNO(mincore(map, ABI_PAGE, vec), ENOMEM);
    return abi_done();
}
