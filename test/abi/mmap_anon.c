/* SPDX-License-Identifier: Apache-2.0 */
/* mmap(2) without a file: zeroes, placement, flags, and errors. */
#include "test/abi/abi.h"

#include <sys/mman.h>

enum {
    LEN = 16 * ABI_PAGE,
};

static const int rw = PROT_READ | PROT_WRITE;
static const int anon = MAP_PRIVATE | MAP_ANONYMOUS;

static void zeroes_and_alignment(void)
{
    unsigned char *map = mmap(NULL, LEN - 1, rw, anon, -1, 0);
    size_t i;
    size_t nonzero = 0;

    EXPECT(map != MAP_FAILED);
    EXPECT_EQ((uintptr_t)map % ABI_PAGE, 0);
    for (i = 0; i < LEN; i++)
        nonzero += map[i] != 0;
    EXPECT_EQ(nonzero, 0);
    memset(map, 0xaa, LEN);
    EXPECT_EQ(munmap(map, LEN), 0);
    EXPECT_EQ(munmap(map, LEN), 0);
}

static void placement(void)
{
    char *map = mmap(NULL, LEN, rw, anon, -1, 0);
    char *again;

    memset(map, 'a', LEN);
    again = mmap(map + ABI_PAGE, ABI_PAGE, rw, anon | MAP_FIXED, -1, 0);
    EXPECT(again == map + ABI_PAGE);
    EXPECT(map[0] == 'a' && map[ABI_PAGE] == 0 && map[2 * ABI_PAGE] == 'a');

    /* A hint is taken when the place is free, and not when it is used. */
    EXPECT(mmap(map, ABI_PAGE, rw, anon, -1, 0) != map);
    EXPECT(mmap(map, ABI_PAGE, rw, anon | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED);
    EXPECT_EQ(errno, EEXIST);
    EXPECT_EQ(munmap(map + 4 * ABI_PAGE, 4 * ABI_PAGE), 0);
    again = mmap(map + 4 * ABI_PAGE, ABI_PAGE, rw, anon | MAP_FIXED_NOREPLACE, -1, 0);
    EXPECT(again == map + 4 * ABI_PAGE);
    EXPECT_EQ(munmap(again, ABI_PAGE), 0);
    EXPECT(mmap(map + 5 * ABI_PAGE, ABI_PAGE, rw, anon, -1, 0) == map + 5 * ABI_PAGE);
    EXPECT_EQ(munmap(map, LEN), 0);
}

static void shared_and_flagged(void)
{
    char *map = mmap(NULL, LEN, rw, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    EXPECT(map != MAP_FAILED);
    map[0] = 'x';
    EXPECT(map[0] == 'x' && map[LEN - 1] == 0);
    EXPECT_EQ(munmap(map, LEN), 0);
    map = mmap(NULL, LEN, rw, anon | MAP_NORESERVE | MAP_POPULATE | MAP_STACK, -1, 0);
    EXPECT(map != MAP_FAILED);
    EXPECT_EQ(map[0], 0);
    EXPECT_EQ(munmap(map, LEN), 0);
    map = mmap(NULL, LEN, rw, anon | MAP_GROWSDOWN, -1, 0);
    EXPECT(map != MAP_FAILED);
    map[LEN - 1] = 'x';
    map = mmap(NULL, LEN, rw, anon | MAP_32BIT, -1, 0);
    EXPECT(map != MAP_FAILED && (uintptr_t)map + LEN <= UINT32_MAX);
}

static void refused(void *addr, size_t len, int flags, int error)
{
    EXPECT(mmap(addr, len, rw, flags, -1, 0) == MAP_FAILED && errno == error);
}

int main(void)
{
    zeroes_and_alignment();
    placement();
    shared_and_flagged();
    refused(NULL, 0, anon, EINVAL);
    refused(NULL, SIZE_MAX, anon, ENOMEM);
    refused(NULL, (size_t)1 << 47, anon, ENOMEM);
    refused((void *)((uintptr_t)ABI_PAGE * 100 + 1), ABI_PAGE, anon | MAP_FIXED, EINVAL);
    refused((void *)((uintptr_t)1 << 47), ABI_PAGE, anon | MAP_FIXED, ENOMEM);
    refused(NULL, ABI_PAGE, MAP_ANONYMOUS, EINVAL);
    refused(NULL, ABI_PAGE, MAP_PRIVATE, EBADF);
    EXPECT_ERRNO(munmap((void *)1, ABI_PAGE), EINVAL);
    EXPECT_ERRNO(munmap((void *)(ABI_PAGE * (uintptr_t)16), 0), EINVAL);
    EXPECT_ERRNO(munmap((void *)((uintptr_t)1 << 47), ABI_PAGE), EINVAL);
    return abi_done();
}
