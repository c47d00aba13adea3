/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * TCP headers as they lie on the wire (RFC 9293 3.1), with the options MSS, window scale and
 * timestamps (RFC 7323) and SACK (RFC 2018). Pure: bytes in, struct out, and back.
 */

#include "lib/base/types.h"

enum {
    TCP_HEADER_SIZE = 20,
    TCP_HEADER_MAX = 60,
    TCP_SACK_BLOCKS_MAX = 4,
    TCP_WSCALE_MAX = 14,      /* RFC 7323 2.3: a larger one counts as this. */
    TCP_CHECKSUM_OFF = 16,    /* Of the field, in the header. */
    TCP_TIMESTAMP_SPACE = 12, /* The option and two NOPs before it. */
};

enum tcp_flags {
    TCP_FIN = 1u << 0,
    TCP_SYN = 1u << 1,
    TCP_RST = 1u << 2,
    TCP_PSH = 1u << 3,
    TCP_ACK = 1u << 4,
    TCP_URG = 1u << 5,
};

/* [start, end) of sequence numbers. */
struct tcp_range {
    u32 start;
    u32 end;
};

struct tcp_header {
    u16 source_port;
    u16 destination_port;
    u32 seq;
    u32 ack;
    u16 window; /* Unscaled. */
    u8 flags;
    u8 size; /* Options included; set by tcp_header_parse(). */

    /* Options. */
    bool has_timestamp;
    bool has_wscale;
    bool sack_permitted;
    u8 wscale;
    u16 mss; /* 0: no such option. */
    u8 sack_count;
    u32 ts_value;
    u32 ts_echo;
    struct tcp_range sack[TCP_SACK_BLOCKS_MAX];
};

/* Sequence numbers wrap: these compare within half of the circle. */
static inline bool seq_before(u32 left, u32 right)
{
    return (s32)(left - right) < 0;
}

static inline bool seq_after(u32 left, u32 right)
{
    return (s32)(right - left) < 0;
}

static inline u32 seq_max(u32 left, u32 right)
{
    return seq_before(left, right) ? right : left;
}

static inline u32 seq_min(u32 left, u32 right)
{
    return seq_before(left, right) ? left : right;
}

/* The size of the whole header at `bytes` (20 readable), or 0 when it cannot be one. */
u32 tcp_header_size(const u8 *bytes);

/*
 * Reads a header of `size` bytes, what tcp_header_size() said. Options that make no sense are
 * skipped, those after a broken length ignored: they cost nobody a segment. Of the SACK blocks only
 * `sack_count` are set.
 */
void tcp_header_parse(struct tcp_header *header, const u8 *bytes, u32 size);

/* Bytes that tcp_header_emit() will write. */
u32 tcp_header_emit_size(const struct tcp_header *header);

/* Writes the header, the checksum field 0. `header->size` is not looked at. */
void tcp_header_emit(const struct tcp_header *header, u8 *bytes);
