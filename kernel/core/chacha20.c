/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/core/chacha20.h"

#include "lib/base/mem.h"

enum {
    STATE_WORDS = 16,
    DOUBLE_ROUNDS = 10,
};

static inline u32 rotate(u32 value, u32 bits)
{
    return value << bits | value >> (32 - bits);
}

static inline void quarter_round(u32 *state, u32 a, u32 b, u32 c, u32 d)
{
    state[a] += state[b];
    state[d] = rotate(state[d] ^ state[a], 16);
    state[c] += state[d];
    state[b] = rotate(state[b] ^ state[c], 12);
    state[a] += state[b];
    state[d] = rotate(state[d] ^ state[a], 8);
    state[c] += state[d];
    state[b] = rotate(state[b] ^ state[c], 7);
}

void chacha20_block(const u32 key[CHACHA20_KEY_WORDS], u32 counter,
                    const u32 nonce[CHACHA20_NONCE_WORDS], u8 block[CHACHA20_BLOCK_SIZE])
{
    u32 start[STATE_WORDS] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
    u32 state[STATE_WORDS];

    mem_copy(&start[4], key, sizeof(u32) * CHACHA20_KEY_WORDS);
    start[12] = counter;
    mem_copy(&start[13], nonce, sizeof(u32) * CHACHA20_NONCE_WORDS);
    mem_copy(state, start, sizeof(state));
    for (int i = 0; i < DOUBLE_ROUNDS; i++) {
        quarter_round(state, 0, 4, 8, 12);
        quarter_round(state, 1, 5, 9, 13);
        quarter_round(state, 2, 6, 10, 14);
        quarter_round(state, 3, 7, 11, 15);
        quarter_round(state, 0, 5, 10, 15);
        quarter_round(state, 1, 6, 11, 12);
        quarter_round(state, 2, 7, 8, 13);
        quarter_round(state, 3, 4, 9, 14);
    }
    for (u32 i = 0; i < STATE_WORDS; i++)
        state[i] += start[i];
    mem_copy(block, state, sizeof(state));
}
