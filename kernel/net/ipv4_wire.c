/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 headers: parse and emit. */
#include "kernel/net/ipv4_wire.h"

#include "kernel/net/checksum.h"
#include "kernel/net/wire.h"
#include "lib/base/types.h"

enum {
    HEADER_MIN = 20,
    VERSION = 4,
};

bool ipv4_parse(const u8 *bytes, size_t len, u32 packet_len, struct ipv4_header *header)
{
    u16 fragment;

    if (len < HEADER_MIN || packet_len < HEADER_MIN || bytes[0] >> 4 != VERSION)
        return false;
    header->header_len = (bytes[0] & 0x0fu) * 4;
    header->total_len = wire_get16(bytes + 2);
    if (header->header_len < HEADER_MIN || header->total_len < header->header_len ||
        header->total_len > packet_len)
        return false;
    fragment = wire_get16(bytes + 6);
    header->tos = bytes[1];
    header->id = wire_get16(bytes + 4);
    header->dont_fragment = (fragment & IPV4_DONT_FRAGMENT) != 0;
    header->more_fragments = (fragment & IPV4_MORE_FRAGMENTS) != 0;
    header->fragment_off = (fragment & IPV4_FRAGMENT_OFF) * 8u;
    header->ttl = bytes[8];
    header->protocol = bytes[9];
    header->source = wire_get32(bytes + 12);
    header->destination = wire_get32(bytes + 16);
    return true;
}

void ipv4_emit(u8 bytes[20], const struct ipv4_header *header)
{
    u32 fragment = header->fragment_off / 8;

    if (header->more_fragments)
        fragment |= IPV4_MORE_FRAGMENTS;
    if (header->dont_fragment)
        fragment |= IPV4_DONT_FRAGMENT;
    bytes[0] = VERSION << 4 | HEADER_MIN / 4;
    bytes[1] = header->tos;
    wire_put16(bytes + 2, (u16)header->total_len);
    wire_put16(bytes + 4, header->id);
    wire_put16(bytes + 6, (u16)fragment);
    bytes[8] = header->ttl;
    bytes[9] = header->protocol;
    wire_put_sum(bytes + 10, 0);
    wire_put32(bytes + 12, header->source);
    wire_put32(bytes + 16, header->destination);
    wire_put_sum(bytes + 10, checksum_finish(checksum_header(bytes)));
}
