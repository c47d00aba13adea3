/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ACK field: what it sets free, what it says about the path, and what it says was lost.
 *
 * Loss recovery is one mechanism in two states. FAST is entered when the scoreboard, or three
 * duplicate ACKs, call something lost (RFC 5681, 6582, 6675); LOSS when the timer does (RFC 5681
 * 3.1), which calls everything lost that was not SACKed. Both end when snd_una reaches
 * `recovery_end`. What is lost is sent by connection_output() as pipe and cwnd allow.
 */
#include "abi/linux/poll.h"
#include "kernel/core/clock.h"
#include "kernel/net/tcp/connection.h"
#include "kernel/net/tcp/queue.h"
#include "kernel/net/tcp/transfer.h"
#include "kernel/net/tcp/wire.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    CWND_MAX = 64 << 20,
    RTT_SAMPLE_MAX_US = 60000000, /* An echoed timestamp older than that is none of ours. */
};

static void cwnd_set(struct tcp *tcp, u32 cwnd)
{
    tcp->cwnd = u32_min(u32_max(cwnd, tcp->mss), CWND_MAX);
    tcp->cwnd_acked = 0;
}

/*
 * RFC 5681 (4), FlightSize being what the network was last seen to bear: cwnd where that is what
 * held us, since a burst may have drained just now.
 */
static u32 half_of_flight(const struct tcp *tcp)
{
    u32 flight = tcp->snd_nxt - tcp->snd_una;

    if (tcp_has(tcp, TCP_F_CWND_LIMITED))
        flight = u32_max(flight, u32_min(tcp->cwnd, tcp->snd_wnd));
    return u32_max(flight / 2, 2u * tcp->mss);
}

static void recovery_begin(struct tcp *tcp, enum tcp_recovery recovery)
{
    tcp->recovery = (u8)recovery;
    tcp->recovery_end = tcp->snd_nxt;
    tcp->rtx_next = tcp->snd_una;
}

static void lost_extend(struct tcp *tcp, u32 end)
{
    tcp->lost_end = seq_min(seq_max(tcp->lost_end, end), tcp->snd_nxt);
}

static void enter_fast(struct tcp *tcp)
{
    tcp->ssthresh = half_of_flight(tcp);
    cwnd_set(tcp, tcp->ssthresh);
    recovery_begin(tcp, TCP_RECOVERY_FAST);
    lost_extend(tcp, tcp->snd_una + tcp->mss);
}

void connection_enter_loss(struct tcp *tcp)
{
    if (tcp->recovery != TCP_RECOVERY_LOSS || seq_after(tcp->snd_una, tcp->recovery_end))
        tcp->ssthresh = half_of_flight(tcp);
    cwnd_set(tcp, tcp->mss);
    sack_clear(tcp); /* It may have reneged (RFC 2018 8): trust nothing but snd_una. */
    tcp->duplicate_acks = 0;
    recovery_begin(tcp, TCP_RECOVERY_LOSS);
    tcp->lost_end = tcp->snd_nxt;
    tcp->flags &= ~(u32)TCP_F_RTT_RUNNING;
}

static void recovery_finish(struct tcp *tcp)
{
    if (tcp->recovery == TCP_RECOVERY_FAST)
        cwnd_set(tcp, tcp->ssthresh);
    tcp->recovery = TCP_RECOVERY_OPEN;
    tcp->duplicate_acks = 0;
    tcp->lost_end = tcp->snd_una;
    tcp->rtx_next = tcp->snd_una;
    if (tcp->sack_count == 0)
        tcp->sacked_bytes = 0;
}

/* RFC 5681 3.1 with RFC 3465; not while the program, and not the network, is what holds us back. */
static void cwnd_grow(struct tcp *tcp, u32 acked)
{
    if (!tcp_has(tcp, TCP_F_CWND_LIMITED) && tcp->recovery != TCP_RECOVERY_LOSS)
        return;
    if (tcp->recovery == TCP_RECOVERY_LOSS)
        acked = u32_min(acked, tcp->mss);
    if (tcp->cwnd < tcp->ssthresh) {
        tcp->cwnd = u32_min(tcp->cwnd + acked, CWND_MAX);
        return;
    }
    tcp->cwnd_acked += acked;
    if (tcp->cwnd_acked >= tcp->cwnd)
        cwnd_set(tcp, tcp->cwnd + tcp->mss);
}

static void rtt_take(struct tcp *tcp, const struct tcp_segment *segment)
{
    if (tcp_has(tcp, TCP_F_RTT_RUNNING)) {
        if (seq_before(segment->header.ack, tcp->rtt_seq))
            return;
        tcp->flags &= ~(u32)TCP_F_RTT_RUNNING;
        connection_rtt_sample(tcp, (u32)((tcp->now_ns - tcp->rtt_start_ns) / NS_PER_US));
    } else if (tcp_has(tcp, TCP_F_TIMESTAMPS) && segment->header.has_timestamp &&
               segment->header.ts_echo != 0) {
        u32 sent_ms = segment->header.ts_echo - tcp->ts_offset;
        u32 rtt_ms = tcp_clock_ms(tcp->now_ns) - sent_ms;

        /*
         * An echo from before the retransmission means that an ACK was lost, not that the path is
         * slow: taking it would make each timeout longer than the one before.
         */
        if ((s32)(sent_ms - tcp->resent_ms) >= 0 && rtt_ms < RTT_SAMPLE_MAX_US / 1000)
            connection_rtt_sample(tcp, u32_max(rtt_ms * 1000, 1));
    }
}

/* The buffer follows the window: twice what can be in flight, so that the writer stays ahead. */
static void sndbuf_tune(struct tcp *tcp)
{
    if (!tcp_has(tcp, TCP_F_SNDBUF_LOCKED) && tcp->sndbuf < 2 * tcp->cwnd)
        tcp->sndbuf = u32_min(2 * tcp->cwnd, TCP_SEND_BUFFER_MAX);
}

static void room_made(struct tcp *tcp)
{
    sndbuf_tune(tcp);
    if (tcp_has(tcp, TCP_F_NO_SPACE) && (connection_poll(tcp) & POLLOUT)) {
        tcp->flags &= ~(u32)TCP_F_NO_SPACE;
        connection_notify(tcp, POLLOUT | POLLWRNORM);
    }
}

static void una_advance(struct tcp *tcp, u32 ack)
{
    tcp->bytes_acked += ack - tcp->snd_una;
    tcp->snd_una = ack;
    tcp->progress_at = tcp_coarse(tcp->now_ns);
    tcp->retransmits = 0;
    tcp->backoff = 0;
    tcp_queue_acknowledge(&tcp->queue, seq_min(ack, tcp->snd_end));
    sack_advance(tcp);
    if (ack == tcp->snd_nxt) {
        tcp->rto_deadline_ns = DEADLINE_NONE;
    } else {
        connection_rto_start(tcp);
    }
}

/* Without SACK: how many segments duplicate ACKs have told about (RFC 6582, inflated cwnd). */
static void reno_duplicate(struct tcp *tcp)
{
    u32 sent = tcp->snd_nxt - tcp->snd_una;

    if (tcp->sacked_bytes + 2 * tcp->mss <= sent)
        tcp->sacked_bytes += tcp->mss;
}

static void reno_partial(struct tcp *tcp, u32 acked)
{
    u32 counted = acked > tcp->mss ? acked - tcp->mss : 0;

    tcp->sacked_bytes -= u32_min(tcp->sacked_bytes, counted);
    tcp->rtx_next = tcp->snd_una;
}

/* An ACK that moves snd_una but does not end the recovery: the next hole is lost as well. */
static void partial_ack(struct tcp *tcp, u32 acked)
{
    if (tcp->recovery == TCP_RECOVERY_LOSS) {
        if (!tcp_has(tcp, TCP_F_SACK))
            tcp->sacked_bytes = 0;
        return;
    }
    if (!tcp_has(tcp, TCP_F_SACK))
        reno_partial(tcp, acked);
    if (tcp->sack_count > 0) {
        lost_extend(tcp, tcp->sacks[tcp->sack_count - 1].start);
    } else {
        lost_extend(tcp, tcp->snd_una + tcp->mss);
    }
}

/* RFC 6582 3.2, step 2: duplicates that follow a recovery may be its echo. */
static bool may_enter_fast(const struct tcp *tcp)
{
    return tcp_has(tcp, TCP_F_SACK) || seq_after(tcp->snd_una, tcp->recovery_end);
}

static void loss_look(struct tcp *tcp, bool duplicate)
{
    if (duplicate) {
        tcp->duplicate_acks++;
        if (!tcp_has(tcp, TCP_F_SACK))
            reno_duplicate(tcp);
    }
    if (tcp->recovery == TCP_RECOVERY_LOSS)
        return;
    if (tcp->recovery == TCP_RECOVERY_FAST) {
        sack_mark_lost(tcp);
        return;
    }
    tcp->recovery = TCP_RECOVERY_DISORDER;
    sack_mark_lost(tcp);
    if ((tcp->duplicate_acks >= TCP_DUPLICATE_ACKS || seq_after(tcp->lost_end, tcp->snd_una)) &&
        may_enter_fast(tcp)) {
        enter_fast(tcp);
    } else {
        tcp->lost_end = tcp->snd_una;
    }
}

static void new_ack(struct tcp *tcp, const struct tcp_segment *segment, u32 acked)
{
    rtt_take(tcp, segment);
    una_advance(tcp, segment->header.ack);
    if (tcp->recovery != TCP_RECOVERY_OPEN) {
        if (tcp->recovery <= TCP_RECOVERY_DISORDER) {
            tcp->duplicate_acks = 0;
            if (tcp->sack_count == 0)
                recovery_finish(tcp);
        } else if (!seq_before(tcp->snd_una, tcp->recovery_end)) {
            recovery_finish(tcp);
        } else {
            partial_ack(tcp, acked);
        }
    }
    if (tcp->recovery != TCP_RECOVERY_FAST)
        cwnd_grow(tcp, acked);
    room_made(tcp);
}

void connection_window_update(struct tcp *tcp, const struct tcp_segment *segment)
{
    const struct tcp_header *header = &segment->header;
    u32 window = (u32)header->window << tcp->snd_wscale;

    if (seq_before(segment->seq, tcp->snd_wl1) ||
        (segment->seq == tcp->snd_wl1 && seq_before(header->ack, tcp->snd_wl2)))
        return;
    tcp->snd_wl1 = segment->seq;
    tcp->snd_wl2 = header->ack;
    if (window == tcp->snd_wnd)
        return;
    tcp->snd_wnd = window;
    tcp->snd_wnd_max = u32_max(tcp->snd_wnd_max, window);
    if (tcp_has(tcp, TCP_F_PERSIST) && window > 0) {
        tcp->flags &= ~(u32)TCP_F_PERSIST;
        tcp->rto_deadline_ns = DEADLINE_NONE;
        tcp->backoff = 0;
    }
}

/* RFC 5681 2: nothing new, no data, no change of window, while something is in flight. */
static bool is_duplicate(const struct tcp *tcp, const struct tcp_segment *segment,
                         u32 window_before)
{
    return segment->len == 0 && !(segment->header.flags & (TCP_SYN | TCP_FIN)) &&
           tcp->snd_wnd == window_before && tcp->snd_nxt != tcp->snd_una;
}

bool connection_ack(struct tcp *tcp, const struct tcp_segment *segment)
{
    u32 ack = segment->header.ack;
    u32 acked = ack - tcp->snd_una;
    u32 window_before = tcp->snd_wnd;
    u32 sacked = 0;

    if (seq_after(ack, tcp->snd_nxt) || seq_before(ack, tcp->snd_una - tcp->snd_wnd_max)) {
        connection_challenge(tcp); /* RFC 5961 5.2. */
        return false;
    }
    if (seq_before(ack, tcp->snd_una))
        return true;
    tcp->probes = 0;
    connection_window_update(tcp, segment);
    if (segment->header.sack_count > 0 && tcp_has(tcp, TCP_F_SACK))
        sacked = sack_update(tcp, &segment->header);
    if (acked > 0)
        new_ack(tcp, segment, acked);
    if (sacked > 0) {
        loss_look(tcp, acked == 0);
    } else if (acked == 0 && !tcp_has(tcp, TCP_F_SACK) &&
               is_duplicate(tcp, segment, window_before)) {
        loss_look(tcp, true);
    }
    return true;
}
