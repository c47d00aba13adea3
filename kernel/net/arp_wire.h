/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* ARP packets for IPv4 over Ethernet (RFC 826). */

#include "kernel/net/netdev.h"
#include "lib/base/types.h"

enum {
    ARP_SIZE = 28,
};

enum arp_operation {
    ARP_REQUEST = 1,
    ARP_REPLY = 2,
};

struct arp_packet {
    u16 operation;
    u8 sender_mac[MAC_SIZE];
    u32 sender_ip;
    u8 target_mac[MAC_SIZE];
    u32 target_ip;
};

/* False when it is too short, or not about IPv4 over Ethernet. */
bool arp_parse(const u8 *bytes, size_t len, struct arp_packet *packet) MUST_USE;
void arp_emit(u8 bytes[ARP_SIZE], const struct arp_packet *packet);
