/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SYN cookies (RFC 4987 3.6): when the queue of requests is full, the SYN-ACK's sequence number
 * itself remembers the request. 24 bits are a keyed hash of the tuple, the peer's sequence number
 * and the minute, over which the index of an MSS is laid; 8 bits count minutes. Window scale and
 * SACK hide in the low bits of our timestamp, which the peer echoes.
 */
#include "kernel/core/clock.h"
#include "kernel/core/entropy.h"
#include "kernel/net/tcp/connection.h"
#include "kernel/net/tcp/listener.h"
#include "kernel/net/tcp/wire.h"
#include "lib/base/types.h"
#include "lib/hash/hash.h"

enum {
    COUNT_SHIFT = 24,
    HASH_MASK = (1 << COUNT_SHIFT) - 1,
    MINUTES_VALID = 2,
    STAMP_BITS = 5, /* Four of window scale, one of SACK. */
    STAMP_MASK = (1 << STAMP_BITS) - 1,
    STAMP_SACK = 1 << 4,
    STAMP_NO_WSCALE = 15,
};

#define NS_PER_MINUTE (60 * NS_PER_SECOND)

/* What networks really use; the largest that does not exceed the peer's is taken. */
static const u16 mss_table[] = { 536, 1220, 1300, 1400, 1440, 1460, 4312, 8960 };

static struct siphash_key key; /* [const] after cookie_init() */

void cookie_init(void)
{
    random_bytes(&key, sizeof(key));
}

static u32 cookie_hash(const struct tcp_tuple *tuple, u32 irs, u32 minute)
{
    struct {
        struct tcp_tuple tuple;
        u32 irs;
        u32 minute;
    } input = { *tuple, irs, minute };

    return (u32)siphash(&key, &input, sizeof(input));
}

static u32 mss_index(u16 mss)
{
    u32 index = ARRAY_COUNT(mss_table) - 1;

    while (index > 0 && mss_table[index] > mss)
        index--;
    return index;
}

u32 cookie_seq(const struct tcp_tuple *tuple, u32 irs, u16 mss, u64 now_ns)
{
    u32 minute = (u32)(now_ns / NS_PER_MINUTE);
    u32 hash = cookie_hash(tuple, irs, minute) + mss_index(mss);

    return (hash & HASH_MASK) | minute << COUNT_SHIFT;
}

u32 cookie_timestamp(const struct tcp_tuple *tuple, const struct tcp_handshake *handshake,
                     u64 now_ns)
{
    u32 now = tcp_clock_ms(now_ns) + tcp_timestamp_offset(tuple);
    u32 options = handshake->wscale ? handshake->snd_wscale : STAMP_NO_WSCALE;
    u32 stamp;

    if (handshake->sack)
        options |= STAMP_SACK;
    stamp = (now & ~(u32)STAMP_MASK) | options;
    /* Never ahead of the clock: the next timestamp may not go back. */
    return (s32)(stamp - now) > 0 ? stamp - (STAMP_MASK + 1) : stamp;
}

static void stamp_decode(const struct tcp_header *header, struct tcp_handshake *handshake)
{
    u32 options = header->ts_echo & STAMP_MASK;
    u32 wscale = options & STAMP_NO_WSCALE;

    handshake->timestamps = true;
    handshake->ts_recent = header->ts_value;
    handshake->sack = (options & STAMP_SACK) != 0;
    handshake->wscale = wscale != STAMP_NO_WSCALE;
    handshake->snd_wscale = handshake->wscale ? (u8)wscale : 0;
}

bool cookie_check(const struct tcp_segment *segment, struct tcp_handshake *handshake)
{
    u32 iss = segment->header.ack - 1;
    u32 irs = segment->header.seq - 1;
    u32 now = (u32)(segment->now_ns / NS_PER_MINUTE);
    u32 age = (now - (iss >> COUNT_SHIFT)) & 0xff;
    u32 index;

    if (age > MINUTES_VALID || age > now)
        return false;
    index = (iss - cookie_hash(&segment->tuple, irs, now - age)) & HASH_MASK;
    if (index >= ARRAY_COUNT(mss_table))
        return false;
    *handshake = (struct tcp_handshake){ .iss = iss, .irs = irs, .mss_peer = mss_table[index] };
    if (segment->header.has_timestamp)
        stamp_decode(&segment->header, handshake);
    return true;
}
