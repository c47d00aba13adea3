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
};

struct udp *udp_create(tcp_notify_fn *notify, void *arg) MUST_USE;
void udp_destroy(struct udp *udp);

int udp_bind(struct udp *udp, struct inet_address local) MUST_USE;
/* Remembers the peer and filters by it; binds to an address and a free port when it has none. Ip 0: disconnects. */
int udp_connect(struct udp *udp, struct inet_address remote) MUST_USE;

/*
 * Sends `buf`, whose whole contents are payload (all of its head is reserve), to `remote`, or to the peer
 * when NULL. Takes `buf` over, whatever it returns: 0, -EDESTADDRREQ, -EMSGSIZE, -EACCES (broadcast
 * not allowed), -ENETUNREACH, or a pending error.
 */
int udp_send(struct udp *udp, struct netbuf *buf, const struct inet_address *remote) MUST_USE;

/* The next datagram, header already taken off, or NULL; the caller destroys it. */
struct netbuf *udp_receive(struct udp *udp, struct inet_address *source,
                           struct inet_address *destination) MUST_USE;
/* Puts a datagram back at the front, for MSG_PEEK. */
void udp_unreceive(struct udp *udp, struct netbuf *buf, struct inet_address source,
                   struct inet_address destination);
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

void udp_shutdown_read(struct udp *udp);
u64 udp_count(void);
