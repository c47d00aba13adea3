/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Across byte orders: host integers to and from the typed ones of lib/base/types.h. */

#include "lib/base/types.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "only little-endian machines so far"
#endif

static inline u16 le16_get(struct le16 value)
{
    return value.raw;
}

static inline u32 le32_get(struct le32 value)
{
    return value.raw;
}

static inline u64 le64_get(struct le64 value)
{
    return value.raw;
}

static inline struct le16 le16_make(u16 value)
{
    return (struct le16){ value };
}

static inline struct le32 le32_make(u32 value)
{
    return (struct le32){ value };
}

static inline struct le64 le64_make(u64 value)
{
    return (struct le64){ value };
}

static inline u16 be16_get(struct be16 value)
{
    return __builtin_bswap16(value.raw);
}

static inline u32 be32_get(struct be32 value)
{
    return __builtin_bswap32(value.raw);
}

static inline u64 be64_get(struct be64 value)
{
    return __builtin_bswap64(value.raw);
}

static inline struct be16 be16_make(u16 value)
{
    return (struct be16){ __builtin_bswap16(value) };
}

static inline struct be32 be32_make(u32 value)
{
    return (struct be32){ __builtin_bswap32(value) };
}

static inline struct be64 be64_make(u64 value)
{
    return (struct be64){ __builtin_bswap64(value) };
}
