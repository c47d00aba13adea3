/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * UDP (RFC 768), to the socket layer. Like tcp.h: calls never sleep, `notify` tells of readiness.
 */

#include "kernel/net/netbuf.h"
#include "kernel/net/tcp.h"
#include "lib/base/types.h"

struct udp;

enum {
    UDP_PAYLOAD_MAX = 65507,
    UDP_RCVBUF_DEFAULT = 212992, /* As Linux: net.core.rmem_default. */
    UDP_PORT_FIRST = 32768,      /* Ephemeral ports: net.ipv4.ip_local_port_range. */
    UDP_PORT_LAST = 60999,
};

struct udp *udp_create(tcp_notify_fn *notify, void *arg) MUST_USE;
void udp_destroy(struct udp *udp);

int udp_bind(struct udp *udp, struct inet_address local) MUST_USE;
/*
 * Remembers the peer and filters by it; binds to an address and a free port when it has none. Ip 0:
 * disconnects.
 */
int udp_connect(struct udp *udp, struct inet_address remote) MUST_USE;

/*
 * Sends `buf`, whose whole contents are payload (all of its head is reserve), to `remote`, or to
 * the peer when NULL. Takes `buf` over, whatever it returns: 0, -EDESTADDRREQ, -EMSGSIZE, -EACCES
 * (broadcast not allowed), -ENETUNREACH, or a pending error.
 */
int udp_send(struct udp *udp, struct netbuf *buf, const struct inet_address *remote) MUST_USE;

/* The next datagram, header already taken off, or NULL; the caller destroys it. */
struct netbuf *udp_receive(struct udp *udp, struct inet_address *source,
                           struct inet_address *destination) MUST_USE;
/* Puts a datagram back at the front, for MSG_PEEK. It is as udp_receive() gave it. */
void udp_unreceive(struct udp *udp, struct netbuf *buf);
/* Payload length of the next datagram, -EAGAIN when there is none. */
long udp_next_len(struct udp *udp);

u32 udp_poll(struct udp *udp);
int udp_take_error(struct udp *udp);
struct inet_address udp_local(struct udp *udp);
struct inet_address udp_remote(struct udp *udp);

enum udp_option {
    UDP_OPT_REUSEADDR,
    UDP_OPT_REUSEPORT,
    UDP_OPT_BROADCAST,
    UDP_OPT_RCVBUF,
    UDP_OPT_TTL,
    UDP_OPT_TOS,
};
int udp_set_option(struct udp *udp, enum udp_option option, u64 value) MUST_USE;
u64 udp_get_option(struct udp *udp, enum udp_option option);

/* No more datagrams: what is queued can still be read. */
void udp_shutdown_read(struct udp *udp);
bool udp_is_shut(struct udp *udp);
u64 udp_count(void);

/* For /proc/net/udp: visits each bound socket, with the table locked. */
typedef void udp_visit_fn(void *arg, struct inet_address local, struct inet_address remote,
                          u32 queued_bytes);
void udp_for_each(udp_visit_fn *fn, void *arg);

/* ---- Below: from the network layer. ---- */

/* A datagram; see ipv4.h for how `buf` looks. Takes it over. Bottom halves. */
void udp_input(struct netbuf *buf, u32 source, u32 destination);

/* An ICMP error about a datagram we sent, like tcp_icmp_error(). */
void udp_icmp_error(u32 source, u32 destination, const u8 header[8], u8 type, u8 code, u32 mtu);

void udp_init(void);
