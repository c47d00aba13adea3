/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* ICMP (RFC 792, 1122 3.2.2): answers echoes, tells of closed UDP ports, hands errors on. */

#include "kernel/net/netbuf.h"
#include "lib/base/types.h"

enum icmp_type {
    ICMP_ECHO_REPLY = 0,
    ICMP_UNREACHABLE = 3,
    ICMP_ECHO = 8,
    ICMP_TIME_EXCEEDED = 11,
    ICMP_PARAMETER_PROBLEM = 12,
};

enum icmp_unreachable_code {
    ICMP_NET_UNREACHABLE = 0,
    ICMP_HOST_UNREACHABLE = 1,
    ICMP_PROTOCOL_UNREACHABLE = 2,
    ICMP_PORT_UNREACHABLE = 3,
    ICMP_FRAGMENTATION_NEEDED = 4,
};

enum {
    ICMP_RATE_PER_SECOND = 1000, /* What we send in all, echo replies included; bursts of 50. */
    ICMP_BURST = 50,
};

/* See ipv4.h for how `buf` looks. */
void icmp_input(struct netbuf *buf, u32 source, u32 destination);

/*
 * Tells the sender of `buf`, whose IP header is at network_off and whose transport header is in
 * front, that it is unreachable. Not for broadcasts, and not more often than the limit. `buf` stays
 * the caller's.
 */
void icmp_send_unreachable(const struct netbuf *buf, u8 code);

/* The error number, positive, that a program sees for an unreachable message; 0: none. */
int icmp_error_number(u8 type, u8 code);
