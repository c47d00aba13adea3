/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* SHA-256, FIPS 180-4. It names contents; nothing secret goes through it. */

#include <stddef.h>
#include <stdint.h>

enum {
    SHA256_SIZE = 32,
    SHA256_BLOCK_SIZE = 64,
};

struct sha256 {
    uint32_t state[8];
    uint64_t size; /* Bytes hashed so far. */
    uint8_t block[SHA256_BLOCK_SIZE];
};

void sha256_init(struct sha256 *sha);
void sha256_add(struct sha256 *sha, const void *bytes, size_t size);

/* Ends the hash; `sha` is used up. */
void sha256_finish(struct sha256 *sha, uint8_t digest[SHA256_SIZE]);
