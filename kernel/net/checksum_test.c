/* SPDX-License-Identifier: Apache-2.0 */
/* The fast checksum against the one of RFC 1071 4.1, word by word. */
#include "kernel/net/checksum.h"
#include "lib/base/bytes.h"
#include "lib/base/types.h"
#include "test/unit/unit.h"

enum {
    BYTES = 3000,
};

static u8 bytes[BYTES];

static void fill(unsigned seed)
{
    srandom(seed);
    for (size_t i = 0; i < BYTES; i++)
        bytes[i] = (u8)random();
}

/* What belongs into the header, in host order. */
static u16 naive(const u8 *at, size_t len)
{
    u32 sum = 0;

    for (size_t i = 0; i < len; i++)
        sum += i & 1 ? at[i] : (u32)at[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (u16)~sum;
}

static u16 fast(u32 sum)
{
    return be16_get((struct be16){ checksum_finish(sum) });
}

TEST(checksum, agrees_with_the_rfc_at_every_length_and_alignment)
{
    fill(1);
    for (size_t off = 0; off < 9; off++) {
        for (size_t len = 0; len < 300; len++)
            CHECK_EQ(fast(checksum_add(bytes + off, len, 0)), naive(bytes + off, len));
    }
    CHECK_EQ(fast(checksum_add(bytes, BYTES, 0)), naive(bytes, BYTES));
}

TEST(checksum, survives_carries_out_of_every_word)
{
    for (size_t i = 0; i < BYTES; i++)
        bytes[i] = 0xff;
    for (size_t len = 0; len < BYTES; len++)
        CHECK_EQ(fast(checksum_add(bytes, len, 0)), naive(bytes, len));
    CHECK_EQ(fast(checksum_header(bytes)), naive(bytes, 20));
}

TEST(checksum, of_a_plain_header_agrees_with_the_rfc_at_every_alignment)
{
    fill(3);
    for (size_t off = 0; off < 100; off++)
        CHECK_EQ(fast(checksum_header(bytes + off)), naive(bytes + off, 20));
}

TEST(checksum, of_pieces_is_that_of_the_whole)
{
    fill(2);
    for (size_t cut = 0; cut < 200; cut++) {
        u32 sum = checksum_add(bytes, cut, 0);

        sum = checksum_combine(sum, checksum_add(bytes + cut, 200 - cut, 0), (u32)cut);
        CHECK_EQ(fast(sum), naive(bytes, 200));
    }
}

TEST(checksum, of_a_pseudo_header_is_that_of_its_bytes)
{
    const u8 pseudo[12] = { 10, 1, 2, 3, 192, 168, 255, 254, 0, 6, 0x12, 0x34 };

    CHECK_EQ(fast(checksum_pseudo(0x0a010203, 0xc0a8fffe, 6, 0x1234)), naive(pseudo, 12));
}

TEST(checksum, of_a_header_with_its_checksum_is_0)
{
    /* An example of RFC 1071's kind: an IPv4 header as it is seen on the wire. */
    u8 header[20] = { 0x45, 0,    0,    0x73, 0, 0, 0x40, 0,    0x40, 0x11,
                      0xb8, 0x61, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0,    0xc7 };

    CHECK_EQ(checksum_finish(checksum_add(header, 20, 0)), 0);
    header[3]++;
    CHECK(checksum_finish(checksum_add(header, 20, 0)) != 0);
}
