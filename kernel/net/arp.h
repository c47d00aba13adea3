/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Neighbours: which Ethernet address an IPv4 address of our networks has (RFC 826).
 *
 *                  output                    reply
 *     (none) -----------------> INCOMPLETE ---------> REACHABLE <---------.
 *        ^                       |  ^                     | expire        | reply
 *        |   expire, 3 requests  |  | 3 requests          v               |
 *        `-----------------------'  `----- PROBE <----- STALE             |
 *                                            |   output                   |
 *                                            `----------------------------'
 *
 * A neighbour's memory is never given back, only used for another address, so a pointer kept in a
 * route stays good to look at; arp_output() checks that it still is the right one. What a packet
 * needs is one word, read without a lock.
 *
 * Against floods: the table is bounded, and so are the packets that wait in it; what strangers
 * announce may replace stale neighbours only, and a change of address within a second of the last
 * is ignored.
 */

#include "kernel/net/netbuf.h"
#include "kernel/net/netdev.h"
#include "lib/base/types.h"

struct neighbour;

enum {
    NEIGHBOURS_MAX = 1024,
    NEIGHBOUR_PENDING_MAX = 16, /* Packets that wait for one address. */
    ARP_PENDING_MAX = 256,      /* For all. */
};

/* The neighbour with this address, or NULL. A hint: see above. */
struct neighbour *arp_find(struct netdev *dev, u32 ip);

/*
 * Sends an IP packet to `ip` on `dev`'s network; queues it while the address is being asked for.
 * `hint` may be NULL. Takes `buf` over.
 */
void arp_output(struct netdev *dev, u32 ip, struct neighbour *hint, struct netbuf *buf, bool more);

/* How many packets wait for an address. */
u32 arp_pending(void);

/* An ARP packet from the wire, behind the Ethernet header. Takes it over. Bottom halves. */
void arp_input(struct netbuf *buf);

/* Tells the network about an address of ours (gratuitous ARP). */
void arp_announce(struct netdev *dev, u32 ip);

/* Forgets the neighbours on a device. */
void arp_flush(struct netdev *dev);

/* For /proc/net/arp: neighbour number `index`; false past the end. */
struct neighbour_info {
    u32 ip;
    u8 mac[MAC_SIZE];
    bool complete;
    struct netdev *netdev;
};
bool arp_at(u32 index, struct neighbour_info *info);

void arp_init(void);
