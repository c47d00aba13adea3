/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The ChaCha20 block function (RFC 8439, section 2.3). */

#include "lib/base/types.h"

enum {
    CHACHA20_KEY_WORDS = 8,
    CHACHA20_NONCE_WORDS = 3,
    CHACHA20_BLOCK_SIZE = 64,
};

void chacha20_block(const u32 key[CHACHA20_KEY_WORDS], u32 counter,
                    const u32 nonce[CHACHA20_NONCE_WORDS], u8 block[CHACHA20_BLOCK_SIZE]);
