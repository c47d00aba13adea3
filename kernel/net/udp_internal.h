/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What udp.c and udp_table.c share. */

#include "kernel/core/spinlock.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/udp.h"
#include "lib/base/list.h"
#include "lib/base/types.h"

struct udp {
    struct spinlock lock; /* LOCK_RANK_SOCKET */
    u32 refs;             /* [atomic] The owner's, and one of each packet on its way in. */

    /*
     * Written under `lock` and those of the table's buckets they belong to, read under any of them.
     * Senders read the addresses under none: one that is changed meanwhile counts, or does not.
     */
    struct list port_link; /* By local port: those without a peer come first. */
    struct list peer_link; /* By both addresses: those with a peer alone. */
    struct inet_address local;
    struct inet_address remote; /* Port 0: none. */
    bool bound_any;             /* Bound to every address: `local.ip` is that of the connection. */
    bool reuse_addr;
    bool reuse_port;

    /* Under `lock`: */
    tcp_notify_fn *notify; /* NULL once the owner has gone. */
    void *arg;
    struct list queue; /* Of struct netbuf; cb: source ip, ports, destination ip, charge. */
    u32 queued_bytes;  /* Charged, not payload. */
    u32 rcvbuf;
    int error;
    bool read_shut;
    bool broadcast;
    u8 ttl;
    u8 tos;
    struct ipv4_route route; /* To `route_ip`. */
    u32 route_ip;
};

/*
 * Changes of where a socket is found; `udp` is locked, unless nobody else has it any more.
 * udp_table_bind(): it is not bound yet; `local.port` 0 picks one. 0, -EADDRINUSE.
 */
int udp_table_bind(struct udp *udp, struct inet_address local) MUST_USE HOLDS(&udp->lock);

/* Gives it a peer (or none, port 0), and moves it to where it is looked up. It is bound. */
void udp_table_connect(struct udp *udp, struct inet_address local, struct inet_address remote)
    HOLDS(&udp->lock);

void udp_table_remove(struct udp *udp);

/* Whose datagram this is, with a reference; or NULL. */
struct udp *udp_table_find(struct inet_address local, struct inet_address remote) MUST_USE;

/*
 * Visits everyone bound to `port` who gets a datagram to the group or broadcast address `ip`, until
 * `visit` returns false, the table locked.
 */
void udp_table_each(struct inet_address local, struct inet_address remote,
                    bool (*visit)(void *arg, struct udp *udp), void *arg);
void udp_table_visit_all(void (*visit)(void *arg, struct udp *udp), void *arg);

void udp_table_init(void);
