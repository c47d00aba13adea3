/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/mm/iter.h"

#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#include <string.h>

static u64 address_of(void *memory)
{
    return (u64)(uintptr_t)memory;
}

TEST(iter, copies_across_pieces_and_skips_empty_ones)
{
    char first[4] = "abc";
    char second[4] = "def";
    struct iovec_user pieces[] = {
        { 0, 0 }, { address_of(first), 3 }, { 0, 0 }, { address_of(second), 3 }, { 0, 0 },
    };
    struct iter iter;
    char got[8] = "";

    iter_init_pieces(&iter, pieces, ARRAY_COUNT(pieces), 6);
    CHECK_EQ(iter_copy_from(&iter, got, 4), 4);
    CHECK(memcmp(got, "abcd", 4) == 0);
    CHECK_EQ(iter.left, 2);
    CHECK_EQ(iter_copy_from(&iter, got, 8), 2);
    CHECK(memcmp(got, "ef", 2) == 0);
    CHECK_EQ(iter_copy_from(&iter, got, 8), 0);
}

TEST(iter, a_copy_of_it_goes_its_own_way)
{
    char bytes[8] = "abcdefg";
    struct iter iter;
    struct iter copy;
    char got[8] = "";

    iter_init_kernel(&iter, bytes, 7);
    copy = iter;
    iter_advance(&iter, 5);
    CHECK_EQ(iter_copy_from(&copy, got, 2), 2);
    CHECK(memcmp(got, "ab", 2) == 0);
    CHECK_EQ(iter_copy_from(&iter, got, 8), 2);
    CHECK(memcmp(got, "fg", 2) == 0);
}

TEST(iter, stops_where_the_program_has_no_memory)
{
    char good[16];
    struct iter iter;
    char from[16] = "0123456789abcde";

    fake_user_bad_lo = address_of(good + 8);
    fake_user_bad_hi = address_of(good + 16);
    iter_init_user(&iter, address_of(good), sizeof(good));
    CHECK_EQ(iter_copy_to(&iter, from, sizeof(from)), 8);
    CHECK_EQ(iter.left, 8);
    CHECK(memcmp(good, from, 8) == 0);
    CHECK_EQ(iter_zero(&iter, 8), 0);
    iter_init_user(&iter, 8, 100);
    CHECK_EQ(iter_copy_from(&iter, from, 1), 0);
}

TEST(iter, zeroes_and_never_passes_its_end)
{
    char bytes[16];
    struct iter iter;

    memset(bytes, 'x', sizeof(bytes));
    iter_init_kernel(&iter, bytes, 8);
    CHECK_EQ(iter_zero(&iter, 100), 8);
    CHECK(bytes[7] == 0 && bytes[8] == 'x');
    iter_init_kernel(&iter, bytes, 0);
    CHECK_EQ(iter_zero(&iter, 1), 0);
}
