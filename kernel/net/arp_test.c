/* SPDX-License-Identifier: Apache-2.0 */
/* The neighbour table: asking, answering, forgetting, and what strangers may not do. */
#include "kernel/core/clock.h"
#include "kernel/net/arp.h"
#include "kernel/net/arp_wire.h"
#include "kernel/net/ethernet.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/wire.h"
#include "lib/base/mem.h"
#include "test/unit/fake_device.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#include <string.h>

#define PEER 0x0a000002u

static struct netdev *dev;

static void start(void)
{
    dev = fake_device_init_configured(NETDEV_TX_CSUM, 1500);
}

static void send_to(u32 ip)
{
    struct netbuf *buf = netbuf_create();
    struct ipv4_route route;
    struct ipv4_params params = { .destination = ip, .protocol = 200, .dont_fragment = true };

    CHECK_EQ(ipv4_route_find(ip, &route), 0);
    params.source = route.source;
    CHECK(netbuf_append_copy(buf, "payload!", 8));
    CHECK_EQ(ipv4_output(buf, &params, &route, false), 0);
}

static void receive_arp(u16 operation, const u8 *mac, u32 sender, u32 target)
{
    struct arp_packet packet = { .operation = operation, .sender_ip = sender, .target_ip = target };
    u8 bytes[14 + ARP_SIZE];

    memcpy(packet.sender_mac, mac, MAC_SIZE);
    memcpy(bytes, ethernet_broadcast, MAC_SIZE);
    memcpy(bytes + 6, mac, MAC_SIZE);
    wire_put16(bytes + 12, ETHERTYPE_ARP);
    arp_emit(bytes + 14, &packet);
    fake_receive(bytes, sizeof(bytes), 0);
}

static u32 last_type(void)
{
    CHECK(fake_frame_count > 0);
    return wire_get16(fake_frames[fake_frame_count - 1].bytes + 12);
}

static u32 known_count(void)
{
    struct neighbour_info info;
    u32 count = 0;

    while (arp_at(count, &info))
        count++;
    return count;
}

TEST(arp, asks_and_sends_when_it_is_told)
{
    start();
    send_to(PEER);
    send_to(PEER);
    CHECK_EQ(fake_frame_count, 1);
    CHECK(mem_equal(fake_frames[0].bytes, ethernet_broadcast, MAC_SIZE));
    fake_answer_arp();
    CHECK_EQ(fake_frame_count, 3);
    CHECK(mem_equal(fake_frames[1].bytes, other_mac, MAC_SIZE));
    CHECK(fake_frames[1].more);
    CHECK(!fake_frames[2].more);
    send_to(PEER);
    CHECK_EQ(fake_frame_count, 4);
    CHECK_EQ(last_type(), ETHERTYPE_IPV4);
    CHECK_EQ(netbuf_count(), 0);
}

TEST(arp, goes_to_the_gateway_for_what_is_far)
{
    struct arp_packet request;

    start();
    send_to(0x08080808);
    CHECK(arp_parse(fake_frames[0].bytes + 14, ARP_SIZE, &request));
    CHECK_EQ(request.target_ip, 0x0a0000fe);
    CHECK_EQ(request.sender_ip, 0x0a000001);
}

TEST(arp, gives_up_after_three_requests_and_drops_what_waits)
{
    start();
    for (u32 i = 0; i < NEIGHBOUR_PENDING_MAX + 5; i++)
        send_to(PEER);
    CHECK_EQ(netbuf_count(), NEIGHBOUR_PENDING_MAX);
    fake_clock_advance(10 * NS_PER_SECOND);
    CHECK_EQ(fake_frame_count, 3);
    CHECK_EQ(netbuf_count(), 0);
    CHECK_EQ(known_count(), 0);
    CHECK_EQ(fake_timers_armed(), 0);
}

TEST(arp, bounds_what_waits_for_all_addresses)
{
    start();
    for (u32 i = 2; i < 250; i++) {
        send_to(0x0a000000 + i);
        send_to(0x0a000000 + i);
        fake_frames_clear();
    }
    CHECK(netbuf_count() <= ARP_PENDING_MAX);
    fake_clock_advance(10 * NS_PER_SECOND);
    CHECK_EQ(netbuf_count(), 0);
}

TEST(arp, asks_again_when_what_it_knows_is_old)
{
    start();
    send_to(PEER);
    fake_answer_arp();
    fake_clock_advance(60 * NS_PER_SECOND);
    fake_frames_clear();
    CHECK_EQ(fake_timers_armed(), 0);
    send_to(PEER);
    CHECK_EQ(fake_frame_count, 2);
    CHECK_EQ(wire_get16(fake_frames[0].bytes + 12), ETHERTYPE_IPV4);
    CHECK(mem_equal(fake_frames[1].bytes, other_mac, MAC_SIZE)); /* Not to all. */
    fake_answer_arp();
    fake_frames_clear();
    fake_clock_advance(5 * NS_PER_SECOND);
    CHECK_EQ(fake_frame_count, 0);
}

TEST(arp, turns_to_all_when_a_neighbour_no_longer_answers)
{
    start();
    send_to(PEER);
    fake_answer_arp();
    fake_clock_advance(60 * NS_PER_SECOND);
    fake_frames_clear();
    send_to(PEER);
    fake_clock_advance(3500 * NS_PER_MS);
    CHECK(mem_equal(fake_frames[fake_frame_count - 1].bytes, ethernet_broadcast, MAC_SIZE));
    fake_clock_advance(10 * NS_PER_SECOND);
    CHECK_EQ(known_count(), 0);
}

TEST(arp, answers_for_our_address_only)
{
    struct arp_packet reply;

    start();
    receive_arp(ARP_REQUEST, other_mac, PEER, 0x0a000001);
    CHECK_EQ(fake_frame_count, 1);
    CHECK(arp_parse(fake_frames[0].bytes + 14, ARP_SIZE, &reply));
    CHECK_EQ(reply.operation, ARP_REPLY);
    CHECK_EQ(reply.sender_ip, 0x0a000001);
    CHECK(mem_equal(reply.sender_mac, fake_mac, MAC_SIZE));
    CHECK(mem_equal(fake_frames[0].bytes, other_mac, MAC_SIZE));
    receive_arp(ARP_REQUEST, other_mac, PEER, 0x0a000003);
    receive_arp(ARP_REQUEST, other_mac, PEER, 0x7f000001);
    CHECK_EQ(fake_frame_count, 1);
    /* Who asked for us is known now: no request of ours is needed. */
    send_to(PEER);
    CHECK_EQ(wire_get16(fake_frames[1].bytes + 12), ETHERTYPE_IPV4);
}

TEST(arp, does_not_learn_from_who_was_not_asked)
{
    static const u8 liar[MAC_SIZE] = { 2, 6, 6, 6, 6, 6 };
    static const u8 group[MAC_SIZE] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    struct neighbour_info info;

    start();
    receive_arp(ARP_REPLY, liar, PEER, 0x0a000001);
    CHECK_EQ(known_count(), 0);
    send_to(PEER);
    fake_answer_arp();
    receive_arp(ARP_REPLY, liar, PEER, 0x0a000001); /* At once after the true answer. */
    CHECK(arp_at(0, &info));
    CHECK(mem_equal(info.mac, other_mac, MAC_SIZE));
    receive_arp(ARP_REQUEST, group, 0x0a000009, 0x0a000001);
    receive_arp(ARP_REQUEST, liar, 0xe0000001, 0x0a000001);
    CHECK_EQ(known_count(), 1);
    receive_arp(ARP_REQUEST, liar, 0x0a000001, 0x0a000001); /* Our own address. */
    CHECK_EQ(known_count(), 1);
    CHECK_EQ(fake_log_warnings, 1);
}

TEST(arp, keeps_its_table_bounded_and_the_reachable_in_it)
{
    struct neighbour_info info;
    u8 mac[MAC_SIZE] = { 2, 0, 0, 0, 0, 0 };
    bool found = false;

    start();
    send_to(PEER);
    fake_answer_arp();
    for (u32 i = 0; i < 3 * NEIGHBOURS_MAX; i++) {
        mac[4] = (u8)(i >> 8);
        mac[5] = (u8)i;
        receive_arp(ARP_REQUEST, mac, 0x0b000000 + i, 0x0a000001);
        fake_frames_clear();
    }
    CHECK_EQ(known_count(), NEIGHBOURS_MAX);
    for (u32 i = 0; arp_at(i, &info); i++)
        found |= info.ip == PEER;
    CHECK(found);
}

TEST(arp, refuses_packets_of_other_kinds)
{
    static const struct {
        u8 at, value;
    } changes[] = {
        { 1, 6 },    /* Not Ethernet. */
        { 2, 0x86 }, /* Not IPv4. */
        { 4, 8 },    /* A longer MAC address. */
        { 5, 16 },   /* A longer IP address. */
    };
    struct arp_packet packet = { .operation = ARP_REQUEST };
    u8 bytes[ARP_SIZE];

    arp_emit(bytes, &packet);
    CHECK(arp_parse(bytes, ARP_SIZE, &packet));
    for (u32 len = 0; len < ARP_SIZE; len++)
        CHECK(!arp_parse(bytes, len, &packet));
    for (size_t i = 0; i < ARRAY_COUNT(changes); i++) {
        u8 before = bytes[changes[i].at];

        bytes[changes[i].at] = changes[i].value;
        CHECK(!arp_parse(bytes, ARP_SIZE, &packet));
        bytes[changes[i].at] = before;
    }
}
