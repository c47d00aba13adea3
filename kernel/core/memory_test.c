/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's own memcpy() and its kind, under other names, against the C library's. */
#include "test/unit/unit.h"

#include <string.h>

void *kernel_memcpy(void *restrict to, const void *restrict from, size_t size);
void *kernel_memmove(void *to, const void *from, size_t size);
void *kernel_memset(void *memory, int value, size_t size);
int kernel_memcmp(const void *left, const void *right, size_t size);
enum {
    ROOM = 700,
};

static unsigned char ours[ROOM];
static unsigned char theirs[ROOM];

static void fill(void)
{
    for (int i = 0; i < ROOM; i++)
        theirs[i] = ours[i] = (unsigned char)rand();
}

static int sign(int value)
{
    return value < 0 ? -1 : value > 0;
}

TEST(memory, every_size_and_distance_moves_as_the_library_moves)
{
    srand(5);
    for (size_t size = 0; size < 300; size++) {
        for (size_t from = 0; from < 40; from += 3) {
            for (size_t to = 0; to < 300; to += 17) {
                fill();
                CHECK(kernel_memmove(ours + to, ours + from, size) == ours + to);
                memmove(theirs + to, theirs + from, size);
                CHECK_EQ(memcmp(ours, theirs, ROOM), 0);
            }
        }
    }
}

TEST(memory, copies_fills_and_compares_every_size)
{
    static unsigned char other[ROOM];

    srand(6);
    for (size_t size = 0; size < 400; size++) {
        for (size_t off = 0; off < 9; off++) {
            fill();
            kernel_memcpy(other + off, ours + 3, size);
            CHECK_EQ(memcmp(other + off, theirs + 3, size), 0);
            kernel_memset(ours + off, (int)size, size);
            memset(theirs + off, (int)size, size);
            CHECK_EQ(memcmp(ours, theirs, ROOM), 0);
            CHECK_EQ(kernel_memcmp(ours, theirs, size), 0);
            if (size > 0) {
                ours[size - 1] ^= 0x80;
                CHECK_EQ(sign(kernel_memcmp(ours, theirs, size)), sign(memcmp(ours, theirs, size)));
            }
        }
    }
}
