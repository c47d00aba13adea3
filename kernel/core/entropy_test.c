/* SPDX-License-Identifier: Apache-2.0 */
/* ChaCha20 against RFC 8439, and random numbers as far as numbers can be told to be random. */
#include "kernel/core/entropy.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/power.h"
#include "kernel/core/chacha20.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#include <string.h>

static bool has_instruction;
static u64 instruction_value = 1;

bool machine_random(u64 *value)
{
    *value = instruction_value++;
    return has_instruction;
}

TEST(entropy, chacha20_block_of_rfc_8439_section_2_3_2)
{
    static const u8 expected[CHACHA20_BLOCK_SIZE] = {
        0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3,
        0x20, 0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22,
        0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e, 0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa,
        0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2, 0xb5, 0x12, 0x9c, 0xd1,
        0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e,
    };
    static const u8 nonce_bytes[12] = { 0, 0, 0, 9, 0, 0, 0, 0x4a, 0, 0, 0, 0 };
    u8 key_bytes[32];
    u32 key[CHACHA20_KEY_WORDS];
    u32 nonce[CHACHA20_NONCE_WORDS];
    u8 block[CHACHA20_BLOCK_SIZE];

    for (u32 i = 0; i < sizeof(key_bytes); i++)
        key_bytes[i] = (u8)i;
    memcpy(key, key_bytes, sizeof(key));
    memcpy(nonce, nonce_bytes, sizeof(nonce));
    chacha20_block(key, 1, nonce, block);
    CHECK(memcmp(block, expected, sizeof(block)) == 0);
}

TEST(entropy, is_wanted_until_there_is_enough)
{
    u8 seed[64] = { 1 };

    entropy_init();
    CHECK(entropy_wanted());
    entropy_add(seed, sizeof(seed));
    CHECK(!entropy_wanted());
}

TEST(entropy, the_instruction_alone_is_not_enough)
{
    has_instruction = true;
    entropy_init();
    CHECK(entropy_wanted());
}

TEST(entropy, streams_differ_between_cpus_and_never_repeat)
{
    static u64 values[2][2000];

    entropy_init();
    for (u32 i = 0; i < 2000; i++) {
        fake_cpu = 0;
        values[0][i] = random_u64();
        fake_cpu = 1;
        values[1][i] = random_u64();
    }
    for (u32 i = 0; i < 2000; i++) {
        CHECK(values[0][i] != values[1][i]);
        for (u32 j = 0; j < i; j++)
            CHECK(values[0][i] != values[0][j]);
    }
}

TEST(entropy, new_entropy_changes_what_follows)
{
    u8 large[1000];
    int ones = 0;

    entropy_init();
    random_bytes(large, sizeof(large));
    entropy_add("x", 1);
    random_bytes(large, sizeof(large));
    for (size_t i = 0; i < sizeof(large); i++)
        ones += __builtin_popcount(large[i]);
    CHECK(ones > 3700 && ones < 4300); /* Of 8000: over six deviations. */
    CHECK_EQ(fake_locks_held, 0);
}

TEST(entropy, below_a_bound_every_value_comes)
{
    u32 seen[7] = { 0 };

    entropy_init();
    for (int i = 0; i < 7000; i++) {
        u64 value = random_below(7);

        CHECK(value < 7);
        seen[value]++;
    }
    for (int i = 0; i < 7; i++)
        CHECK(seen[i] > 800 && seen[i] < 1200);
    CHECK_EQ(random_below(1), 0);
}
