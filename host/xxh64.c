/* SPDX-License-Identifier: Apache-2.0 */
#include "host/xxh64.h"

#include <endian.h>
#include <string.h>

enum {
    STRIPE_SIZE = 32,
};

static const uint64_t prime1 = 0x9e3779b185ebca87;
static const uint64_t prime2 = 0xc2b2ae3d27d4eb4f;
static const uint64_t prime3 = 0x165667b19e3779f9;
static const uint64_t prime4 = 0x85ebca77c2b2ae63;
static const uint64_t prime5 = 0x27d4eb2f165667c5;

static uint64_t rotated(uint64_t word, int bits)
{
    return word << bits | word >> (64 - bits);
}

static uint64_t word_at(const uint8_t *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof(word));
    return le64toh(word);
}

static uint64_t lane_round(uint64_t lane, uint64_t word)
{
    return rotated(lane + word * prime2, 31) * prime1;
}

static uint64_t lane_merge(uint64_t hash, uint64_t lane)
{
    return (hash ^ lane_round(0, lane)) * prime1 + prime4;
}

/* Steps 1 to 3: whole stripes, four lanes side by side. Moves `*bytes` past them. */
static uint64_t stripes_hash(const uint8_t **bytes, const uint8_t *end, uint64_t seed)
{
    uint64_t a = seed + prime1 + prime2;
    uint64_t b = seed + prime2;
    uint64_t c = seed;
    uint64_t d = seed - prime1;
    const uint8_t *next = *bytes;
    uint64_t hash;

    for (; end - next >= STRIPE_SIZE; next += STRIPE_SIZE) {
        a = lane_round(a, word_at(next));
        b = lane_round(b, word_at(next + 8));
        c = lane_round(c, word_at(next + 16));
        d = lane_round(d, word_at(next + 24));
    }
    *bytes = next;
    hash = rotated(a, 1) + rotated(b, 7) + rotated(c, 12) + rotated(d, 18);
    hash = lane_merge(hash, a);
    hash = lane_merge(hash, b);
    hash = lane_merge(hash, c);
    return lane_merge(hash, d);
}

/* Step 5: what is less than a stripe. */
static uint64_t rest_hash(uint64_t hash, const uint8_t *next, const uint8_t *end)
{
    for (; end - next >= 8; next += 8)
        hash = rotated(hash ^ lane_round(0, word_at(next)), 27) * prime1 + prime4;
    if (end - next >= 4) {
        uint32_t half;

        memcpy(&half, next, sizeof(half));
        hash = rotated(hash ^ le32toh(half) * prime1, 23) * prime2 + prime3;
        next += 4;
    }
    for (; next < end; next++)
        hash = rotated(hash ^ *next * prime5, 11) * prime1;
    return hash;
}

uint64_t xxh64(const void *bytes, size_t size, uint64_t seed)
{
    const uint8_t *next = bytes;
    const uint8_t *end = next + size;
    uint64_t hash = size >= STRIPE_SIZE ? stripes_hash(&next, end, seed) : seed + prime5;

    hash = rest_hash(hash + size, next, end);
    hash = (hash ^ hash >> 33) * prime2;
    hash = (hash ^ hash >> 29) * prime3;
    return hash ^ hash >> 32;
}
