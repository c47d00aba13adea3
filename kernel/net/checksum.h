/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The Internet checksum (RFC 1071).
 *
 * A running sum is a u32 of 16-bit words as they lie in memory, so no byte is ever swapped: what
 * checksum_finish() returns is stored into the header as it is. A header whose own checksum field
 * is included sums up to 0xffff, and checksum_finish() of that is 0.
 */

#include "lib/base/mem.h"
#include "lib/base/types.h"

/* Adds `len` bytes to `sum`, the first of them at an even offset of what is summed. */
u32 checksum_add(const void *bytes, size_t len, u32 sum);

/*
 * Adds the sum of a part that begins `off` bytes into the whole: at an odd offset its bytes have
 * changed places.
 */
u32 checksum_combine(u32 sum, u32 part, u32 off);

/* The pseudo header of TCP and UDP over IPv4. Addresses in host order, `len` of header and data. */
u32 checksum_pseudo(u32 source, u32 destination, u8 protocol, u32 len);

/* The sum of an IPv4 header without options: 20 bytes, of any alignment. */
static inline u32 checksum_header(const u8 bytes[20])
{
    u64 front;
    u64 middle;
    u32 back;

    mem_copy(&front, bytes, sizeof(front));
    mem_copy(&middle, bytes + 8, sizeof(middle));
    mem_copy(&back, bytes + 16, sizeof(back));
    front = (front & 0xffffffff) + (front >> 32) + (middle & 0xffffffff) + (middle >> 32) + back;
    front = (front & 0xffffffff) + (front >> 32);
    return (u32)front + (u32)(front >> 32);
}

/* Down to 16 bits, with the carries added in. */
static inline u16 checksum_fold(u32 sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (u16)sum;
}

/* What goes into the header: the complement. */
static inline u16 checksum_finish(u32 sum)
{
    return (u16)~checksum_fold(sum);
}
