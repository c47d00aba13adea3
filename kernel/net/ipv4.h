/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * IPv4 (RFC 791, 1122, 1191, 6864), to the protocols above it. Addresses are u32 in host order.
 *
 * What a protocol gets from below: `buf` begins with its own header, of which the first bytes (20
 * for TCP, 8 for UDP and ICMP) have been pulled into `head` at transport_off; buf->len is what the
 * IP header said, padding of the link trimmed; the IP header lies in `head` at network_off.
 * Fragments have been put together. The transport checksum has been verified unless the device, or
 * the loopback, vouched for it.
 */

#include "kernel/net/netbuf.h"
#include "lib/base/types.h"

enum {
    IPV4_HEADER_SIZE = 20, /* Without options: we send none. */
    IPV4_HEADER_MAX = 60,
    IPV4_MTU_MIN = 576, /* Lower values learned from ICMP are not believed. */
    IPV4_TTL_DEFAULT = 64,
};

enum ipv4_protocol {
    IPV4_PROTOCOL_ICMP = 1,
    IPV4_PROTOCOL_TCP = 6,
    IPV4_PROTOCOL_UDP = 17,
};

#define IPV4_LOOPBACK  0x7f000001u
#define IPV4_BROADCAST 0xffffffffu

static inline bool ipv4_is_loopback(u32 ip)
{
    return ip >> 24 == 127;
}

static inline bool ipv4_is_multicast(u32 ip)
{
    return ip >> 28 == 0xe;
}

/* How to get to a destination. Plain data: may be kept and copied. */
struct ipv4_route {
    struct netdev *netdev;
    struct neighbour *neighbour; /* A hint, checked at each use; or NULL. */
    u32 next_hop;
    u32 source; /* The address of ours to send from. */
    u32 mtu;    /* Of the path, as far as it is known. */
    u32 generation;
    bool is_broadcast; /* To all on the link. */
};

/* 0, or -ENETUNREACH. The loopback device for all addresses of our own. Any context. */
int ipv4_route_find(u32 destination, struct ipv4_route *route) MUST_USE;

/*
 * True while a route that was found still is what ipv4_route_find() would say: routes, addresses
 * and path MTUs have not changed since. Costs one comparison.
 */
bool ipv4_route_is_current(const struct ipv4_route *route);

struct ipv4_params {
    u32 source;
    u32 destination;
    u8 protocol;
    u8 ttl; /* 0 stands for IPV4_TTL_DEFAULT. */
    u8 tos;
    bool dont_fragment;
};

/*
 * Sends `buf`, which begins with the transport header, and takes it over whatever it returns. Puts
 * the IP and link headers before it, resolves the neighbour (queueing `buf` meanwhile), fragments
 * what is longer than the MTU (unless dont_fragment or gso_size). `more`: another packet follows at
 * once.
 *
 * A transport checksum that is still to be computed is told by NETBUF_CSUM_PARTIAL with csum_start
 * 0, csum_off, and the folded, not inverted sum of the pseudo header in the field:
 * checksum_fold(checksum_pseudo(...)). With gso_size not 0 the same, with the whole length in that
 * sum; every segment gets the right one.
 *
 * 0; -EMSGSIZE: longer than the MTU and not to be fragmented; -ENOMEM; -ENETDOWN. A packet lost
 * later is no error. Any context, also with a connection locked.
 */
int ipv4_output(struct netbuf *buf, const struct ipv4_params *params,
                const struct ipv4_route *route, bool more) MUST_USE;

/* True for addresses of our own, those of the loopback network included. */
bool ipv4_is_local(u32 ip);

/* True for 255.255.255.255 and the broadcast addresses of our networks. */
bool ipv4_is_broadcast(u32 ip);

/* The path MTU to `destination`: learned, or the device's. */
u32 ipv4_mtu(u32 destination);

/*
 * A router said that packets of more than `mtu` bytes do not get through (RFC 1191; 0: it did not
 * say how many do). The caller has checked that it was about a packet of ours. Returns what will be
 * used from now on, for some minutes.
 */
u32 ipv4_mtu_learned(u32 destination, u32 mtu);

/* A packet from the wire, IP header first. Bottom halves. */
void ipv4_input(struct netbuf *buf);

void ipv4_init(void);
