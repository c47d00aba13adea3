/* SPDX-License-Identifier: Apache-2.0 */
/* brk(2), as the system call: it answers where the end is, whatever was asked. */
#include "test/abi/abi.h"

static char *brk_to(const void *end)
{
    return (char *)syscall(SYS_brk, end);
}

int main(void)
{
    char *start = brk_to(NULL);
    size_t i;
    size_t nonzero = 0;

    EXPECT(start);
    /* cppcheck-suppress nullPointerArithmeticRedundantCheck; EXPECT() has counted it. */
    EXPECT(brk_to(start + 100000) == start + 100000);
    EXPECT(brk_to(NULL) == start + 100000);
    for (i = 0; i < 100000; i++)
        nonzero += start[i] != 0;
    EXPECT_EQ(nonzero, 0);
    memset(start, 'b', 100000);

    /* What was given back returns as zeroes. */
    EXPECT(brk_to(start) == start);
    EXPECT(brk_to(start + 100000) == start + 100000);
    i = (size_t)(-(intptr_t)start & (ABI_PAGE - 1));
    EXPECT_EQ(start[i], 0);
    EXPECT_EQ(start[99999], 0);

    /* Nonsense changes nothing. */
    EXPECT(brk_to((void *)1) == start + 100000);
    EXPECT(brk_to((void *)((uintptr_t)1 << 62)) == start + 100000);
    EXPECT(brk_to((void *)-4096L) == start + 100000);
    EXPECT(brk_to(start) == start);
    EXPECT(sbrk(0) != (void *)-1);

    /* 16 MiB, grown by odd steps. */
    for (i = 0; i < 16u << 20; i += 77777) {
        if (brk_to(start + i) != start + i)
            break;
        if (i > 0)
            start[i - 1] = 'z';
    }
    EXPECT(i >= 16u << 20);
    EXPECT(brk_to(start) == start);
    return abi_done();
}
