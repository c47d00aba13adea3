/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* DHCP messages (RFC 2131 2, RFC 2132). */

#include "kernel/net/net.h"
#include "kernel/net/netdev.h"
#include "lib/base/types.h"

enum {
    DHCP_SERVER_PORT = 67,
    DHCP_CLIENT_PORT = 68,
    /* What everybody takes (RFC 2131 2). Ours are as long or shorter. */
    DHCP_MESSAGE_SIZE = 576 - 28,
    DHCP_FIXED_SIZE = 240, /* Header and magic cookie. */
};

enum dhcp_type {
    DHCP_DISCOVER = 1,
    DHCP_OFFER = 2,
    DHCP_REQUEST = 3,
    DHCP_ACK = 5,
    DHCP_NAK = 6,
};

/* What we say. 0 leaves an option out. */
struct dhcp_request {
    enum dhcp_type type;
    u32 xid;
    u16 seconds;   /* Since we began. */
    u32 client_ip; /* ciaddr: once we have an address. */
    u32 wanted_ip; /* Option 50. */
    u32 server;    /* Option 54. */
    u8 mac[MAC_SIZE];
};

/* What a server says. 0 where it said nothing. */
struct dhcp_reply {
    enum dhcp_type type;
    u32 xid;
    u32 your_ip;
    u32 server;
    u32 mask;
    u32 gateway;
    u32 dns[NET_DNS_MAX];
    u32 dns_count;
    u32 mtu;
    u32 lease_s;
    u32 renew_s;
    u32 rebind_s;
    char domain[NET_DOMAIN_SIZE];
    u8 mac[MAC_SIZE];
};

/* Writes the message; its length, at most DHCP_MESSAGE_SIZE. */
u32 dhcp_emit(u8 bytes[DHCP_MESSAGE_SIZE], const struct dhcp_request *request);

/*
 * False when it is no reply of a server to an Ethernet client, has no type, or its options are not
 * well-formed. Options of a wrong length count as not said; a domain that is not made of the
 * letters of host names likewise.
 */
bool dhcp_parse(const u8 *bytes, u32 len, struct dhcp_reply *reply) MUST_USE;
