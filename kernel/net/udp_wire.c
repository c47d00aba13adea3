/* SPDX-License-Identifier: Apache-2.0 */
/* UDP headers: parse and emit. */
#include "kernel/net/udp_wire.h"

#include "kernel/net/wire.h"
#include "lib/base/types.h"

bool udp_parse(const u8 bytes[UDP_HEADER_SIZE], u32 packet_len, struct udp_header *header)
{
    header->source = wire_get16(bytes);
    header->destination = wire_get16(bytes + 2);
    header->len = wire_get16(bytes + 4);
    return packet_len >= UDP_HEADER_SIZE && header->len >= UDP_HEADER_SIZE &&
           header->len <= packet_len;
}

void udp_emit(u8 bytes[UDP_HEADER_SIZE], const struct udp_header *header, u16 sum)
{
    wire_put16(bytes, header->source);
    wire_put16(bytes + 2, header->destination);
    wire_put16(bytes + 4, (u16)header->len);
    wire_put_sum(bytes + UDP_CHECKSUM_OFF, sum);
}
