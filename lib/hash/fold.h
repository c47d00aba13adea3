/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A keyed hash for tables that are looked up several times a request: a few instructions for each
 * eight bytes, where SipHash takes twenty and as many again to end. Each word is multiplied with
 * the key to 128 bits, whose halves are folded together. Strangers choose what is hashed, and know
 * neither the key, which is drawn at boot, nor any hash; a table that they could still make long
 * costs time, not correctness. What must not be guessed even by who sees other values of it
 * (sequence numbers, cookies, ports) takes SipHash. docs/decisions/0007 weighs the two.
 *
 * Inline: the size is most often a constant.
 */

#include "lib/base/mem.h"
#include "lib/base/types.h"

struct foldhash_key {
    u64 word[2]; /* Random. */
};

static inline u64 foldhash_fold(u64 left, u64 right)
{
    unsigned __int128 product = (unsigned __int128)left * right;

    return (u64)product ^ (u64)(product >> 64);
}

static inline u64 foldhash_load(const void *bytes, size_t size)
{
    u64 word = 0;

    mem_copy(&word, bytes, size);
    return word;
}

/* The last one to eight bytes, which may overlap those in front of them. */
static inline u64 foldhash_tail(const u8 *end, size_t size, size_t left)
{
    if (size >= 8)
        return foldhash_load(end - 8, 8);
    if (left >= 4)
        return foldhash_load(end - left, 4) | foldhash_load(end - 4, 4) << 32;
    end -= left;
    return (u64)end[0] << 16 | (u64)end[left / 2] << 8 | end[left - 1];
}

static inline u64 foldhash(const struct foldhash_key *key, const void *bytes, size_t size)
{
    const u8 *at = bytes;
    u64 factor = key->word[1] | 1;
    u64 state = key->word[0] ^ size;
    size_t left = size;

    for (; left > 8; left -= 8, at += 8)
        state = foldhash_fold(state ^ foldhash_load(at, 8), factor);
    if (left > 0)
        state = foldhash_fold(state ^ foldhash_tail(at + left, size, left), factor);
    return foldhash_fold(state, key->word[0] | 1);
}
