/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What moves bytes: segments in (input.c, ack.c, sack.c, reassembly.c, receive.c) and out
 * (output.c, segment.c), and the timers (timer.c). Everything here wants the connection locked.
 */

#include "kernel/net/netbuf.h"
#include "kernel/net/tcp/connection.h"
#include "lib/base/types.h"

/* ---- input.c, ack.c, sack.c. ---- */

void tcp_input_init(void);
/* A segment for a connection. Takes `buf`. Locked. */
void connection_input(struct tcp *tcp, struct tcp_segment *segment, struct netbuf *buf);
/* Payload and FIN of an acceptable segment. Takes `buf`. Locked. */
void connection_receive(struct tcp *tcp, struct tcp_segment *segment, struct netbuf *buf);
/*
 * The ACK field. False: not acceptable, an answer is on its way and the segment is to be dropped.
 */
bool connection_ack(struct tcp *tcp, const struct tcp_segment *segment) MUST_USE;
void connection_window_update(struct tcp *tcp, const struct tcp_segment *segment);
void connection_enter_loss(struct tcp *tcp);
/* A challenge ACK (RFC 5961), rate limited. Locked. */
void connection_challenge(struct tcp *tcp);

/* Bytes believed to be in the network (RFC 6675, pipe). */
u32 sack_pipe(const struct tcp *tcp);
/* Takes in the blocks of a segment. Returns bytes newly SACKed. */
u32 sack_update(struct tcp *tcp, const struct tcp_header *header);
/* snd_una has moved. */
void sack_advance(struct tcp *tcp);
void sack_clear(struct tcp *tcp);
/* Sets lost_end from the scoreboard (RFC 6675, IsLost). */
void sack_mark_lost(struct tcp *tcp);
/* The next hole to send again: false when there is none. */
bool sack_next_hole(const struct tcp *tcp, struct tcp_range *hole);

/* ---- output.c, segment.c. ---- */

/* Sends what may be sent now, retransmissions first, and sets the timers for the rest. Locked. */
void connection_output(struct tcp *tcp);
/* Sends an ACK if one is due. Locked. */
void connection_flush_ack(struct tcp *tcp);
/* Sends up to a segment whatever the rules say, but for the window. False when it could not. */
bool output_forced(struct tcp *tcp, u32 len) MUST_USE;
/* The window to tell now; moves rcv_adv. */
u32 connection_window(struct tcp *tcp);

/*
 * Sends one segment with up to `*len` bytes from `seq` on of the send queue, and says how many
 * went. When they are fewer, because they lie in too many pieces, FIN and PSH are left off. False
 * when memory is out.
 */
bool segment_send(struct tcp *tcp, u32 seq, u32 *len, u8 flags, bool more) MUST_USE;
void segment_send_ack(struct tcp *tcp);
/* An old sequence number and no data: whoever gets it has to answer. */
void segment_send_probe(struct tcp *tcp);
void segment_send_syn(struct tcp *tcp);
void segment_send_reset(struct tcp *tcp);
/* For those that are no connection. `header` has ports, numbers, flags and options. */
void segment_send_bare(const struct tcp_tuple *tuple, struct tcp_header *header, u8 tos);
/* A RST in answer to a segment that fits nowhere (RFC 9293 3.10.7.1). */
void segment_send_refusal(const struct tcp_segment *segment);
/* The largest payload one call of segment_send() may carry. */
u32 segment_len_max(const struct tcp *tcp);

/* ---- timer.c. ---- */

void connection_timer_fn(struct net_timer *timer);
u64 connection_rto_ns(const struct tcp *tcp);
/* Starts the retransmission timer afresh. */
void connection_rto_start(struct tcp *tcp);
/* Makes the timer fire no later than the nearest deadline. Locked. */
void connection_timer_update(struct tcp *tcp);
void connection_keepalive_start(struct tcp *tcp);
void connection_rtt_sample(struct tcp *tcp, u32 rtt_us);

/* ---- reassembly.c, receive.c. ---- */

/* A segment's payload beyond rcv_nxt. Takes `buf`. */
void reassembly_insert(struct tcp *tcp, struct netbuf *buf, u32 seq);
/* Moves what has become in order to the receive queue. True when a FIN was waiting there. */
bool reassembly_drain(struct tcp *tcp);
void reassembly_purge(struct tcp *tcp);
/* Remembers that [start, end) is to be told first. */
void reassembly_note(struct tcp *tcp, u32 start, u32 end);
/* Appends in-order payload. Takes `buf`. */
void receive_append(struct tcp *tcp, struct netbuf *buf, u32 len);
void receive_purge(struct tcp *tcp);
/* Memory that a netbuf keeps busy: whole pages, since that is what it holds on to. */
u32 receive_memory(const struct netbuf *buf);
/* True when there is memory for `buf`, perhaps after giving up what is out of order. */
bool receive_admit(struct tcp *tcp, const struct netbuf *buf);
