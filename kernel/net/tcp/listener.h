/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Listeners and half-open connections (request.c), and SYN cookies (cookie.c). */

#include "kernel/net/netbuf.h"
#include "kernel/net/tcp/connection.h"
#include "lib/base/types.h"

void request_init(void);
void request_free(struct tcp_node *node);
struct tcp_listener *listener_create(struct tcp *owner, u32 backlog) MUST_USE;
void listener_destroy(struct tcp_listener *listener);
void listener_set_backlog(struct tcp_listener *listener, u32 backlog);
/* Resets everything that waits in it. No lock held. */
void listener_close(struct tcp_listener *listener);
struct tcp *listener_accept(struct tcp_listener *listener) MUST_USE;
bool listener_is_ready(const struct tcp_listener *listener);
/*
 * A segment that a listener gets. `iss_min`: where a TIME-WAIT before it ended, or 0. No lock held.
 */
void listener_input(struct tcp *owner, struct tcp_segment *segment, struct netbuf *buf,
                    u32 iss_min);
/* A segment for a half-open connection. No lock held. Takes `buf`. */
void request_input(struct tcp_node *node, struct tcp_segment *segment, struct netbuf *buf);
u32 listener_queued(const struct tcp_listener *listener);

/* What a handshake has agreed on. */
struct tcp_handshake {
    u32 iss;
    u32 irs;
    u32 ts_recent;
    u16 mss_peer;
    u8 snd_wscale;
    bool timestamps;
    bool sack;
    bool wscale;
};

void cookie_init(void);
/* The sequence number and timestamp of a SYN-ACK that stands for a request. */
u32 cookie_seq(const struct tcp_tuple *tuple, u32 irs, u16 mss, u64 now_ns);
u32 cookie_timestamp(const struct tcp_tuple *tuple, const struct tcp_handshake *handshake,
                     u64 now_ns);
/* What the ACK of such a SYN-ACK says; false when it is none of ours, or too old. */
bool cookie_check(const struct tcp_segment *segment, struct tcp_handshake *handshake);
