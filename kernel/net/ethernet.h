/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Ethernet II frames. */

#include "kernel/net/netbuf.h"
#include "kernel/net/netdev.h"
#include "lib/base/types.h"

enum {
    ETHERNET_HEADER_SIZE = 14,
};

enum ethertype {
    ETHERTYPE_IPV4 = 0x0800,
    ETHERTYPE_ARP = 0x0806,
};

extern const u8 ethernet_broadcast[MAC_SIZE];

/* Puts the header before the packet and sends it. Takes it over. */
void ethernet_output(struct netdev *dev, struct netbuf *buf, const u8 to[MAC_SIZE], u16 type,
                     bool more);

/* The Ethernet address of an IPv4 multicast group (RFC 1112 6.4). */
void ethernet_multicast(u32 group, u8 mac[MAC_SIZE]);

/* A frame from the wire. Takes it over. Bottom halves. */
void ethernet_input(struct netbuf *buf);
