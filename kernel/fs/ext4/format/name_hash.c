/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes of names for directory trees: those of Linux, bit for bit. Names are cut into words with
 * the length as padding; characters are signed or not, as on the machine that made the filesystem.
 */
#include "abi/ext4/ext4.h"
#include "kernel/fs/ext4/format/fs.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    MD4_WORDS = 8,
    TEA_WORDS = 4,
    TEA_ROUNDS = 16,
};

#define TEA_DELTA 0x9e3779b9u
#define MD4_K2    0x5a827999u /* Square root of 2. */
#define MD4_K3    0x6ed9eba1u /* Square root of 3. */
/* The largest hash is kept for "end of the directory". */
#define HASH_END 0xfffffffeu

static u32 character(const char *name, u32 index, bool is_unsigned)
{
    return is_unsigned ? (u32)(unsigned char)name[index] : (u32)(int)(signed char)name[index];
}

static u32 legacy_hash(const char *name, u32 len, bool is_unsigned)
{
    u32 hash0 = 0x12a3fe2d;
    u32 hash1 = 0x37abe8f9;

    for (u32 i = 0; i < len; i++) {
        u32 hash = hash1 + (hash0 ^ (character(name, i, is_unsigned) * 7152373u));

        if (hash & 0x80000000u)
            hash -= 0x7fffffffu;
        hash1 = hash0;
        hash0 = hash;
    }
    return hash0 << 1;
}

/* The next `count` words of a name of which `len` bytes are left. */
static void name_words(const char *name, u32 len, bool is_unsigned, u32 *words, u32 count)
{
    u32 pad = len | len << 8;
    u32 value;
    u32 used = 0;

    pad |= pad << 16;
    value = pad;
    len = u32_min(len, count * 4);
    for (u32 i = 0; i < len; i++) {
        value = character(name, i, is_unsigned) + (value << 8);
        if (i % 4 == 3) {
            words[used++] = value;
            value = pad;
        }
    }
    if (used < count)
        words[used++] = value;
    while (used < count)
        words[used++] = pad;
}

static u32 rotate(u32 value, u32 bits)
{
    return value << bits | value >> (32 - bits);
}

static u32 md4_f(u32 x, u32 y, u32 z)
{
    return z ^ (x & (y ^ z));
}

static u32 md4_g(u32 x, u32 y, u32 z)
{
    return (x & y) + ((x ^ y) & z);
}

static u32 md4_h(u32 x, u32 y, u32 z)
{
    return x ^ y ^ z;
}

/* One round: eight steps, each on the next of the four words, taken backwards. */
static void md4_round(u32 state[4], const u32 *words, u32 (*mix)(u32, u32, u32), u32 constant,
                      const u8 order[MD4_WORDS], const u8 shifts[4])
{
    for (u32 i = 0; i < MD4_WORDS; i++) {
        u32 *a = &state[(4 - i % 4) % 4];
        u32 b = state[(5 - i % 4) % 4];
        u32 c = state[(6 - i % 4) % 4];
        u32 d = state[(7 - i % 4) % 4];

        *a = rotate(*a + mix(b, c, d) + words[order[i]] + constant, shifts[i % 4]);
    }
}

static void half_md4(u32 state[4], const u32 words[MD4_WORDS])
{
    static const u8 order1[] = { 0, 1, 2, 3, 4, 5, 6, 7 };
    static const u8 order2[] = { 1, 3, 5, 7, 0, 2, 4, 6 };
    static const u8 order3[] = { 3, 7, 2, 6, 1, 5, 0, 4 };
    static const u8 shifts1[] = { 3, 7, 11, 19 };
    static const u8 shifts2[] = { 3, 5, 9, 13 };
    static const u8 shifts3[] = { 3, 9, 11, 15 };
    u32 work[4];

    mem_copy(work, state, sizeof(work));
    md4_round(work, words, md4_f, 0, order1, shifts1);
    md4_round(work, words, md4_g, MD4_K2, order2, shifts2);
    md4_round(work, words, md4_h, MD4_K3, order3, shifts3);
    for (u32 i = 0; i < 4; i++)
        state[i] += work[i];
}

static void tea(u32 state[4], const u32 words[TEA_WORDS])
{
    u32 sum = 0;
    u32 left = state[0];
    u32 right = state[1];

    for (int i = 0; i < TEA_ROUNDS; i++) {
        sum += TEA_DELTA;
        left += ((right << 4) + words[0]) ^ (right + sum) ^ ((right >> 5) + words[1]);
        right += ((left << 4) + words[2]) ^ (left + sum) ^ ((left >> 5) + words[3]);
    }
    state[0] += left;
    state[1] += right;
}

static void start_state(u32 state[4], const u32 seed[4])
{
    static const u32 initial[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
    bool has_seed = (seed[0] | seed[1] | seed[2] | seed[3]) != 0;

    mem_copy(state, has_seed ? seed : initial, sizeof(initial));
}

bool ext4_name_hash(const u32 seed[4], u32 version, const char *name, u32 len, u32 *hash)
{
    bool is_unsigned = version >= EXT4_HASH_UNSIGNED;
    u32 kind = is_unsigned ? version - EXT4_HASH_UNSIGNED : version;
    u32 words[MD4_WORDS];
    u32 state[4];
    u32 step = kind == EXT4_HASH_TEA ? TEA_WORDS : MD4_WORDS;

    if (kind > EXT4_HASH_TEA)
        return false;
    start_state(state, seed);
    for (u32 off = 0; kind != EXT4_HASH_LEGACY && off < len; off += step * 4) {
        name_words(name + off, len - off, is_unsigned, words, step);
        if (kind == EXT4_HASH_TEA) {
            tea(state, words);
        } else {
            half_md4(state, words);
        }
    }
    if (kind == EXT4_HASH_LEGACY) {
        *hash = legacy_hash(name, len, is_unsigned);
    } else {
        *hash = kind == EXT4_HASH_TEA ? state[0] : state[1];
    }
    *hash &= ~1u;
    if (*hash == HASH_END)
        *hash = HASH_END - 2;
    return true;
}
