/* SPDX-License-Identifier: Apache-2.0 */
/* The scoreboard, reassembly and cookies, each against a model an eye can check. */
#include "kernel/core/clock.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/tcp.h"
#include "kernel/net/tcp/connection.h"
#include "kernel/net/tcp/listener.h"
#include "kernel/net/tcp/transfer.h"
#include "kernel/net/tcp/wire.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"
#include "test/net/sim.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#include <string.h>

enum {
    STREAM = 20000,
    BASE = 0xfffff000, /* Sequence numbers wrap in the middle. */
};

static u64 draw(u64 bound)
{
    static u64 state = 42;

    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (state >> 33) % bound;
}

static struct tcp *fresh(void)
{
    static const struct sim_config config;
    struct tcp *tcp;

    sim_init(&config, 1);
    tcp = connection_create();
    CHECK(tcp != NULL);
    tcp->mss = 100;
    tcp->flags |= TCP_F_SACK;
    tcp->snd_una = BASE;
    tcp->lost_end = BASE;
    tcp->rtx_next = BASE;
    tcp->snd_nxt = BASE + STREAM;
    return tcp;
}

static u32 naive_sacked(const bool *sacked, u32 from)
{
    u32 count = 0;

    for (u32 i = from; i < STREAM; i++)
        count += sacked[i];
    return count;
}

static void board_check(const struct tcp *tcp)
{
    for (u32 i = 0; i < tcp->sack_count; i++) {
        CHECK(seq_before(tcp->sacks[i].start, tcp->sacks[i].end));
        CHECK(seq_after(tcp->sacks[i].start, tcp->snd_una));
        CHECK(i == 0 || seq_before(tcp->sacks[i - 1].end, tcp->sacks[i].start));
    }
}

TEST(tcp_recovery, scoreboard_agrees_with_a_naive_one)
{
    struct tcp *tcp = fresh();
    static bool sacked[STREAM];

    for (u32 round = 0; round < 3000; round++) {
        struct tcp_header header = { .sack_count = 1 };
        u32 una = tcp->snd_una - BASE;
        u32 start = una + 1 + (u32)draw(STREAM - una - 1) / 200 * 200;
        u32 end = start + 200 > STREAM ? STREAM : start + 200;

        if (tcp->sack_count >= TCP_SACK_RANGES_MAX - 1)
            break;
        header.sack[0] = (struct tcp_range){ BASE + start, BASE + end };
        (void)sack_update(tcp, &header);
        memset(sacked + start, true, end - start);
        board_check(tcp);
        CHECK_EQ(tcp->sacked_bytes, naive_sacked(sacked, una));
        CHECK_EQ(sack_pipe(tcp), STREAM - una - naive_sacked(sacked, una));
        if (draw(50) == 0 && una + 2000 < STREAM) {
            while (sacked[una])
                una++;
            una += (u32)draw(100);
            while (una < STREAM && sacked[una])
                una++;
            tcp->snd_una = BASE + una;
            sack_advance(tcp);
            board_check(tcp);
            CHECK_EQ(tcp->sacked_bytes, naive_sacked(sacked, una));
        }
    }
    tcp->snd_nxt = tcp->snd_una;
    connection_put(tcp);
}

TEST(tcp_recovery, scoreboard_ignores_what_cannot_be)
{
    struct tcp *tcp = fresh();
    static const struct tcp_range ranges[] = {
        { BASE - 100, BASE - 50 },                     /* Acknowledged long ago: a D-SACK. */
        { BASE - 100, BASE + 50 },                     /* Across snd_una. */
        { BASE, BASE + 50 },                           /* At it: it would be acknowledged. */
        { BASE + 100, BASE + 100 },                    /* Empty. */
        { BASE + 200, BASE + 100 },                    /* Backwards. */
        { BASE + STREAM - 10, BASE + STREAM + 1 },     /* Never sent. */
        { BASE + STREAM + 100, BASE + STREAM + 1000 }, /* Likewise. */
        { BASE + 100, BASE + 0x80000100u },            /* Half of the circle. */
    };

    for (size_t i = 0; i < ARRAY_COUNT(ranges); i++) {
        struct tcp_header header = { .sack_count = 1, .sack = { ranges[i] } };

        CHECK_EQ(sack_update(tcp, &header), 0);
        CHECK_EQ(tcp->sack_count, 0);
    }
    connection_put(tcp);
}

TEST(tcp_recovery, scoreboard_is_bounded)
{
    struct tcp *tcp = fresh();

    for (u32 i = 0; i < 2 * TCP_SACK_RANGES_MAX; i++) {
        struct tcp_header header = { .sack_count = 1 };

        header.sack[0] = (struct tcp_range){ BASE + 10 + i * 20, BASE + 20 + i * 20 };
        (void)sack_update(tcp, &header);
        board_check(tcp);
    }
    CHECK_EQ(tcp->sack_count, TCP_SACK_RANGES_MAX);
    CHECK_EQ(tcp->sacked_bytes, TCP_SACK_RANGES_MAX * 10);
    connection_put(tcp);
}

TEST(tcp_recovery, holes_come_in_order_and_once)
{
    struct tcp *tcp = fresh();
    struct tcp_header header = { .sack_count = 3,
                                 .sack = { { BASE + 100, BASE + 200 },
                                           { BASE + 300, BASE + 400 },
                                           { BASE + 500, BASE + 900 } } };
    struct tcp_range hole;

    (void)sack_update(tcp, &header);
    sack_mark_lost(tcp);
    CHECK_EQ(tcp->lost_end - BASE, 500);
    CHECK_EQ(sack_pipe(tcp), STREAM - 600 - 300);
    for (u32 i = 0; i < 3; i++) {
        CHECK(sack_next_hole(tcp, &hole));
        CHECK_EQ(hole.start - BASE, i * 200);
        CHECK_EQ(hole.end - BASE, i * 200 + 100);
        tcp->rtx_next = hole.end;
    }
    CHECK(!sack_next_hole(tcp, &hole));
    connection_put(tcp);
}

static struct netbuf *piece(u32 start, u32 len)
{
    struct netbuf *buf = netbuf_create();
    u8 bytes[600];

    CHECK(buf != NULL && len <= sizeof(bytes));
    for (u32 i = 0; i < len; i++)
        bytes[i] = (u8)((start + i) * 31 >> 3);
    CHECK(netbuf_append_copy(buf, bytes, len));
    return buf;
}

TEST(tcp_recovery, reassembly_agrees_with_a_naive_one)
{
    struct tcp *tcp = fresh();
    static bool have[STREAM + 4000];
    u32 next = 0;

    tcp->rcv_nxt = BASE;
    tcp->rcvbuf = 64 << 20;
    while (next < STREAM) {
        u32 start = next + 1 + (u32)draw(3000);
        u32 len = 1 + (u32)draw(500);

        reassembly_insert(tcp, piece(start, len), BASE + start);
        memset(have + start, true, len);
        if (draw(10) == 0) {
            len = 1 + (u32)draw(300);
            receive_append(tcp, piece(next, len), len);
            next += len;
            CHECK(!reassembly_drain(tcp));
            while (have[next])
                next++;
            CHECK_EQ(tcp->rcv_nxt - BASE, next);
            CHECK_EQ(tcp->rcv_queued, next);
        }
    }
    for (u32 at = 0; at < next;) {
        const void *memory;
        u64 more;
        long len = tcp_receive_peek(tcp, at, &memory, &more);

        CHECK(len > 0);
        for (u32 i = 0; i < (u32)len; i++)
            CHECK_EQ(((const u8 *)memory)[i], (u8)((at + i) * 31 >> 3));
        at += (u32)len;
    }
    reassembly_purge(tcp);
    receive_purge(tcp);
    CHECK_EQ(tcp->rcv_memory, 0);
    connection_put(tcp);
    CHECK_EQ(netbuf_count(), 0);
}

TEST(tcp_recovery, latest_block_is_told_first)
{
    struct tcp *tcp = fresh();
    static const struct {
        u32 start;
        u32 end;
        struct tcp_range told[3];
    } cases[] = {
        { 100, 200, { { 100, 200 } } },
        { 300, 400, { { 300, 400 }, { 100, 200 } } },
        { 500, 600, { { 500, 600 }, { 300, 400 }, { 100, 200 } } },
        { 200, 300, { { 100, 400 }, { 500, 600 } } },
        { 550, 700, { { 500, 700 }, { 100, 400 } } },
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        reassembly_note(tcp, cases[i].start, cases[i].end);
        CHECK(mem_equal(tcp->rcv_sack, cases[i].told, sizeof(cases[i].told)));
    }
    connection_put(tcp);
}

static struct tcp_segment answer(const struct tcp_tuple *tuple, u32 irs, u32 cookie, u32 stamp,
                                 u64 now_ns)
{
    return (struct tcp_segment){
        .tuple = *tuple,
        .now_ns = now_ns,
        .header = { .seq = irs + 1, .ack = cookie + 1, .has_timestamp = true, .ts_echo = stamp },
    };
}

TEST(tcp_recovery, cookies_come_back_with_all_they_held)
{
    static const u16 sizes[][2] = {
        { 100, 536 }, { 536, 536 }, { 1459, 1440 }, { 1460, 1460 }, { 9000, 8960 }
    };
    const struct tcp_tuple tuple = { 1, 2, 3, 4 };
    u64 now_ns = 1000 * NS_PER_SECOND;

    cookie_init();
    for (u32 i = 0; i < ARRAY_COUNT(sizes); i++) {
        for (u8 wscale = 0; wscale <= 15; wscale++) {
            struct tcp_handshake in = { .irs = 77,
                                        .mss_peer = sizes[i][0],
                                        .sack = wscale % 2,
                                        .wscale = wscale < 15,
                                        .snd_wscale = wscale };
            struct tcp_handshake out;
            u32 cookie = cookie_seq(&tuple, in.irs, in.mss_peer, now_ns);
            struct tcp_segment segment =
                answer(&tuple, in.irs, cookie, cookie_timestamp(&tuple, &in, now_ns), now_ns);

            CHECK(cookie_check(&segment, &out));
            CHECK_EQ(out.mss_peer, sizes[i][1]);
            CHECK_EQ(out.sack, in.sack);
            CHECK_EQ(out.wscale, in.wscale);
            CHECK(!in.wscale || out.snd_wscale == wscale);
            segment.now_ns = now_ns + 119 * NS_PER_SECOND;
            CHECK(cookie_check(&segment, &out));
            segment.now_ns = now_ns + 181 * NS_PER_SECOND;
            CHECK(!cookie_check(&segment, &out));
        }
    }
}

TEST(tcp_recovery, cookies_cannot_be_guessed)
{
    const struct tcp_tuple tuple = { 1, 2, 3, 4 };
    u64 now_ns = 1000 * NS_PER_SECOND;
    u32 cookie;
    u32 hits = 0;

    cookie_init();
    cookie = cookie_seq(&tuple, 77, 1460, now_ns);
    for (u32 i = 1; i < 100000; i++) {
        struct tcp_segment segment = answer(&tuple, 77, cookie + i * 16, 0, now_ns);
        struct tcp_handshake out;

        hits += cookie_check(&segment, &out);
    }
    CHECK(hits <= 3); /* 8 of 2^24 for each of three minutes. */
}
