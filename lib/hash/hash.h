/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Checksums of disk formats, and keyed hashes for tables whose keys strangers choose. */

#include "lib/base/types.h"

/* CRC-32 (IEEE 802.3, as in GPT). Start with 0; feed the result back in to go on. */
u32 crc32(u32 crc, const void *bytes, size_t size);

/* CRC-32C (Castagnoli, as in ext4), without the final inversion. ext4 starts with ~0. */
u32 crc32c(u32 crc, const void *bytes, size_t size);

struct siphash_key {
    u64 word[2];
};

/* SipHash-1-3 (the variant for hash tables). */
u64 siphash(const struct siphash_key *key, const void *bytes, size_t size);
