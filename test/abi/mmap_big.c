/* SPDX-License-Identifier: Apache-2.0 */
/* Reserving far more memory than there is, as runtimes do, and touching little of it. */
#include "test/abi/abi.h"

#include <sys/mman.h>

static const size_t gib = (size_t)1 << 30;

int main(void)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    char *arena = mmap(NULL, 64 * gib, PROT_NONE, flags, -1, 0);
    char *area = mmap(NULL, 2 * gib, PROT_READ | PROT_WRITE, flags, -1, 0);
    size_t at;
    size_t sum = 0;
    int round;

    EXPECT(arena != MAP_FAILED);
    EXPECT(area != MAP_FAILED);

    /* Every 32 MiB a page; with pages of 2 MiB behind them that is 128 MiB. */
    for (at = 0; at < 2 * gib; at += 32u << 20)
        area[at] = 1;
    for (at = 0; at < 2 * gib; at += 32u << 20)
        sum += (size_t)area[at];
    EXPECT_EQ(sum, 64);
    EXPECT_EQ(munmap(area, 2 * gib), 0);

    /* A heap that moves through its reserve: commit, use, give back. */
    for (round = 0; round < 16; round++) {
        char *at_round = arena + (size_t)round * 4 * gib;

        EXPECT_EQ(mprotect(at_round, 16u << 20, PROT_READ | PROT_WRITE), 0);
        memset(at_round, round + 1, 16u << 20);
        EXPECT_EQ(at_round[(16u << 20) - 1], round + 1);
        EXPECT_EQ(madvise(at_round, 16u << 20, MADV_DONTNEED), 0);
        EXPECT_EQ(at_round[0], 0);
        EXPECT_EQ(mprotect(at_round, 16u << 20, PROT_NONE), 0);
    }
    EXPECT_EQ(munmap(arena, 64 * gib), 0);
    return abi_done();
}
