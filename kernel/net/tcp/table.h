/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Who has which four numbers: the table of connections, requests and records of TIME-WAIT
 * (table.c), the ports that sockets are bound to (ports.c), and TIME-WAIT itself (timewait.c).
 */

#include "kernel/net/tcp.h"
#include "kernel/net/tcp/connection.h"
#include "lib/base/types.h"

void tcp_table_init(void);
u32 tcp_tuple_hash(const struct tcp_tuple *tuple);
/* With a reference, or NULL. */
struct tcp_node *tcp_table_find(const struct tcp_tuple *tuple) MUST_USE;
/* Puts it in, with a reference of the table's. 0, -EADDRINUSE, -ENOMEM. */
int tcp_table_insert(struct tcp_node *node) MUST_USE;
/* Puts `node` in the place of `old`, which has the same tuple. False when `old` is not in it. */
bool tcp_table_replace(struct tcp_node *old, struct tcp_node *node) MUST_USE;
/* Takes it out if it is in. The caller holds a reference of its own. True when it was in. */
bool tcp_table_remove(struct tcp_node *node);
void tcp_node_get(struct tcp_node *node);
void tcp_node_put(struct tcp_node *node);
/* Visits nodes with a reference held and no lock. */
void tcp_table_for_each(void (*visit)(void *arg, struct tcp_node *node), void *arg);

/* ---- ports.c. ---- */

void tcp_ports_init(void);
/*
 * Whether connections keep `tcp` from binding to an address: those that live and those in
 * TIME-WAIT, unless they and `tcp` all have SO_REUSEADDR or SO_REUSEPORT. Walks over all of them.
 * No lock held.
 */
bool tcp_ports_in_use(const struct tcp *tcp, struct inet_address local) MUST_USE;
int tcp_ports_bind(struct tcp *tcp, struct inet_address local) MUST_USE;
void tcp_ports_unbind(struct tcp *tcp);
/* 0, or -EADDRINUSE when another listener has the place. Locked. */
int tcp_ports_listen(struct tcp *tcp) MUST_USE;
/* Chooses a local port for tuple (RFC 6056, algorithm 4) and inserts it into the table. */
int tcp_ports_connect(struct tcp *tcp) MUST_USE;
/* The listener for a tuple, with a reference, or NULL. */
struct tcp *tcp_ports_find_listener(const struct tcp_tuple *tuple) MUST_USE;
void tcp_ports_for_each(void (*visit)(void *arg, struct tcp *tcp), void *arg);

/* ---- timewait.c. ---- */

void timewait_init(void);
void timewait_free(struct tcp_node *node);
/* A record with one reference, not in the table yet; NULL when memory is out. */
struct tcp_node *timewait_create(const struct tcp *tcp) MUST_USE;
/* Starts its 60 seconds. */
void timewait_start(struct tcp_node *node);
/* Ends it early. The caller holds a reference. */
void timewait_end(struct tcp_node *node);
/* True: the segment is a SYN that may open the connection anew, after `*iss_min`. */
bool timewait_input(struct tcp_node *node, const struct tcp_segment *segment, u32 *iss_min);
/* A new connection of ours may take the tuple over (RFC 6191). */
bool timewait_reusable(const struct tcp_node *node, u64 now_ns, u32 *iss_min);
/* TCP_F_REUSEADDR and TCP_F_REUSEPORT, as the connection had them. */
u32 timewait_reuse_flags(const struct tcp_node *node);
u64 timewait_count(void);
