/* SPDX-License-Identifier: Apache-2.0 */
#include "host/sha256.h"

#include <string.h>

/* Section 4.2.2. */
static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t value, int count)
{
    return value >> count | value << (32 - count);
}

static uint32_t be32_load(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Section 6.2.2, steps 1 to 4. */
static void block_add(struct sha256 *sha, const uint8_t *block)
{
    uint32_t w[64];
    uint32_t s[8];

    for (int t = 0; t < 16; t++)
        w[t] = be32_load(block + (size_t)t * 4);
    for (int t = 16; t < 64; t++) {
        uint32_t s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ w[t - 15] >> 3;
        uint32_t s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ w[t - 2] >> 10;

        w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    memcpy(s, sha->state, sizeof(s));
    for (int t = 0; t < 64; t++) {
        uint32_t sum1 = rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25);
        uint32_t choose = (s[4] & s[5]) ^ (~s[4] & s[6]);
        uint32_t sum0 = rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22);
        uint32_t majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
        uint32_t t1 = s[7] + sum1 + choose + round_constants[t] + w[t];

        memmove(s + 1, s, 7 * sizeof(s[0]));
        s[4] += t1;
        s[0] = t1 + sum0 + majority;
    }
    for (int i = 0; i < 8; i++)
        sha->state[i] += s[i];
}

void sha256_init(struct sha256 *sha)
{
    static const uint32_t initial[8] = {
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    };

    memcpy(sha->state, initial, sizeof(initial));
    sha->size = 0;
}

void sha256_add(struct sha256 *sha, const void *bytes, size_t size)
{
    const uint8_t *next = bytes;
    size_t used = sha->size % SHA256_BLOCK_SIZE;

    sha->size += size;
    if (used > 0) {
        size_t part = SHA256_BLOCK_SIZE - used;

        if (part > size)
            part = size;
        if (part > 0)
            memcpy(sha->block + used, next, part);
        next += part;
        size -= part;
        if (used + part < SHA256_BLOCK_SIZE)
            return;
        block_add(sha, sha->block);
    }
    for (; size >= SHA256_BLOCK_SIZE; size -= SHA256_BLOCK_SIZE) {
        block_add(sha, next);
        next += SHA256_BLOCK_SIZE;
    }
    if (size > 0)
        memcpy(sha->block, next, size);
}

void sha256_finish(struct sha256 *sha, uint8_t digest[SHA256_SIZE])
{
    static const uint8_t padding[SHA256_BLOCK_SIZE] = { 0x80 };
    uint64_t bits = sha->size * 8;
    size_t used = sha->size % SHA256_BLOCK_SIZE;
    uint8_t len[8];

    sha256_add(sha, padding, (used < 56 ? 56 : 120) - used);
    for (int i = 0; i < 8; i++)
        len[i] = (uint8_t)(bits >> (56 - i * 8));
    sha256_add(sha, len, sizeof(len));
    for (int i = 0; i < SHA256_SIZE; i++)
        digest[i] = (uint8_t)(sha->state[i / 4] >> (24 - i % 4 * 8));
}
