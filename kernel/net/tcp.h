/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * TCP, to the socket layer (RFC 9293, 7323, 2018, 5681, 6298, 6582, 1191, 4987).
 *
 * A `struct tcp` is one connection, or a listener. The socket layer owns one reference; the stack
 * keeps its own while the connection is in a table. Calls never sleep: what cannot be done now
 * gives -EAGAIN, and `notify` tells when it is worth another try. Blocking is the socket layer's.
 *
 * Copies from and to the program may fault and sleep, so no lock is held across them: the socket
 * layer serialises readers among themselves and writers among themselves (one mutex each), copies
 * into pages got from tcp_send_room(), and commits; and copies out of what tcp_receive_peek() lent.
 */

#include "kernel/mm/page.h"
#include "kernel/net/netbuf.h"
#include "lib/base/types.h"

struct tcp;

/* IPv4 address and port, in host byte order. */
struct inet_address {
    u32 ip;
    u16 port;
};

enum tcp_state {
    TCP_CLOSED,
    TCP_LISTEN,
    TCP_SYN_SENT,
    TCP_SYN_RECEIVED,
    TCP_ESTABLISHED,
    TCP_FIN_WAIT_1,
    TCP_FIN_WAIT_2,
    TCP_CLOSE_WAIT,
    TCP_CLOSING,
    TCP_LAST_ACK,
    TCP_TIME_WAIT,
};

/*
 * Readiness changed: `events` of poll(2) became true. Runs in a bottom half or in a caller's
 * context, the connection unlocked or locked: it only wakes.
 */
typedef void tcp_notify_fn(void *arg, u32 events);

/* A closed connection with default options, one reference. NULL when memory is out. */
struct tcp *tcp_create(tcp_notify_fn *notify, void *arg) MUST_USE;

/* Puts the owner's reference back: no `notify` once it has returned. Not closing: tcp_close(). */
void tcp_put(struct tcp *tcp);

/* Hands the connection to a new owner (after accept): from now on `notify(arg)`. */
void tcp_set_notify(struct tcp *tcp, tcp_notify_fn *notify, void *arg);

/* 0; -EADDRINUSE, -EADDRNOTAVAIL, -EINVAL when bound already. Port 0 picks a free one. */
int tcp_bind(struct tcp *tcp, struct inet_address local) MUST_USE;

/* Starts to listen, or changes the backlog. 0, -EADDRINUSE, -EINVAL in a wrong state. */
int tcp_listen(struct tcp *tcp, u32 backlog) MUST_USE;

/* Takes one established connection off the listener's queue. NULL when there is none. */
struct tcp *tcp_accept(struct tcp *listener) MUST_USE;

/*
 * Sends a SYN. -EINPROGRESS when it is on its way; `notify` with POLLOUT when it is answered or
 * failed, tcp_take_error() tells which. -EISCONN, -EALREADY, -ENETUNREACH, -EADDRNOTAVAIL, ...
 */
int tcp_connect(struct tcp *tcp, struct inet_address remote) MUST_USE;

/*
 * Closes in an orderly way and lets go: data queued is still sent, then FIN; received data that
 * nobody read sends RST (RFC 2525 2.17). The owner's reference stays the owner's. With
 * `abort`, RST at once.
 */
void tcp_close(struct tcp *tcp, bool abort);

/*
 * connect(2) with AF_UNSPEC: resets the connection and forgets it, so that another can be made.
 * Options and the port it was bound to stay; a listener stops to listen. The caller keeps readers
 * away: what was received is gone. 0; -EADDRINUSE when another took the port this very moment.
 */
int tcp_disconnect(struct tcp *tcp) MUST_USE;

enum tcp_shutdown {
    TCP_SHUTDOWN_READ = 1u << 0,
    TCP_SHUTDOWN_WRITE = 1u << 1,
};
int tcp_shutdown(struct tcp *tcp, u32 how) MUST_USE;

/*
 * Room to put bytes into, at the end of the send queue. Returns how many bytes may be written at
 * `*memory` (one piece, in a send-buffer page), 0 < n <= want; -EAGAIN when the send buffer is
 * full, -EPIPE after shutdown or reset, -ENOTCONN, -ENOMEM, or the connection's error. The room
 * stays the caller's until tcp_send_commit() with how many bytes it really wrote (0: none).
 */
long tcp_send_room(struct tcp *tcp, u32 want, void **memory) MUST_USE;

/*
 * `more`: the caller will send more at once (MSG_MORE, or the middle of a long write): do not push
 * a small segment yet.
 */
void tcp_send_commit(struct tcp *tcp, u32 len, bool more);

/*
 * Appends part of a page by reference (sendfile). Returns how many bytes were taken, which may be
 * fewer, or an error like tcp_send_room(). Takes a reference of its own to `page`.
 */
long tcp_send_page(struct tcp *tcp, struct page *page, u32 off, u32 len, bool more) MUST_USE;

/*
 * Lends the next piece of received bytes, `skip` bytes behind the first unread one (for MSG_PEEK
 * and multi-piece reads). Returns its length, `*memory`, and in `*more` how many bytes are there
 * behind it; 0 at the peer's FIN; -EAGAIN; the connection's error once; -ENOTCONN. Valid until
 * tcp_receive_consume(). One reader at a time.
 */
long tcp_receive_peek(struct tcp *tcp, u64 skip, const void **memory, u64 *more) MUST_USE;

/* The first `len` unread bytes have been read: opens the window and may send an update. */
void tcp_receive_consume(struct tcp *tcp, u64 len);

/* Bytes that can be read now (FIONREAD), and bytes not acknowledged yet (SIOCOUTQ). */
u64 tcp_receive_available(struct tcp *tcp);
u64 tcp_send_queued(struct tcp *tcp);

/* The poll(2) events that hold now. */
u32 tcp_poll(struct tcp *tcp);

/* The pending error as a positive number, and clears it (SO_ERROR); 0 when there is none. */
int tcp_take_error(struct tcp *tcp);

enum tcp_state tcp_state_of(struct tcp *tcp);
struct inet_address tcp_local(struct tcp *tcp);
struct inet_address tcp_remote(struct tcp *tcp);

/* What socket options change. Each returns 0 or -EINVAL; values are those of Linux. */
enum tcp_option {
    TCP_OPT_NODELAY,
    TCP_OPT_CORK,
    TCP_OPT_QUICKACK,
    TCP_OPT_MAXSEG,
    TCP_OPT_KEEPALIVE, /* SO_KEEPALIVE: on or off. */
    TCP_OPT_KEEPIDLE_S,
    TCP_OPT_KEEPINTVL_S,
    TCP_OPT_KEEPCNT,
    TCP_OPT_USER_TIMEOUT_MS,
    TCP_OPT_LINGER2_S,
    TCP_OPT_SYNCNT,
    TCP_OPT_DEFER_ACCEPT_S,
    TCP_OPT_REUSEADDR,
    TCP_OPT_REUSEPORT,
    TCP_OPT_SNDBUF, /* Bytes, as stored (already doubled). */
    TCP_OPT_RCVBUF,
    TCP_OPT_NOTSENT_LOWAT,
    TCP_OPT_TTL,
    TCP_OPT_TOS,
    TCP_OPT_WINDOW_CLAMP,
};
int tcp_set_option(struct tcp *tcp, enum tcp_option option, u64 value) MUST_USE;
u64 tcp_get_option(struct tcp *tcp, enum tcp_option option);

/* For TCP_INFO. Times in microseconds. */
struct tcp_details {
    enum tcp_state state;
    u32 rtt_us, rtt_var_us, rto_us, ato_us;
    u32 snd_mss, rcv_mss, advmss, pmtu;
    u32 snd_cwnd, snd_ssthresh, rcv_space;
    u32 unacked, sacked, lost, retrans, total_retrans, retransmits, backoff, probes;
    u8 snd_wscale, rcv_wscale, ca_state;
    bool timestamps, sack, wscale;
    u64 bytes_acked, bytes_received;
    u32 segs_out, segs_in, notsent_bytes;
    u32 last_data_sent_ms, last_data_recv_ms, last_ack_recv_ms;
};
void tcp_details(struct tcp *tcp, struct tcp_details *details);

/*
 * For /proc/net/tcp and leak tests: visits each connection and listener there is, no lock held.
 * `tcp` is NULL for those in TIME-WAIT and for half-open ones of a listener.
 */
typedef void tcp_visit_fn(void *arg, struct tcp *tcp, const struct tcp_details *details,
                          struct inet_address local, struct inet_address remote);
void tcp_for_each(tcp_visit_fn *visit, void *arg);
u64 tcp_count(void);

/* The same, apart; what /proc/net/sockstat says. */
struct tcp_totals {
    u64 connections; /* And listeners. */
    u64 orphans;     /* Of them: closed by the program, not yet by TCP. */
    u64 time_waits;
};
void tcp_totals(struct tcp_totals *totals);

/* ---- Below: from the network layer. ---- */

/*
 * A segment for us, `buf`'s transport header pulled into its head at transport_off; now TCP's.
 * `source` and `destination` as in its IP header. Bottom halves.
 */
void tcp_input(struct netbuf *buf, u32 source, u32 destination);

/* The end of a batch of received packets on this CPU: what was held back for it (ACKs) goes out. */
void tcp_input_done(void);

/*
 * An ICMP error about a segment we sent; `header` is the first 8 bytes of it. `mtu` for type 3 code
 * 4.
 */
void tcp_icmp_error(u32 source, u32 destination, const u8 header[8], u8 type, u8 code, u32 mtu);

void tcp_init(void);
