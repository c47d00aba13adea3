/* SPDX-License-Identifier: Apache-2.0 */
/* mremap(2): shrinking, growing in place and by moving, fixed targets, errors. */
#include "test/abi/abi.h"

#include <sys/mman.h>

static const int rw = PROT_READ | PROT_WRITE;
static const int anon = MAP_PRIVATE | MAP_ANONYMOUS;

static bool mapped(char *page)
{
    unsigned char in_core;

    return mincore(page, ABI_PAGE, &in_core) == 0;
}

/* Each page of a new area starts with its number. */
static char *fresh(int pages)
{
    char *map = mmap(NULL, (size_t)pages * ABI_PAGE, rw, anon, -1, 0);
    int i;

    EXPECT(map != MAP_FAILED);
    for (i = 0; i < pages; i++)
        map[i * ABI_PAGE] = (char)i;
    return map;
}

static void shrink_and_grow(void)
{
    char *map = fresh(8);
    char *moved;

    EXPECT(mremap(map, 8 * ABI_PAGE, 4 * ABI_PAGE, 0) == map);
    EXPECT(mapped(map + 3 * ABI_PAGE) && !mapped(map + 4 * ABI_PAGE));
    EXPECT(mremap(map, 4 * ABI_PAGE, 6 * ABI_PAGE, 0) == map);
    EXPECT_EQ(map[3 * ABI_PAGE], 3);
    EXPECT_EQ(map[4 * ABI_PAGE], 0);

    /* Something in the way: refused, unless it may move. */
    EXPECT(mmap(map + 6 * ABI_PAGE, ABI_PAGE, PROT_NONE, anon | MAP_FIXED, -1, 0) != MAP_FAILED);
    EXPECT(mremap(map, 6 * ABI_PAGE, 7 * ABI_PAGE, 0) == MAP_FAILED && errno == ENOMEM);
    moved = mremap(map, 6 * ABI_PAGE, 64 * ABI_PAGE, MREMAP_MAYMOVE);
    EXPECT(moved != MAP_FAILED && moved != map);
    EXPECT(!mapped(map));
    EXPECT(moved[2 * ABI_PAGE] == 2 && moved[3 * ABI_PAGE] == 3 && moved[63 * ABI_PAGE] == 0);
    EXPECT_EQ(munmap(moved, 64 * ABI_PAGE), 0);
}

static void to_a_fixed_place(void)
{
    char *map = fresh(4);
    char *target = fresh(8);

    EXPECT(mremap(map + ABI_PAGE, 2 * ABI_PAGE, 2 * ABI_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
                  target + 4 * ABI_PAGE) == target + 4 * ABI_PAGE);
    EXPECT(target[4 * ABI_PAGE] == 1 && target[5 * ABI_PAGE] == 2);
    EXPECT(target[3 * ABI_PAGE] == 3 && target[6 * ABI_PAGE] == 6);
    EXPECT(mapped(map) && !mapped(map + ABI_PAGE) && mapped(map + 3 * ABI_PAGE));
    EXPECT(mremap(map, ABI_PAGE, ABI_PAGE, MREMAP_FIXED, target) == MAP_FAILED);
    EXPECT_EQ(errno, EINVAL);
    EXPECT(mremap(target, 4 * ABI_PAGE, 4 * ABI_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
                  target + ABI_PAGE) == MAP_FAILED);
    EXPECT_EQ(errno, EINVAL);
}

static void file_mappings_keep_their_file(void)
{
    char *map;
    int fd;

    abi_put("f", "start");
    fd = open("f", O_RDWR);
    EXPECT_EQ(ftruncate(fd, 4 * ABI_PAGE), 0);
    EXPECT_EQ(pwrite(fd, "third", 5, 2 * ABI_PAGE), 5);
    map = mmap(NULL, ABI_PAGE, rw, MAP_SHARED, fd, 0);
    map = mremap(map, ABI_PAGE, 4 * ABI_PAGE, MREMAP_MAYMOVE);
    EXPECT(map != MAP_FAILED);
    EXPECT(memcmp(map, "start", 5) == 0);
    EXPECT(memcmp(map + 2 * ABI_PAGE, "third", 5) == 0);
    map[3 * ABI_PAGE] = '4';
    EXPECT_EQ(pread(fd, map, 1, 3 * ABI_PAGE), 1);
    EXPECT_EQ(map[0], '4');
}

static void large_areas(void)
{
    size_t size = 8u << 20;
    char *map = mmap(NULL, size, rw, anon, -1, 0);
    size_t i;

    for (i = 0; i < size; i += ABI_PAGE)
        memcpy(map + i, &i, sizeof(i));
    map = mremap(map, size, 3 * size, MREMAP_MAYMOVE);
    EXPECT(map != MAP_FAILED);
    for (i = 0; i < size; i += ABI_PAGE) {
        if (memcmp(map + i, &i, sizeof(i)) != 0)
            break;
    }
    EXPECT_EQ(i, size);
    EXPECT_EQ(munmap(map, 3 * size), 0);
}

int main(void)
{
    char *map;

    abi_dir();
    shrink_and_grow();
    to_a_fixed_place();
    file_mappings_keep_their_file();
    large_areas();
    map = fresh(2);
    EXPECT(mremap(map + 1, ABI_PAGE, ABI_PAGE, 0) == MAP_FAILED && errno == EINVAL);
    EXPECT(mremap(map, ABI_PAGE, 0, MREMAP_MAYMOVE) == MAP_FAILED && errno == EINVAL);
    EXPECT(mremap(map, ABI_PAGE, ABI_PAGE, 0x100) == MAP_FAILED && errno == EINVAL);
    EXPECT_EQ(munmap(map, 2 * ABI_PAGE), 0);
    EXPECT(mremap(map, ABI_PAGE, 2 * ABI_PAGE, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT);
    return abi_done();
}
