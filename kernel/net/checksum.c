/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Internet checksum, eight bytes at a time: ones' complement sums of any width fold to the same
 * 16 bits (RFC 1071 2 (A)-(C)).
 */
#include "kernel/net/checksum.h"

#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"

static inline u64 load64(const u8 *bytes)
{
    u64 word;

    mem_copy(&word, bytes, sizeof(word));
    return word;
}

static inline u64 add_with_carry(u64 sum, u64 word)
{
    sum += word;
    return sum + (sum < word);
}

static inline u32 fold64(u64 sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffffffff) + (sum >> 32);
    return (u32)sum;
}

u32 checksum_add(const void *bytes, size_t len, u32 sum)
{
    const u8 *at = bytes;
    u64 wide = sum;
    u64 tail = 0;

    for (; len >= 32; len -= 32, at += 32) {
        wide = add_with_carry(wide, load64(at));
        wide = add_with_carry(wide, load64(at + 8));
        wide = add_with_carry(wide, load64(at + 16));
        wide = add_with_carry(wide, load64(at + 24));
    }
    for (; len >= 8; len -= 8, at += 8)
        wide = add_with_carry(wide, load64(at));
    for (size_t i = 0; i < len; i++)
        tail |= (u64)at[i] << (8 * i);
    return fold64(add_with_carry(wide, tail));
}

u32 checksum_combine(u32 sum, u32 part, u32 off)
{
    if (off & 1)
        part = part << 8 | part >> 24;
    return fold64((u64)sum + part);
}

u32 checksum_pseudo(u32 source, u32 destination, u8 protocol, u32 len)
{
    u64 sum = be32_make(source).raw;

    sum += be32_make(destination).raw;
    sum += be32_make((u32)protocol << 16).raw;
    sum += be32_make(len).raw;
    sum = (sum & 0xffffffff) + (sum >> 32);
    return fold64(sum);
}
