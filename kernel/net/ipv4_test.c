/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 in and out, fragments, ICMP and UDP over a device that keeps what is sent. */
#include "abi/linux/errors.h"
#include "abi/linux/poll.h"
#include "kernel/core/clock.h"
#include "kernel/net/checksum.h"
#include "kernel/net/icmp.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/ipv4_wire.h"
#include "kernel/net/net.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/netdev.h"
#include "kernel/net/reassembly.h"
#include "kernel/net/tcp.h"
#include "kernel/net/udp.h"
#include "kernel/net/udp_wire.h"
#include "kernel/net/wire.h"
#include "lib/base/mem.h"
#include "test/unit/fake_device.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#include <string.h>

#define US   0x0a000001u
#define PEER 0x0a000002u

static u32 events_seen;
static u8 data[65536];

static void on_event(void *arg, u32 events)
{
    (void)arg;
    events_seen |= events;
}

static void start(u32 features)
{
    fake_device_init_configured(features, 1500);
    for (u32 i = 0; i < sizeof(data); i++)
        data[i] = (u8)(i * 31 + i / 256);
}

/* PEER becomes known, so that what is sent to it leaves at once. */
static void learn_peer(void)
{
    struct ipv4_params params = { .source = US, .destination = PEER, .protocol = 200 };
    struct ipv4_route route;

    CHECK_EQ(ipv4_route_find(PEER, &route), 0);
    CHECK_EQ(ipv4_output(netbuf_create(), &params, &route, false), 0);
    fake_answer_arp();
    fake_frames_clear();
}

static u32 make_udp(u8 *bytes, u32 source, u16 from, u32 destination, u16 to, const u8 *payload,
                    u32 len)
{
    struct udp_header header = { .source = from, .destination = to, .len = 8 + len };
    u32 sum;

    udp_emit(bytes, &header, 0);
    memcpy(bytes + 8, payload, len);
    sum = checksum_pseudo(source, destination, IPV4_PROTOCOL_UDP, 8 + len);
    wire_put_sum(bytes + 6, checksum_finish(checksum_add(bytes, 8 + len, sum)));
    return 8 + len;
}

static void receive_udp(u16 from, u16 to, const void *payload, u32 len)
{
    u8 bytes[2000];

    make_udp(bytes, PEER, from, US, to, payload, len);
    fake_receive_ip(PEER, US, IPV4_PROTOCOL_UDP, bytes, 8 + len);
}

static struct udp *open_udp(u16 port)
{
    struct udp *udp = udp_create(on_event, NULL);
    struct inet_address local = { .port = port };

    CHECK(udp != NULL);
    CHECK_EQ(udp_bind(udp, local), 0);
    return udp;
}

TEST(ipv4_wire, refuses_headers_whose_lengths_do_not_fit)
{
    static const struct {
        u8 version_len;
        u16 total;
        u32 packet;
        bool good;
    } cases[] = {
        { 0x45, 20, 20, true },  { 0x45, 20, 46, true },  /* Padding of the link. */
        { 0x45, 21, 20, false },                          /* Longer than the packet. */
        { 0x45, 19, 20, false },                          /* Shorter than its header. */
        { 0x44, 20, 20, false },                          /* Header too short. */
        { 0x40, 20, 20, false }, { 0x4f, 60, 60, true },  /* All options there are. */
        { 0x4f, 59, 60, false }, { 0x65, 20, 20, false }, /* Version 6. */
        { 0x45, 0, 20, false },  { 0x45, 65535, 65535, true },
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct ipv4_header header;
        u8 bytes[20] = { cases[i].version_len };

        wire_put16(bytes + 2, cases[i].total);
        CHECK_EQ(ipv4_parse(bytes, 20, cases[i].packet, &header), cases[i].good);
        CHECK(!ipv4_parse(bytes, 19, cases[i].packet, &header));
    }
}

TEST(ipv4, drops_what_cannot_come_from_a_wire)
{
    static const struct {
        u32 source, destination;
        bool good;
    } cases[] = {
        { PEER, US, true },          { PEER, 0xe0000001, true },  /* Multicast. */
        { PEER, 0x0a0000ff, true },                               /* Our network's broadcast. */
        { PEER, 0xffffffff, true },  { PEER, 0x0a000003, false }, /* Somebody else's. */
        { PEER, 0x7f000001, false },                              /* Loopback on a wire. */
        { 0x7f000001, US, false },   { US, US, false },           /* From ourselves. */
        { 0xe0000001, US, false },                                /* From a group. */
        { 0xffffffff, US, false },
    };

    start(NETDEV_TX_CSUM);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        u64 before = net_counter(NET_IP_IN_DELIVERS);

        fake_receive_ip(cases[i].source, cases[i].destination, 250, data, 10);
        CHECK_EQ(net_counter(NET_IP_IN_DELIVERS) - before, cases[i].good);
    }
    CHECK_EQ(netbuf_count(), fake_frame_count ? netbuf_count() : 0);
}

TEST(ipv4, drops_frames_cut_short_anywhere)
{
    u8 frame[200];
    u64 before;
    struct ipv4_header header = {
        .source = PEER, .destination = US, .total_len = 180, .protocol = IPV4_PROTOCOL_UDP, .ttl = 1
    };

    start(0);
    memcpy(frame, fake_mac, 6);
    memcpy(frame + 6, other_mac, 6);
    wire_put16(frame + 12, 0x0800);
    ipv4_emit(frame + 14, &header);
    make_udp(frame + 34, PEER, 5, US, 6, data, 152);
    before = net_counter(NET_IP_IN_DELIVERS);
    for (u32 len = 1; len < 194; len++)
        fake_receive(frame, len, 13);
    CHECK_EQ(net_counter(NET_IP_IN_DELIVERS), before);
    fake_receive(frame, 194, 17);
    CHECK_EQ(net_counter(NET_IP_IN_DELIVERS), before + 1);
    frame[20] ^= 1; /* The header's checksum is wrong now. */
    fake_receive(frame, 194, 0);
    CHECK_EQ(net_counter(NET_IP_IN_DELIVERS), before + 1);
}

TEST(icmp, answers_an_echo_with_its_own_bytes)
{
    u8 echo[1000] = { ICMP_ECHO };

    start(NETDEV_TX_CSUM);
    learn_peer();
    memcpy(echo + 4, data, sizeof(echo) - 4);
    wire_put_sum(echo + 2, checksum_finish(checksum_add(echo, sizeof(echo), 0)));
    fake_receive_ip(PEER, US, IPV4_PROTOCOL_ICMP, echo, sizeof(echo));
    CHECK_EQ(fake_frame_count, 1);
    CHECK_EQ(fake_frames[0].len, 34 + sizeof(echo));
    CHECK_EQ(fake_frames[0].bytes[34], ICMP_ECHO_REPLY);
    CHECK(mem_equal(fake_frames[0].bytes + 38, echo + 4, sizeof(echo) - 4));
    CHECK_EQ(checksum_finish(checksum_add(fake_frames[0].bytes + 34, sizeof(echo), 0)), 0);
    /* Not to a group, and not when it was damaged. */
    fake_receive_ip(PEER, 0x0a0000ff, IPV4_PROTOCOL_ICMP, echo, sizeof(echo));
    echo[500] ^= 4;
    fake_receive_ip(PEER, US, IPV4_PROTOCOL_ICMP, echo, sizeof(echo));
    CHECK_EQ(fake_frame_count, 1);
    CHECK_EQ(netbuf_count(), 0);
}

TEST(icmp, tells_of_a_closed_port_but_not_too_often)
{
    start(NETDEV_TX_CSUM);
    learn_peer();
    receive_udp(1000, 2000, "hi", 2);
    CHECK_EQ(fake_frame_count, 1);
    CHECK_EQ(fake_frames[0].bytes[34], ICMP_UNREACHABLE);
    CHECK_EQ(fake_frames[0].bytes[35], ICMP_PORT_UNREACHABLE);
    CHECK_EQ(wire_get32(fake_frames[0].bytes + 34 + 8 + 12), PEER); /* The quoted header. */
    CHECK_EQ(wire_get16(fake_frames[0].bytes + 34 + 28 + 2), 2000);
    CHECK_EQ(checksum_finish(checksum_add(fake_frames[0].bytes + 34, 36, 0)), 0);
    for (u32 i = 0; i < 200; i++)
        receive_udp(1000, 2000, "hi", 2);
    CHECK_EQ(fake_frame_count, ICMP_BURST);
    fake_clock_advance(10 * NS_PER_MS);
    for (u32 i = 0; i < 200; i++)
        receive_udp(1000, 2000, "hi", 2);
    CHECK_EQ(fake_frame_count, ICMP_BURST + 10);
}

TEST(udp, carries_a_datagram_both_ways)
{
    struct inet_address from;
    struct inet_address to;
    struct inet_address peer = { .ip = PEER, .port = 1000 };
    struct netbuf *buf;
    struct udp *udp;
    u8 got[100];
    u32 sum;

    start(0);
    learn_peer();
    udp = open_udp(53);
    receive_udp(1000, 53, data, 100);
    CHECK(events_seen & POLLIN);
    CHECK(udp_poll(udp) & POLLIN);
    CHECK_EQ(udp_next_len(udp), 100);
    buf = udp_receive(udp, &from, &to);
    CHECK(buf && netbuf_read(buf, 0, got, 100) && mem_equal(got, data, 100));
    CHECK_EQ(from.ip, PEER);
    CHECK_EQ(from.port, 1000);
    CHECK_EQ(to.ip, US);
    CHECK_EQ(to.port, 53);
    udp_unreceive(udp, buf);
    buf = udp_receive(udp, &from, &to);
    netbuf_destroy(buf);
    CHECK(!udp_receive(udp, &from, &to));
    CHECK_EQ(udp_next_len(udp), -EAGAIN);

    buf = netbuf_create();
    CHECK(netbuf_append_copy(buf, data, 77));
    CHECK_EQ(udp_send(udp, buf, &peer), 0);
    CHECK_EQ(fake_frame_count, 1);
    CHECK_EQ(fake_frames[0].len, 42 + 77);
    CHECK(mem_equal(fake_frames[0].bytes + 42, data, 77));
    sum = checksum_pseudo(US, PEER, IPV4_PROTOCOL_UDP, 85);
    CHECK_EQ(checksum_finish(checksum_add(fake_frames[0].bytes + 34, 85, sum)), 0);
    udp_destroy(udp);
    CHECK_EQ(udp_count(), 0);
    CHECK_EQ(netbuf_count(), 0);
}

TEST(udp, fragments_what_is_long_and_puts_it_together_again)
{
    struct inet_address peer = { .ip = PEER, .port = 1000 };
    struct inet_address from;
    struct inet_address to;
    struct udp *udp;
    struct netbuf *buf;
    u8 *got = malloc(60000);
    u32 order[64];
    u32 count;
    u8 *frames[64];
    u32 lens[64];

    start(NETDEV_TX_CSUM);
    learn_peer();
    udp = open_udp(1000);
    buf = netbuf_create();
    CHECK(netbuf_append_copy(buf, data, 60000));
    CHECK_EQ(udp_send(udp, buf, &peer), 0);
    count = fake_frame_count;
    CHECK_EQ(count, (60008 + 1479) / 1480);
    for (u32 i = 0; i < count; i++) {
        u8 *ip = fake_frames[i].bytes + 14;

        frames[i] = malloc(fake_frames[i].len);
        lens[i] = fake_frames[i].len;
        order[i] = i;
        CHECK(lens[i] <= 1514);
        CHECK(!fake_frames[i].csum_partial);
        /* Back to us, as if PEER had sent it: the sums of addresses stay the same. */
        wire_put32(ip + 12, PEER);
        wire_put32(ip + 16, US);
        memcpy(frames[i], fake_frames[i].bytes, lens[i]);
        memcpy(frames[i], fake_mac, 6);
    }
    srandom(7);
    for (u32 round = 0; round < 5; round++) {
        for (u32 i = count - 1; i > 0; i--) {
            u32 j = (u32)random() % (i + 1);
            u32 swapped = order[i];

            order[i] = order[j];
            order[j] = swapped;
        }
        for (u32 i = 0; i < count; i++) {
            fake_receive(frames[order[i]], lens[order[i]], 1000);
            if (i + 1 < count && i % 3 == 0)
                fake_receive(frames[order[i]], lens[order[i]], 0); /* Twice is no harm. */
        }
        CHECK_EQ(reassembly_count(), 0);
        buf = udp_receive(udp, &from, &to);
        CHECK(buf && buf->len == 60000);
        CHECK(netbuf_read(buf, 0, got, 60000) && mem_equal(got, data, 60000));
        netbuf_destroy(buf);
    }
    CHECK_EQ(netbuf_count(), 0);
    for (u32 i = 0; i < count; i++)
        free(frames[i]);
    free(got);
    fake_clock_advance(40 * NS_PER_SECOND);
    udp_destroy(udp);
}

static void receive_fragment(u16 id, u32 off, u32 len, bool more)
{
    struct ipv4_header header = { .source = PEER,
                                  .destination = US,
                                  .total_len = 20 + len,
                                  .id = id,
                                  .fragment_off = off,
                                  .more_fragments = more,
                                  .protocol = IPV4_PROTOCOL_UDP,
                                  .ttl = 9 };
    u8 *frame = malloc(34 + len);

    memcpy(frame, fake_mac, 6);
    memcpy(frame + 6, other_mac, 6);
    wire_put16(frame + 12, 0x0800);
    ipv4_emit(frame + 14, &header);
    memset(frame + 34, 0, len);
    fake_receive(frame, 34 + len, 0);
    free(frame);
}

TEST(reassembly, drops_datagrams_whose_fragments_overlap)
{
    static const struct {
        u32 off, len;
        bool more;
    } third[] = {
        { 8, 16, true },  /* Over the first one's end. */
        { 0, 8, true },   /* Within the first. */
        { 24, 16, true }, /* Over the second's start. */
        { 0, 64, true },  /* Over both. */
        { 40, 8, false }, /* An end before the second's. */
    };

    start(0);
    for (u32 i = 0; i < ARRAY_COUNT(third); i++) {
        u64 fails = net_counter(NET_IP_REASM_FAILS);

        receive_fragment((u16)i, 0, 16, true);
        receive_fragment((u16)i, 32, 16, true);
        receive_fragment((u16)i, third[i].off, third[i].len, third[i].more);
        CHECK_EQ(net_counter(NET_IP_REASM_FAILS), fails + 1);
        CHECK_EQ(netbuf_count(), 0);
        /* What still comes for it does not bring it back. */
        receive_fragment((u16)i, 16, 16, true);
        CHECK_EQ(netbuf_count(), 0);
    }
    fake_clock_advance(31 * NS_PER_SECOND);
    CHECK_EQ(reassembly_count(), 0);
}

TEST(reassembly, refuses_fragments_no_datagram_can_have)
{
    start(0);
    receive_fragment(1, 0, 13, true);       /* No multiple of 8. */
    receive_fragment(2, 65528, 100, false); /* Beyond 65,535. */
    receive_fragment(3, 8, 0, false);       /* Nothing. */
    CHECK_EQ(reassembly_count(), 0);
    CHECK_EQ(netbuf_count(), 0);
}

TEST(reassembly, holds_a_bounded_number_for_a_bounded_time)
{
    start(0);
    for (u32 i = 0; i < 1000; i++)
        receive_fragment((u16)i, 0, 1400, true);
    CHECK_EQ(reassembly_count(), REASSEMBLY_QUEUES_MAX);
    for (u32 i = 0; i < REASSEMBLY_FRAGMENTS_MAX + 100; i++)
        receive_fragment(5000, 16 * i, 8, true);
    CHECK(netbuf_count() <= REASSEMBLY_QUEUES_MAX);
    for (u32 i = 0; i < 40; i++) {
        for (u32 k = 0; k < 40; k++)
            receive_fragment((u16)(6000 + i), 2 * k * 1400, 1400, true);
    }
    CHECK(netbuf_count() * 4000 <= REASSEMBLY_BYTES_MAX);
    fake_clock_advance(31 * NS_PER_SECOND);
    CHECK_EQ(reassembly_count(), 0);
    CHECK_EQ(netbuf_count(), 0);
    CHECK_EQ(fake_pages, 0);
    CHECK_EQ(fake_timers_armed(), 0);
}
