/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRC-32 and CRC-32C, reflected, four bytes at a time. The tables follow from the polynomials
 * alone: the test computes both bit by bit.
 */
#include "lib/base/mem.h"
#include "lib/base/types.h"
#include "lib/hash/hash.h"

enum {
    SLICES = 4,
};

typedef u32 crc_tables[SLICES][256];

static const crc_tables ieee = {
#include "lib/hash/crc_ieee.def"
};

static const crc_tables castagnoli = {
#include "lib/hash/crc_castagnoli.def"
};

static u32 run(const crc_tables tables, u32 crc, const u8 *byte, size_t size)
{
    for (; size >= SLICES; size -= SLICES, byte += SLICES) {
        u32 word;

        mem_copy(&word, byte, sizeof(word));
        crc ^= word;
        crc = tables[3][crc & 0xff] ^ tables[2][(crc >> 8) & 0xff] ^ tables[1][(crc >> 16) & 0xff] ^
              tables[0][crc >> 24];
    }
    for (; size > 0; size--, byte++)
        crc = (crc >> 8) ^ tables[0][(crc ^ *byte) & 0xff];
    return crc;
}

u32 crc32(u32 crc, const void *bytes, size_t size)
{
    return ~run(ieee, ~crc, bytes, size);
}

u32 crc32c(u32 crc, const void *bytes, size_t size)
{
    return run(castagnoli, crc, bytes, size);
}
