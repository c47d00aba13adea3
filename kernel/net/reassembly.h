/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Putting IPv4 fragments together (RFC 791 3.2, RFC 1122 3.3.2).
 *
 * Fragments that overlap spoil their datagram, as RFC 5722 asks for IPv6: no honest sender makes
 * them, and they are how filters are deceived. An exact repetition is ignored.
 */

#include "kernel/net/ipv4_wire.h"
#include "kernel/net/netbuf.h"
#include "lib/base/types.h"

enum {
    REASSEMBLY_QUEUES_MAX = 64,     /* Datagrams under way; the oldest gives way. */
    REASSEMBLY_FRAGMENTS_MAX = 128, /* Of one datagram: 64 KiB in pieces of 512. */
    /* Of all, page fragments counted as what they may hold on to. */
    REASSEMBLY_BYTES_MAX = 1 << 20,
    REASSEMBLY_TIMEOUT_S = 30,
};

/*
 * Takes a fragment over, its IP header still in front. Returns the datagram when this one completes
 * it (one IP header, with the lengths of the whole), else NULL. Bottom halves.
 */
struct netbuf *reassembly_add(struct netbuf *buf, const struct ipv4_header *header) MUST_USE;

/* Datagrams under way, for tests. */
u32 reassembly_count(void);

void reassembly_init(void);
