/* SPDX-License-Identifier: Apache-2.0 */
/* Headers and options: there and back, and what strangers send. */
#include "kernel/net/tcp/wire.h"

#include "lib/base/mem.h"
#include "test/unit/unit.h"

TEST(tcp_wire, compares_sequence_numbers_around_the_circle)
{
    static const struct {
        u32 left;
        u32 right;
        bool before;
    } cases[] = { { 0, 1, true },           { 1, 0, false },
                  { 5, 5, false },          { 0xffffffff, 0, true },
                  { 0, 0xffffffff, false }, { 0x7fffffff, 0x80000000, true },
                  { 0xfffffff0, 16, true }, { 16, 0xfffffff0, false } };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        CHECK_EQ(seq_before(cases[i].left, cases[i].right), cases[i].before);
        CHECK_EQ(seq_after(cases[i].right, cases[i].left), cases[i].before);
    }
    CHECK_EQ(seq_max(0xffffffff, 3), 3);
    CHECK_EQ(seq_min(0xffffffff, 3), 0xffffffff);
}

TEST(tcp_wire, emits_what_it_parses)
{
    static const struct tcp_header cases[] = {
        { .seq = 1, .flags = TCP_RST },
        { .seq = 1,
          .ack = 2,
          .flags = TCP_ACK,
          .window = 0xffff,
          .has_timestamp = true,
          .ts_value = 0x01020304,
          .ts_echo = 0xfffefdfc },
        { .flags = TCP_SYN,
          .mss = 1460,
          .has_wscale = true,
          .wscale = 7,
          .sack_permitted = true,
          .has_timestamp = true,
          .ts_value = 9 },
        { .flags = TCP_SYN, .mss = 536 },
        { .flags = TCP_ACK,
          .has_timestamp = true,
          .sack_count = 3,
          .sack = { { 1, 2 }, { 0xffffffff, 5 }, { 7, 9 } } },
        { .flags = TCP_ACK, .sack_count = 4, .sack = { { 1, 2 }, { 3, 4 }, { 5, 6 }, { 7, 8 } } },
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct tcp_header parsed;
        u8 bytes[TCP_HEADER_MAX];
        u32 size = tcp_header_emit_size(&cases[i]);

        CHECK(size <= TCP_HEADER_MAX && size % 4 == 0);
        mem_zero(&parsed, sizeof(parsed));
        tcp_header_emit(&cases[i], bytes);
        CHECK_EQ(tcp_header_size(bytes), size);
        tcp_header_parse(&parsed, bytes, size);
        CHECK_EQ(parsed.size, size);
        parsed.size = 0;
        CHECK(mem_equal(&parsed, &cases[i], sizeof(parsed)));
    }
}

TEST(tcp_wire, refuses_headers_that_are_too_short)
{
    u8 bytes[TCP_HEADER_SIZE] = { 0 };

    for (u32 words = 0; words < 16; words++) {
        bytes[12] = (u8)(words << 4);
        CHECK_EQ(tcp_header_size(bytes), words < 5 ? 0 : words * 4);
    }
}

TEST(tcp_wire, skips_options_that_make_no_sense)
{
    static const struct {
        const char *remark;
        u8 options[12];
        u16 mss;
        bool timestamp;
        u8 wscale;
    } cases[] = {
        { "ends at once", { 0, 2, 4, 1, 1 }, 0, false, 0 },
        { "length 0", { 9, 0, 2, 4, 5, 180 }, 0, false, 0 },
        { "length 1", { 9, 1, 2, 4, 5, 180 }, 0, false, 0 },
        { "longer than the header", { 2, 13, 5, 180 }, 0, false, 0 },
        { "cut after its kind", { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2 }, 0, false, 0 },
        { "MSS of wrong size", { 2, 3, 5, 2, 4, 5, 180, 0 }, 1460, false, 0 },
        { "unknown one is skipped", { 200, 5, 9, 9, 9, 2, 4, 5, 180, 0 }, 1460, false, 0 },
        { "window scale is capped", { 3, 3, 200, 0 }, 0, false, 14 },
        { "timestamp cut off", { 8, 10, 1, 2, 3, 4, 5, 6, 7 }, 0, true, 0 },
        { "SACK of odd size", { 5, 9, 1, 2, 3, 4, 5, 6, 7, 0 }, 0, false, 0 },
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        u8 bytes[TCP_HEADER_SIZE + 12] = { 0 };
        struct tcp_header header;

        mem_copy(bytes + TCP_HEADER_SIZE, cases[i].options, 12);
        tcp_header_parse(&header, bytes, sizeof(bytes));
        CHECK_EQ(header.mss, cases[i].mss);
        CHECK_EQ(header.has_timestamp, cases[i].timestamp);
        CHECK_EQ(header.wscale, cases[i].wscale);
        CHECK_EQ(header.sack_count, 0);
    }
}

TEST(tcp_wire, parses_rubbish_within_its_bounds)
{
    u64 state = 1;

    for (u32 i = 0; i < 200000; i++) {
        u32 size = TCP_HEADER_SIZE + i % 11 * 4;
        u8 *bytes = malloc(size);
        struct tcp_header header;

        for (u32 at = 0; at < size; at++) {
            state = state * 6364136223846793005ull + 1442695040888963407ull;
            bytes[at] = (u8)(state >> 60 == 0 ? state >> 56 : state >> 61);
        }
        tcp_header_parse(&header, bytes, size);
        CHECK(header.sack_count <= TCP_SACK_BLOCKS_MAX);
        CHECK(header.wscale <= TCP_WSCALE_MAX);
        free(bytes);
    }
}
