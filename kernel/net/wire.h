/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Big-endian numbers at any address, for parsing and emitting headers. */

#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"

static inline u16 wire_get16(const u8 *bytes)
{
    struct be16 value;

    mem_copy(&value, bytes, sizeof(value));
    return be16_get(value);
}

static inline u32 wire_get32(const u8 *bytes)
{
    struct be32 value;

    mem_copy(&value, bytes, sizeof(value));
    return be32_get(value);
}

static inline void wire_put16(u8 *bytes, u16 number)
{
    struct be16 value = be16_make(number);

    mem_copy(bytes, &value, sizeof(value));
}

static inline void wire_put32(u8 *bytes, u32 number)
{
    struct be32 value = be32_make(number);

    mem_copy(bytes, &value, sizeof(value));
}

/* A checksum: as checksum_finish() and checksum_fold() make it, in the order of memory. */
static inline u16 wire_get_sum(const u8 *bytes)
{
    u16 sum;

    mem_copy(&sum, bytes, sizeof(sum));
    return sum;
}

static inline void wire_put_sum(u8 *bytes, u16 sum)
{
    mem_copy(bytes, &sum, sizeof(sum));
}
