/* SPDX-License-Identifier: Apache-2.0 */
/* The DHCP client against a server made of a few lines, and its parser against hostile bytes. */
#include "kernel/core/clock.h"
#include "kernel/net/dhcp.h"
#include "kernel/net/dhcp_wire.h"
#include "kernel/net/ethernet.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/net.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/netdev.h"
#include "kernel/net/udp_wire.h"
#include "kernel/net/wire.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/base/types.h"
#include "test/unit/fake_device.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#include <string.h>

#define SERVER  0x0a000002u
#define OFFERED 0x0a00000fu

enum {
    BOOTP = 14 + 20 + 8, /* Where the message is in a frame. */
};

static const u8 usual[] = {
    1, 4, 255,  255, 255, 0, 3,  4,  10,  0,   0,   2,   6,   8,   10,  0,
    0, 3, 8,    8,   8,   8, 15, 7,  'e', 'x', 'a', 'm', 'p', 'l', 'e', 26,
    2, 5, 0xb4, 51,  4,   0, 0,  14, 16,  54,  4,   10,  0,   0,   2,   255,
};

/* The message that was sent last; its type. */
static u8 last_type(u32 *xid)
{
    const struct fake_frame *frame = &fake_frames[fake_frame_count - 1];
    const u8 *message = frame->bytes + BOOTP;

    CHECK(fake_frame_count > 0);
    CHECK_EQ(wire_get16(frame->bytes + 12), ETHERTYPE_IPV4);
    CHECK_EQ(wire_get16(frame->bytes + 36), DHCP_SERVER_PORT);
    CHECK_EQ(message[0], 1);
    CHECK_EQ(message[DHCP_FIXED_SIZE], 53);
    *xid = wire_get32(message + 4);
    return message[DHCP_FIXED_SIZE + 2];
}

static u32 make_reply(u8 *bytes, u8 type, u32 xid, const u8 *options, u32 len)
{
    memset(bytes, 0, DHCP_FIXED_SIZE);
    bytes[0] = 2;
    bytes[1] = 1;
    bytes[2] = 6;
    wire_put32(bytes + 4, xid);
    wire_put32(bytes + 16, OFFERED);
    memcpy(bytes + 28, fake_mac, 6);
    wire_put32(bytes + 236, 0x63825363);
    bytes[240] = 53;
    bytes[241] = 1;
    bytes[242] = type;
    memcpy(bytes + 243, options, len);
    return 243 + len;
}

static void reply(u8 type, u32 xid)
{
    u8 packet[8 + 1000];
    u32 len = make_reply(packet + 8, type, xid, usual, sizeof(usual));
    struct udp_header header = { DHCP_SERVER_PORT, DHCP_CLIENT_PORT, len + 8 };

    udp_emit(packet, &header, 0); /* No checksum. */
    fake_receive_ip(SERVER, IPV4_BROADCAST, IPV4_PROTOCOL_UDP, packet, len + 8);
    fake_clock_advance(2 * NS_PER_MS);
}

static void get_lease(void)
{
    u32 xid;

    fake_device_init(0, 1500);
    net_config_dhcp();
    CHECK_EQ(last_type(&xid), DHCP_DISCOVER);
    reply(DHCP_OFFER, xid);
    CHECK_EQ(last_type(&xid), DHCP_REQUEST);
    reply(DHCP_ACK, xid);
}

TEST(dhcp, gets_an_address_and_everything_with_it)
{
    struct net_config config;
    struct ipv4_route route;
    char text[200];

    get_lease();
    CHECK(net_config_get(&config));
    CHECK_EQ(config.ip, OFFERED);
    CHECK_EQ(config.prefix_len, 24);
    CHECK_EQ(config.gateway, 0x0a000002);
    CHECK_EQ(config.mtu, 1460);
    CHECK_EQ(net_primary()->mtu, 1460);
    CHECK(ipv4_is_local(OFFERED));
    CHECK_EQ(ipv4_route_find(0x08080808, &route), 0);
    CHECK_EQ(route.next_hop, 0x0a000002);
    CHECK_EQ(route.source, OFFERED);
    CHECK_EQ(route.mtu, 1460);
    net_resolv_conf(text, sizeof(text));
    CHECK(str_equal(text, "search example\nnameserver 10.0.0.3\nnameserver 8.8.8.8\n"));
    CHECK_EQ(netbuf_count(), 0);
}

TEST(dhcp, yields_to_what_the_image_says)
{
    const struct net_config own = { .mtu = 1400, .dns_count = 1, .dns = { 0xc0000201 } };
    struct net_config config;
    char text[200];

    net_config_prefer(&own);
    get_lease();
    CHECK(net_config_get(&config));
    CHECK_EQ(config.ip, OFFERED);
    CHECK_EQ(config.gateway, 0x0a000002);
    CHECK_EQ(config.mtu, 1400);
    CHECK_EQ(net_primary()->mtu, 1400);
    net_resolv_conf(text, sizeof(text));
    CHECK(str_equal(text, "search example\nnameserver 192.0.2.1\n"));
}

TEST(dhcp, asks_again_until_it_is_answered)
{
    u32 xid;

    fake_device_init(0, 1500);
    net_config_dhcp();
    fake_clock_advance(300 * NS_PER_SECOND);
    CHECK(fake_frame_count >= 8 && fake_frame_count < 30);
    CHECK_EQ(last_type(&xid), DHCP_DISCOVER);
    reply(DHCP_OFFER, xid);
    CHECK_EQ(last_type(&xid), DHCP_REQUEST);
    fake_clock_advance(100 * NS_PER_SECOND); /* The server has died. */
    CHECK_EQ(last_type(&xid), DHCP_DISCOVER);
}

TEST(dhcp, ignores_replies_to_others)
{
    struct net_config config;
    u32 xid;

    fake_device_init(0, 1500);
    net_config_dhcp();
    CHECK_EQ(last_type(&xid), DHCP_DISCOVER);
    reply(DHCP_OFFER, xid + 1);
    reply(DHCP_ACK, xid);
    reply(DHCP_NAK, xid);
    CHECK_EQ(last_type(&xid), DHCP_DISCOVER);
    CHECK(!net_config_get(&config));
}

TEST(dhcp, renews_with_the_server_then_with_anybody_then_lets_go)
{
    struct net_config config;
    u32 xid;

    get_lease();
    fake_frames_clear();
    fake_clock_advance(1801 * NS_PER_SECOND);
    /* To the server alone, who has to be found first. */
    fake_answer_arp();
    CHECK_EQ(last_type(&xid), DHCP_REQUEST);
    CHECK(mem_equal(fake_frames[fake_frame_count - 1].bytes, other_mac, 6));
    reply(DHCP_ACK, xid);
    CHECK(net_config_get(&config));

    fake_frames_clear();
    fake_clock_advance(3160 * NS_PER_SECOND); /* Beyond 7/8 of the hour. */
    CHECK_EQ(last_type(&xid), DHCP_REQUEST);
    CHECK(mem_equal(fake_frames[fake_frame_count - 1].bytes, ethernet_broadcast, 6));
    CHECK(net_config_get(&config));
    fake_frames_clear();
    fake_clock_advance(450 * NS_PER_SECOND);
    CHECK_EQ(last_type(&xid), DHCP_DISCOVER);
    CHECK(!net_config_get(&config));
    CHECK(!ipv4_is_local(OFFERED));
}

TEST(dhcp, starts_over_when_it_is_refused)
{
    u32 xid;

    fake_device_init(0, 1500);
    net_config_dhcp();
    CHECK_EQ(last_type(&xid), DHCP_DISCOVER);
    reply(DHCP_OFFER, xid);
    reply(DHCP_NAK, xid);
    CHECK_EQ(last_type(&xid), DHCP_DISCOVER);
}

TEST(dhcp_wire, bears_any_bytes)
{
    u8 bytes[700];
    struct dhcp_reply parsed;

    srandom(3);
    for (u32 round = 0; round < 20000; round++) {
        u32 len = make_reply(bytes, DHCP_OFFER, 1, usual, sizeof(usual));

        for (u32 i = 0; i < 1 + round % 8; i++)
            bytes[236 + (u32)random() % (len - 236)] = (u8)random();
        if (dhcp_parse(bytes, (u32)random() % (len + 1), &parsed)) {
            CHECK(parsed.dns_count <= NET_DNS_MAX);
            CHECK(strnlen(parsed.domain, NET_DOMAIN_SIZE) < NET_DOMAIN_SIZE);
        }
    }
}

TEST(dhcp_wire, treats_bad_options_as_not_said)
{
    static const struct {
        u8 options[16];
        u32 len;
        bool good;
    } cases[] = {
        { { 26, 3, 1, 2, 3, 255 }, 6, true },                  /* MTU of three bytes. */
        { { 51, 2, 1, 2, 255 }, 5, true },                     /* Lease of two. */
        { { 15, 5, 'a', '\n', 'b', 'c', 'd', 255 }, 8, true }, /* Two lines in a domain. */
        { { 3, 200, 1 }, 3, false },                           /* Beyond the end. */
        { { 3 }, 1, false },                                   /* No length. */
        { { 0, 0, 0 }, 3, true },                              /* Nothing but padding. */
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct dhcp_reply parsed;
        u8 bytes[300];
        u32 len = make_reply(bytes, DHCP_OFFER, 1, cases[i].options, cases[i].len);

        CHECK_EQ(dhcp_parse(bytes, len, &parsed), cases[i].good);
        CHECK_EQ(parsed.mtu, 0);
        CHECK_EQ(parsed.lease_s, 0);
        CHECK_EQ(parsed.domain[0], 0);
    }
}

TEST(dhcp_wire, reads_options_that_overflow_into_other_fields)
{
    static const u8 overload[] = { 52, 1, 3, 255 };
    static const u8 in_file[] = { 26, 2, 5, 0xdc, 255 };
    static const u8 in_name[] = { 54, 4, 10, 0, 0, 9, 255 };
    struct dhcp_reply parsed;
    u8 bytes[300];
    u32 len = make_reply(bytes, DHCP_OFFER, 1, overload, sizeof(overload));

    memcpy(bytes + 108, in_file, sizeof(in_file));
    memcpy(bytes + 44, in_name, sizeof(in_name));
    CHECK(dhcp_parse(bytes, len, &parsed));
    CHECK_EQ(parsed.mtu, 1500);
    CHECK_EQ(parsed.server, 0x0a000009);
}
