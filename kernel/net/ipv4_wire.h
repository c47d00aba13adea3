/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* IPv4 headers (RFC 791 3.1). */

#include "lib/base/types.h"

enum ipv4_fragment_bits {
    IPV4_MORE_FRAGMENTS = 0x2000,
    IPV4_DONT_FRAGMENT = 0x4000,
    IPV4_FRAGMENT_OFF = 0x1fff, /* In units of 8 bytes. */
};

struct ipv4_header {
    u32 source;
    u32 destination;
    u32 header_len;   /* 20..60 */
    u32 total_len;    /* header_len..65535 */
    u32 fragment_off; /* Bytes. */
    bool more_fragments;
    bool dont_fragment;
    u16 id;
    u8 protocol;
    u8 ttl;
    u8 tos;
};

/*
 * Reads the header of a packet of `packet_len` bytes, the first `len` of which are at `bytes`.
 * False when it is no IPv4 packet or its lengths do not fit. Options are left alone, the checksum
 * too: it may lie beyond `len`.
 */
bool ipv4_parse(const u8 *bytes, size_t len, u32 packet_len, struct ipv4_header *header) MUST_USE;

/* Writes a header of 20 bytes, its checksum included. */
void ipv4_emit(u8 bytes[20], const struct ipv4_header *header);
