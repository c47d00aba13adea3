/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ICMP says of our segments (RFC 1122 4.2.3.9, RFC 5927): anybody can send such a message, so
 * it counts only with a sequence number that is in flight, and never ends a connection that was
 * established. Path MTU discovery (RFC 1191) hangs on it.
 */
#include "abi/linux/errors.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/tcp.h"
#include "kernel/net/tcp/connection.h"
#include "kernel/net/tcp/table.h"
#include "kernel/net/tcp/transfer.h"
#include "kernel/net/tcp/wire.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"

enum {
    ICMP_UNREACHABLE = 3,
    ICMP_TIME_EXCEEDED = 11,
    ICMP_PARAMETER_PROBLEM = 12,
};

enum icmp_unreachable_code {
    ICMP_NET = 0,
    ICMP_HOST = 1,
    ICMP_PROTOCOL = 2,
    ICMP_PORT = 3,
    ICMP_FRAGMENTATION_NEEDED = 4,
};

static int error_of(u8 type, u8 code)
{
    static const int unreachable[] = {
        [ICMP_NET] = ENETUNREACH,
        [ICMP_HOST] = EHOSTUNREACH,
        [ICMP_PROTOCOL] = ENOPROTOOPT,
        [ICMP_PORT] = ECONNREFUSED,
        [ICMP_FRAGMENTATION_NEEDED] = EMSGSIZE,
    };

    if (type == ICMP_PARAMETER_PROBLEM)
        return EPROTO;
    if (type != ICMP_UNREACHABLE)
        return type == ICMP_TIME_EXCEEDED ? EHOSTUNREACH : 0;
    return code < ARRAY_COUNT(unreachable) ? unreachable[code] : EHOSTUNREACH;
}

/* Segments in flight are too long: cut what is not acknowledged anew, and send it again. */
static void mtu_reduced(struct tcp *tcp, u32 mtu)
{
    u32 before = tcp->mss;

    (void)ipv4_mtu_learned(tcp->node.tuple.remote_ip, mtu);
    if (connection_route(tcp) < 0 || tcp->mss >= before || !tcp_can_send(tcp))
        return;
    if (tcp->snd_nxt == tcp->snd_una)
        return;
    tcp->recovery_end = tcp->snd_nxt;
    tcp->lost_end = tcp->snd_nxt;
    tcp->rtx_next = tcp->snd_una;
    tcp->recovery = TCP_RECOVERY_LOSS; /* Nothing to do with congestion: cwnd stays. */
    connection_output(tcp);
}

static void icmp_locked(struct tcp *tcp, u32 seq, u8 type, u8 code, u32 mtu)
{
    int error = error_of(type, code);
    bool in_flight = !seq_before(seq, tcp->snd_una) && seq_before(seq, tcp->snd_nxt);

    if (error == 0 || !in_flight || tcp->state == TCP_CLOSED)
        return;
    if (error == EMSGSIZE) {
        mtu_reduced(tcp, mtu);
    } else if (tcp->state == TCP_SYN_SENT || tcp->state == TCP_SYN_RECEIVED) {
        connection_done(tcp, error);
    } else {
        tcp->soft_error = (u8)error;
    }
}

void tcp_icmp_error(u32 source, u32 destination, const u8 header[8], u8 type, u8 code, u32 mtu)
{
    struct be16 ports[2];
    struct be32 seq;
    struct tcp_tuple tuple;
    struct tcp_node *node;

    mem_copy(ports, header, sizeof(ports));
    mem_copy(&seq, header + sizeof(ports), sizeof(seq));
    tuple = (struct tcp_tuple){ source, destination, be16_get(ports[0]), be16_get(ports[1]) };
    node = tcp_table_find(&tuple);
    if (!node)
        return;
    if (node->kind == TCP_NODE_CONNECTION) {
        struct tcp *tcp = tcp_of_node(node);

        connection_lock(tcp);
        icmp_locked(tcp, be32_get(seq), type, code, mtu);
        connection_unlock(tcp);
    }
    tcp_node_put(node);
}
