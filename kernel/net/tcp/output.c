/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What to send, and when: lost segments first (RFC 6675), then new data as far as congestion and
 * the peer's window allow, with Nagle's algorithm in Minshall's variant, cork, and the avoidance of
 * silly windows on both sides (RFC 9293 3.8.6.2). Whatever stays behind has a timer.
 */
#include "kernel/core/clock.h"
#include "kernel/core/panic.h"
#include "kernel/net/net.h"
#include "kernel/net/tcp/connection.h"
#include "kernel/net/tcp/transfer.h"
#include "kernel/net/tcp/wire.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

/*
 * The window to offer. It opens in steps of a full segment or half the buffer, and its right edge
 * never moves left (invariant 4).
 */
u32 connection_window(struct tcp *tcp)
{
    u32 told = seq_after(tcp->rcv_adv, tcp->rcv_nxt) ? tcp->rcv_adv - tcp->rcv_nxt : 0;
    u32 memory = tcp->rcvbuf > tcp->rcv_memory ? tcp->rcvbuf - tcp->rcv_memory : 0;
    u32 room = tcp->rcv_wnd_max > tcp->rcv_queued ? tcp->rcv_wnd_max - tcp->rcv_queued : 0;
    u32 step = u32_min(tcp->rcv_wnd_max / 2, tcp->rcv_mss);

    room = u32_min(room, memory);
    room = u32_min(room, 0xffffu << tcp->rcv_wscale);
    room &= ~((1u << tcp->rcv_wscale) - 1);
    if (room >= told + step) {
        tcp->rcv_adv = tcp->rcv_nxt + room;
        return room;
    }
    return told;
}

static u32 send_window(const struct tcp *tcp)
{
    u32 sent = tcp->snd_nxt - tcp->snd_una;

    return tcp->snd_wnd > sent ? tcp->snd_wnd - sent : 0;
}

/* Bytes of the queue not sent yet. */
static u32 unsent_len(const struct tcp *tcp)
{
    return tcp_has(tcp, TCP_F_FIN_SENT) ? 0 : tcp->snd_end - tcp->snd_nxt;
}

/* A small segment at the end of the queue: may it leave now? */
static bool small_may_leave(const struct tcp *tcp)
{
    if (tcp_has(tcp, TCP_F_FIN_QUEUED))
        return true;
    if (tcp_has(tcp, TCP_F_CORK | TCP_F_MORE))
        return false;
    return tcp_has(tcp, TCP_F_NODELAY) || !seq_after(tcp->snd_small, tcp->snd_una);
}

/* Less than a segment, corked or waiting for an ACK (Nagle): nothing can leave. */
static bool is_held(const struct tcp *tcp)
{
    u32 unsent = unsent_len(tcp);

    return unsent < tcp->mss && !small_may_leave(tcp) && send_window(tcp) >= unsent;
}

/*
 * How much new data to send in one go once `ahead` bytes have been, 0: none now. Whole segments
 * while there is more behind; and when ACKs are certain to come, rather a long burst later than a
 * short one now, since a packet costs the same whatever its size.
 */
static u32 next_len(struct tcp *tcp, u32 pipe, u32 ahead)
{
    u32 unsent = unsent_len(tcp) - ahead;
    u32 window = send_window(tcp) - u32_min(send_window(tcp), ahead);
    u32 congestion = tcp->cwnd > pipe ? tcp->cwnd - pipe : 0;
    u32 room = u32_min(window, congestion);
    u32 most = segment_len_max(tcp);
    u32 len = u32_min(u32_min(unsent, room), most);

    ASSERT(tcp->mss > 0);
    if (congestion < unsent && congestion <= window)
        tcp->flags |= TCP_F_CWND_LIMITED;
    if (len < unsent) {
        u32 limit = u32_min(tcp->cwnd, tcp->snd_wnd);

        if (len < most / 2 && len < limit / 8 && pipe >= 2u * tcp->mss)
            return 0;
        if (len >= tcp->mss)
            return len - len % tcp->mss;
        /* The window is what holds us: half of the largest ever is worth a segment. */
        return congestion >= tcp->mss && len >= u32_max(tcp->snd_wnd_max / 2, 1) ? len : 0;
    }
    if (len % tcp->mss == 0 || small_may_leave(tcp))
        return len;
    return len - len % tcp->mss;
}

static void sent(struct tcp *tcp, u32 seq, u32 len, bool fin)
{
    if (len % tcp->mss != 0)
        tcp->snd_small = seq + len;
    tcp->snd_nxt = seq + len;
    if (fin) {
        tcp->flags |= TCP_F_FIN_SENT;
        tcp->snd_nxt++;
    }
    if (!tcp_has(tcp, TCP_F_RTT_RUNNING)) {
        tcp->flags |= TCP_F_RTT_RUNNING;
        tcp->rtt_seq = tcp->snd_nxt;
        tcp->rtt_start_ns = tcp->now_ns;
    }
    if (tcp->rto_deadline_ns == DEADLINE_NONE || tcp_has(tcp, TCP_F_PERSIST | TCP_F_CORK_WAIT)) {
        tcp->progress_at = tcp_coarse(tcp->now_ns);
        connection_rto_start(tcp);
    }
}

/* A FIN goes with the last byte, or alone; the window does not hold it. */
static bool fin_is_due(const struct tcp *tcp, u32 len)
{
    return tcp_has(tcp, TCP_F_FIN_QUEUED) && !tcp_has(tcp, TCP_F_FIN_SENT) &&
           tcp->snd_nxt + len == tcp->snd_end;
}

/* False when nothing more can be sent now. */
static bool send_new(struct tcp *tcp, u32 pipe)
{
    u32 len = next_len(tcp, pipe, 0);
    bool fin = fin_is_due(tcp, len);
    u32 seq = tcp->snd_nxt;
    u32 wanted;
    u8 flags = TCP_ACK;
    bool more;

    if (len == 0 && !fin)
        return false;
    more = len < unsent_len(tcp) && next_len(tcp, pipe + len, len) > 0;
    if (fin)
        flags |= TCP_FIN;
    if (len == unsent_len(tcp))
        flags |= TCP_PSH;
    wanted = len;
    if (!segment_send(tcp, seq, &len, flags, more))
        return false;
    sent(tcp, seq, len, fin && len == wanted);
    return true;
}

/* One hole, or the FIN, again. False when memory is out. */
static bool resend(struct tcp *tcp, struct tcp_range hole, u32 len)
{
    bool fin = tcp_has(tcp, TCP_F_FIN_SENT) && hole.start + len == tcp->snd_nxt;
    u32 wanted = fin ? len - 1 : len;
    u32 data = wanted;

    if (!segment_send(tcp, hole.start, &data, fin ? TCP_ACK | TCP_FIN : TCP_ACK, false))
        return false;
    tcp->rtx_next = hole.start + data + (fin && data == wanted ? 1 : 0);
    tcp->resent_ms = tcp_clock_ms(tcp->now_ns);
    tcp->total_retransmits++;
    net_count(NET_TCP_RETRANS_SEGS);
    tcp->flags &= ~(u32)TCP_F_RTT_RUNNING; /* Karn's algorithm (RFC 6298 3). */
    return true;
}

/* What is lost, while it fits. The first hole of a recovery always does. */
static void send_lost(struct tcp *tcp)
{
    struct tcp_range hole;

    while (sack_next_hole(tcp, &hole)) {
        u32 pipe = sack_pipe(tcp);
        u32 room = tcp->cwnd > pipe ? tcp->cwnd - pipe : 0;
        u32 len = u32_min(hole.end - hole.start, tcp->mss);

        if (room < len && pipe > 0 && hole.start != tcp->snd_una)
            return;
        if (!resend(tcp, hole, len))
            return;
        if (tcp->rto_deadline_ns == DEADLINE_NONE)
            connection_rto_start(tcp);
    }
}

/* Data that may not leave, and nothing in flight that would bring an ACK: a timer has to. */
static void hold_start(struct tcp *tcp)
{
    bool corked = unsent_len(tcp) < tcp->mss && send_window(tcp) >= unsent_len(tcp);
    u32 kind = corked ? TCP_F_CORK_WAIT : TCP_F_PERSIST;

    if (tcp->rto_deadline_ns != DEADLINE_NONE && tcp_has(tcp, kind))
        return;
    tcp->flags &= ~(u32)(TCP_F_CORK_WAIT | TCP_F_PERSIST);
    tcp->flags |= kind;
    tcp->progress_at = tcp_coarse(tcp->now_ns);
    tcp->rto_deadline_ns =
        tcp->now_ns + (corked ? TCP_CORK_NS : connection_rto_ns(tcp) << tcp->backoff);
}

void connection_output(struct tcp *tcp)
{
    if (tcp_can_send(tcp)) {
        if (tcp->rtx_next != tcp->lost_end)
            send_lost(tcp);
        tcp->flags &= ~(u32)TCP_F_CWND_LIMITED;
        while ((unsent_len(tcp) > 0 || tcp_has(tcp, TCP_F_FIN_QUEUED)) && !is_held(tcp) &&
               send_new(tcp, sack_pipe(tcp))) {
        }
        if (tcp->snd_nxt != tcp->snd_una && tcp->rto_deadline_ns == DEADLINE_NONE)
            connection_rto_start(tcp);
        if (tcp->snd_nxt == tcp->snd_una && unsent_len(tcp) > 0)
            hold_start(tcp);
    }
    connection_flush_ack(tcp);
    connection_timer_update(tcp);
}

void connection_flush_ack(struct tcp *tcp)
{
    if (tcp_has(tcp, TCP_F_ACK_NOW))
        segment_send_ack(tcp);
}

bool output_forced(struct tcp *tcp, u32 len)
{
    u32 seq = tcp->snd_nxt;

    if (len == 0 || !segment_send(tcp, seq, &len, TCP_ACK | TCP_PSH, false))
        return false;
    sent(tcp, seq, len, false);
    return true;
}
