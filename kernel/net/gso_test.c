/* SPDX-License-Identifier: Apache-2.0 */
/* Segmentation against frames made by hand, byte for byte; checksums against whole sums. */
#include "abi/linux/errors.h"
#include "kernel/net/checksum.h"
#include "kernel/net/gso.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/ipv4_wire.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/wire.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#include <string.h>

enum {
    LINK = 14,
    TCP_LEN = 32, /* With time stamps. */
    HEADERS = LINK + 20 + TCP_LEN,
    PAYLOAD = 5000,
    MSS = 1448,
    FIN_PSH_ACK_CWR = 0x01 | 0x08 | 0x10 | 0x80,
};

static const u32 source = 0x0a000001;
static const u32 destination = 0x0a000002;
static u8 payload[PAYLOAD];

static void put_headers(u8 *bytes, u32 len, u32 seq, u8 flags, u16 id)
{
    struct ipv4_header ip = { .source = source,
                              .destination = destination,
                              .total_len = 20 + TCP_LEN + len,
                              .id = id,
                              .dont_fragment = true,
                              .protocol = IPV4_PROTOCOL_TCP,
                              .ttl = 64 };
    u8 *tcp = bytes + LINK + 20;

    memset(bytes, 0, HEADERS);
    for (u32 i = 0; i < 12; i++)
        bytes[i] = (u8)(i + 1);
    wire_put16(bytes + 12, 0x0800);
    ipv4_emit(bytes + LINK, &ip);
    wire_put16(tcp, 80);
    wire_put16(tcp + 2, 40000);
    wire_put32(tcp + 4, seq);
    wire_put32(tcp + 8, 77);
    tcp[12] = TCP_LEN / 4 << 4;
    tcp[13] = flags;
    wire_put16(tcp + 14, 500);
    memset(tcp + 20, 1, 12);
    wire_put_sum(tcp + 16, checksum_fold(checksum_pseudo(source, destination, IPV4_PROTOCOL_TCP,
                                                         TCP_LEN + len)));
}

static struct netbuf *make(u32 len, u32 gso_size)
{
    static bool is_ready;
    struct netbuf *buf;
    u8 *head;

    if (!is_ready)
        netbuf_init();
    is_ready = true;
    for (u32 i = 0; i < PAYLOAD; i++)
        payload[i] = (u8)(i * 13 + i / 256);
    buf = netbuf_create();
    CHECK(netbuf_append_copy(buf, payload, len));
    head = netbuf_push(buf, HEADERS);
    put_headers(head, len, 0xfffffc00, FIN_PSH_ACK_CWR, 0xffff);
    buf->flags = NETBUF_CSUM_PARTIAL;
    buf->csum_start = LINK + 20;
    buf->csum_off = 16;
    buf->gso_size = (u16)gso_size;
    buf->gso_segments = (u16)((len + gso_size - 1) / gso_size);
    return buf;
}

/* What a network card would have sent for [off, off + len). */
static void expect(u8 *bytes, u32 off, u32 len, u32 total)
{
    u8 flags = FIN_PSH_ACK_CWR;
    u8 *tcp = bytes + LINK + 20;

    if (off > 0)
        flags = (u8)(flags & ~0x80);
    if (off + len < total)
        flags = (u8)(flags & ~0x09);
    put_headers(bytes, len, 0xfffffc00 + off, flags, (u16)(0xffff + off / MSS));
    memcpy(bytes + HEADERS, payload + off, len);
    wire_put_sum(tcp + 16, checksum_finish(checksum_add(tcp, TCP_LEN + len, 0)));
}

TEST(gso, makes_the_segments_a_device_would)
{
    struct netbuf *buf = make(PAYLOAD, MSS);
    struct list segments;
    u32 off = 0;

    list_init(&segments);
    CHECK_EQ(gso_segment(buf, LINK, &segments), 0);
    netbuf_destroy(buf);
    while (off < PAYLOAD) {
        struct list *node = list_pop_front(&segments);
        struct netbuf *segment = LIST_ENTRY(node, struct netbuf, link);
        u32 len = PAYLOAD - off < MSS ? PAYLOAD - off : MSS;
        u8 wanted[HEADERS + MSS];
        u8 got[HEADERS + MSS];

        CHECK(node != NULL);
        CHECK_EQ(segment->len, HEADERS + len);
        CHECK(gso_checksum(segment));
        expect(wanted, off, len, PAYLOAD);
        CHECK(netbuf_read(segment, 0, got, segment->len));
        for (u32 i = 0; i < segment->len; i++)
            CHECK_EQ(got[i], wanted[i]);
        off += len;
        netbuf_destroy(segment);
    }
    CHECK(list_is_empty(&segments));
    CHECK_EQ(netbuf_count(), 0);
    CHECK_EQ(fake_pages, 0);
}

TEST(gso, refuses_what_is_no_tcp_packet_with_its_headers_in_the_head)
{
    struct list segments;

    list_init(&segments);
    for (u32 i = 0; i < 7; i++) {
        struct netbuf *buf = make(PAYLOAD, MSS);
        u8 *head = buf->head + buf->head_off;

        switch (i) {
        case 0:
            buf->flags = 0;
            break;
        case 1:
            buf->gso_size = 0;
            break;
        case 2:
            head[LINK + 9] = IPV4_PROTOCOL_UDP;
            break;
        case 3:
            head[LINK + 20 + 12] = 15 << 4; /* Longer than the head. */
            break;
        case 4:
            head[LINK + 20 + 12] = 5 << 4; /* Payload in the head. */
            break;
        case 5:
            buf->csum_start = 200;
            break;
        default:
            head[LINK] = 0x60;
            break;
        }
        CHECK_EQ(gso_segment(buf, LINK, &segments), -EINVAL);
        netbuf_destroy(buf);
    }
    CHECK(list_is_empty(&segments));
}

TEST(gso, leaves_nothing_behind_when_memory_runs_out)
{
    for (long i = 0; i < 4; i++) {
        struct netbuf *buf = make(PAYLOAD, MSS);
        struct list segments;

        list_init(&segments);
        fake_alloc_fail_after = i;
        CHECK_EQ(gso_segment(buf, LINK, &segments), -ENOMEM);
        CHECK(list_is_empty(&segments));
        netbuf_destroy(buf);
        CHECK_EQ(netbuf_count(), 0);
        CHECK_EQ(fake_pages, 0);
    }
}

TEST(gso, sums_up_in_software_what_the_device_cannot)
{
    struct netbuf *buf = make(1000, MSS);
    u8 got[HEADERS + 1000];
    u8 *tcp = got + LINK + 20;
    u32 sum = checksum_pseudo(source, destination, IPV4_PROTOCOL_TCP, TCP_LEN + 1000);

    CHECK(gso_checksum(buf));
    CHECK_EQ(buf->flags, 0);
    CHECK(netbuf_read(buf, 0, got, sizeof(got)));
    CHECK_EQ(checksum_finish(checksum_add(tcp, TCP_LEN + 1000, sum)), 0);
    buf->csum_off = 160;
    CHECK(!gso_checksum(buf));
    buf->csum_off = 16;
    buf->csum_start = 2000;
    CHECK(!gso_checksum(buf));
    netbuf_destroy(buf);
}
