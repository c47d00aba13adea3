/* SPDX-License-Identifier: Apache-2.0 */
/* ARP packets: parse and emit. */
#include "kernel/net/arp_wire.h"

#include "kernel/net/wire.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"

enum {
    HARDWARE_ETHERNET = 1,
    PROTOCOL_IPV4 = 0x0800,
    IPV4_SIZE = 4,
};

bool arp_parse(const u8 *bytes, size_t len, struct arp_packet *packet)
{
    if (len < ARP_SIZE || wire_get16(bytes) != HARDWARE_ETHERNET ||
        wire_get16(bytes + 2) != PROTOCOL_IPV4 || bytes[4] != MAC_SIZE || bytes[5] != IPV4_SIZE)
        return false;
    packet->operation = wire_get16(bytes + 6);
    mem_copy(packet->sender_mac, bytes + 8, MAC_SIZE);
    packet->sender_ip = wire_get32(bytes + 14);
    mem_copy(packet->target_mac, bytes + 18, MAC_SIZE);
    packet->target_ip = wire_get32(bytes + 24);
    return true;
}

void arp_emit(u8 bytes[ARP_SIZE], const struct arp_packet *packet)
{
    wire_put16(bytes, HARDWARE_ETHERNET);
    wire_put16(bytes + 2, PROTOCOL_IPV4);
    bytes[4] = MAC_SIZE;
    bytes[5] = IPV4_SIZE;
    wire_put16(bytes + 6, packet->operation);
    mem_copy(bytes + 8, packet->sender_mac, MAC_SIZE);
    wire_put32(bytes + 14, packet->sender_ip);
    mem_copy(bytes + 18, packet->target_mac, MAC_SIZE);
    wire_put32(bytes + 24, packet->target_ip);
}
