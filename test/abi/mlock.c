/* SPDX-License-Identifier: Apache-2.0 */
/* mlock(2), mlock2(2), mlockall(2): locked pages are there, and the content is untouched. */
#include "test/abi/abi.h"

#include <sys/mman.h>

/* Each area is brought in as it allows: what may only be read is no reason to fail. */
static void areas_with_different_rights(void)
{
    int rw = PROT_READ | PROT_WRITE;
    unsigned char in_core[4] = { 0 };
    char *map = mmap(NULL, 4 * ABI_PAGE, rw, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    EXPECT_EQ(mprotect(map + ABI_PAGE, ABI_PAGE, PROT_READ), 0);
    EXPECT_EQ(mlock(map, 3 * ABI_PAGE), 0);
    EXPECT_EQ(mincore(map, 4 * ABI_PAGE, in_core), 0);
    EXPECT((in_core[0] & in_core[1] & in_core[2] & 1) == 1);
    EXPECT_EQ(madvise(map, 4 * ABI_PAGE, MADV_POPULATE_READ), 0);
    EXPECT_ERRNO(madvise(map, 4 * ABI_PAGE, MADV_POPULATE_WRITE), EINVAL);
    EXPECT_EQ(mprotect(map + 2 * ABI_PAGE, ABI_PAGE, PROT_NONE), 0);
    EXPECT_ERRNO(mlock(map, 4 * ABI_PAGE), ENOMEM);
    EXPECT_ERRNO(madvise(map, 4 * ABI_PAGE, MADV_POPULATE_READ), EINVAL);
    EXPECT_EQ(munmap(map, 4 * ABI_PAGE), 0);
}

int main(void)
{
    size_t len = 8 * ABI_PAGE;
    unsigned char in_core[8] = { 0 };
    char *map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int i;

    EXPECT(map != MAP_FAILED);
    EXPECT_EQ(mlock(map, len), 0);
    EXPECT_EQ(mincore(map, len, in_core), 0);
    for (i = 0; i < 8; i++)
        EXPECT_EQ(in_core[i] & 1, 1);
    map[0] = 'x';
    EXPECT_EQ(munlock(map, len), 0);
    EXPECT_EQ(map[0], 'x');
    EXPECT_EQ(mlock2(map, len, MLOCK_ONFAULT), 0);
    EXPECT_EQ(munlock(map, len), 0);
    EXPECT_ERRNO(mlock2(map, len, 0x100), EINVAL);
    EXPECT_EQ(mlockall(MCL_CURRENT), 0);
    EXPECT_EQ(munlockall(), 0);
    EXPECT_ERRNO(mlockall(0x100), EINVAL);
    areas_with_different_rights();
    EXPECT_EQ(munmap(map + ABI_PAGE, ABI_PAGE), 0);
    EXPECT_ERRNO(mlock(map, len), ENOMEM);
    EXPECT_ERRNO(munlock(map, len), ENOMEM);
    return abi_done();
}
