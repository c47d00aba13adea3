/* SPDX-License-Identifier: Apache-2.0 */
/* SipHash-1-3: Aumasson and Bernstein's SipHash with one round a word and three at the end. */
#include "lib/base/mem.h"
#include "lib/base/types.h"
#include "lib/hash/hash.h"

struct sip {
    u64 v0;
    u64 v1;
    u64 v2;
    u64 v3;
};

static inline u64 rotate(u64 value, u32 bits)
{
    return value << bits | value >> (64 - bits);
}

static inline void sip_round(struct sip *sip)
{
    sip->v0 += sip->v1;
    sip->v1 = rotate(sip->v1, 13) ^ sip->v0;
    sip->v0 = rotate(sip->v0, 32);
    sip->v2 += sip->v3;
    sip->v3 = rotate(sip->v3, 16) ^ sip->v2;
    sip->v0 += sip->v3;
    sip->v3 = rotate(sip->v3, 21) ^ sip->v0;
    sip->v2 += sip->v1;
    sip->v1 = rotate(sip->v1, 17) ^ sip->v2;
    sip->v2 = rotate(sip->v2, 32);
}

static inline void sip_word(struct sip *sip, u64 word)
{
    sip->v3 ^= word;
    sip_round(sip);
    sip->v0 ^= word;
}

u64 siphash(const struct siphash_key *key, const void *bytes, size_t size)
{
    struct sip sip = {
        .v0 = key->word[0] ^ 0x736f6d6570736575,
        .v1 = key->word[1] ^ 0x646f72616e646f6d,
        .v2 = key->word[0] ^ 0x6c7967656e657261,
        .v3 = key->word[1] ^ 0x7465646279746573,
    };
    const u8 *at = bytes;
    u64 last = (u64)size << 56;
    size_t left = size;
    u64 word;

    for (; left >= sizeof(word); left -= sizeof(word), at += sizeof(word)) {
        mem_copy(&word, at, sizeof(word));
        sip_word(&sip, word);
    }
    for (size_t i = 0; i < left; i++)
        last |= (u64)at[i] << (8 * i);
    sip_word(&sip, last);
    sip.v2 ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(&sip);
    return sip.v0 ^ sip.v1 ^ sip.v2 ^ sip.v3;
}
