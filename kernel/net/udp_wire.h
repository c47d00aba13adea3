/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* UDP headers (RFC 768). */

#include "lib/base/types.h"

enum {
    UDP_HEADER_SIZE = 8,
    UDP_CHECKSUM_OFF = 6,
};

struct udp_header {
    u16 source;
    u16 destination;
    u32 len; /* Of header and payload. */
};

/* False when the length makes no sense for the `packet_len` bytes there are. */
bool udp_parse(const u8 bytes[UDP_HEADER_SIZE], u32 packet_len, struct udp_header *header) MUST_USE;

/* Writes the header with `sum`, as it lies in memory, for its checksum. */
void udp_emit(u8 bytes[UDP_HEADER_SIZE], const struct udp_header *header, u16 sum);
