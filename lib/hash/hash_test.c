/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes against published check values, and the CRC tables against the bit-by-bit definition. */
#include "lib/hash/fold.h"
#include "lib/hash/hash.h"
#include "test/unit/unit.h"

#include <string.h>

static u32 crc_by_bits(u32 polynomial, u32 crc, const u8 *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? polynomial : 0);
    }
    return crc;
}

TEST(hash, crc_check_values)
{
    CHECK_EQ(crc32(0, "123456789", 9), 0xcbf43926);
    CHECK_EQ(~crc32c(~0u, "123456789", 9), (u32)0xe3069283);
    CHECK_EQ(crc32(0, "", 0), 0);
}

TEST(hash, crc_equals_its_definition_at_every_length_and_cut)
{
    u8 bytes[300];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (u8)(i * 167 + 13);
    for (size_t size = 0; size <= sizeof(bytes); size++) {
        size_t cut = size * 2 / 3;

        CHECK_EQ(crc32c(~0u, bytes, size), crc_by_bits(0x82f63b78, ~0u, bytes, size));
        CHECK_EQ(crc32(0, bytes, size), (u32)~crc_by_bits(0xedb88320, ~0u, bytes, size));
        CHECK_EQ(crc32(crc32(0, bytes, cut), bytes + cut, size - cut), crc32(0, bytes, size));
    }
}

/* Key and message count up from 0; made with a reference that passes the paper's vector. */
TEST(hash, siphash_vectors)
{
    static const struct {
        size_t size;
        u64 hash;
    } cases[] = {
        { 0, 0xabac0158050fc4dc }, { 1, 0xc9f49bf37d57ca93 },  { 7, 0xd3927d989bb11140 },
        { 8, 0x369095118d299a8e }, { 15, 0xd320d86d2a519956 }, { 63, 0x9d199062b7bbb3a8 },
    };
    struct siphash_key key;
    u8 bytes[64];

    for (u32 i = 0; i < sizeof(bytes); i++)
        bytes[i] = (u8)i;
    memcpy(&key, bytes, sizeof(key));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        CHECK(siphash(&key, bytes, cases[i].size) == cases[i].hash);
}

/* Every byte and the length count, at every length. */
TEST(hash, foldhash_tells_apart_what_differs_in_one_bit)
{
    struct foldhash_key key = { { 0x0123456789abcdef, 0xfedcba9876543210 } };
    u8 bytes[40];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (u8)(i * 29);
    for (size_t size = 1; size <= sizeof(bytes); size++) {
        u64 hash = foldhash(&key, bytes, size);

        CHECK(foldhash(&key, bytes, size - 1) != hash);
        for (size_t bit = 0; bit < 8 * size; bit++) {
            bytes[bit / 8] ^= (u8)(1 << bit % 8);
            CHECK(foldhash(&key, bytes, size) != hash);
            bytes[bit / 8] ^= (u8)(1 << bit % 8);
        }
        CHECK_EQ(foldhash(&key, bytes, size), hash);
    }
}

/* Keys as strangers make them, by counting: no bucket gets much more than its share. */
TEST(hash, foldhash_spreads_what_counts_up)
{
    enum {
        BUCKETS = 256,
        KEYS = 64 * BUCKETS,
        SHARE_MAX = 2 * KEYS / BUCKETS,
    };
    struct foldhash_key key = { { 0x9a7c5e3f10b2d486, 0x3c6ef372fe94f82b } };

    for (u32 shift = 0; shift <= 16; shift += 8) {
        u32 low[BUCKETS] = { 0 };
        u32 high[BUCKETS] = { 0 };

        for (u32 i = 0; i < KEYS; i++) {
            u32 words[3] = { 0x0a000001, i << shift, 0x1f900050 };
            u64 hash = foldhash(&key, words, sizeof(words));

            low[hash % BUCKETS]++;
            high[hash >> 56]++;
        }
        for (u32 i = 0; i < BUCKETS; i++) {
            CHECK(low[i] > 0 && low[i] < SHARE_MAX);
            CHECK(high[i] > 0 && high[i] < SHARE_MAX);
        }
    }
}
