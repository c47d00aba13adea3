/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A segment arrives (RFC 9293 3.10.7), step by step in the order of the RFC, with the defences of
 * RFC 5961 and PAWS (RFC 7323 5). What belongs to no connection goes to a listener, a half-open
 * connection, a record of TIME-WAIT, or is refused.
 */
#include "abi/linux/errors.h"
#include "abi/linux/poll.h"
#include "kernel/arch/cpu.h"
#include "kernel/core/clock.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/net.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/tcp.h"
#include "kernel/net/tcp/connection.h"
#include "kernel/net/tcp/listener.h"
#include "kernel/net/tcp/table.h"
#include "kernel/net/tcp/transfer.h"
#include "kernel/net/tcp/wire.h"
#include "lib/base/list.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    CHALLENGES_PER_SECOND = 1000,  /* RFC 5961 7; of all connections together. */
    RECEIVER_RTT_MAX_US = 4000000, /* More is a pause of the sender's. */
};

/* ACKs held back until the batch of received packets is done. */
static struct held {
    struct tcp *first; /* By held_next. */
    struct tcp **end;  /* The last one's held_next, or &first. */
} held[CPUS_MAX];      /* [cpu] */

void tcp_input_init(void)
{
    for (u32 i = 0; i < CPUS_MAX; i++)
        held[i].end = &held[i].first;
}

void connection_challenge(struct tcp *tcp)
{
    static u64 second; /* [atomic] Relaxed: losing count costs a few ACKs more or less. */
    static u64 count;  /* [atomic] Likewise. */
    u64 now = tcp->now_ns / NS_PER_SECOND;

    if (__atomic_load_n(&second, __ATOMIC_RELAXED) != now) {
        __atomic_store_n(&second, now, __ATOMIC_RELAXED);
        __atomic_store_n(&count, 0, __ATOMIC_RELAXED);
    }
    if (__atomic_fetch_add(&count, 1, __ATOMIC_RELAXED) >= CHALLENGES_PER_SECOND)
        return;
    tcp_tally(&tcp_counters.challenge_acks);
    tcp->flags |= TCP_F_ACK_NOW;
}

static void ack_hold(struct tcp *tcp)
{
    struct held *here = &held[cpu_id()];

    if (tcp->ack_deadline_ns == DEADLINE_NONE)
        tcp->ack_deadline_ns = tcp->now_ns + TCP_DELAYED_ACK_NS;
    if (tcp_has(tcp, TCP_F_ACK_HELD))
        return;
    tcp->flags |= TCP_F_ACK_HELD;
    tcp->held_next = NULL;
    *here->end = tcp_get(tcp);
    here->end = &tcp->held_next;
}

static struct tcp *held_pop(void)
{
    struct held *here = &held[cpu_id()];
    struct tcp *tcp = here->first;

    if (tcp)
        here->first = tcp->held_next;
    if (!here->first)
        here->end = &here->first;
    return tcp;
}

void tcp_input_done(void)
{
    struct tcp *tcp = held_pop();

    while (tcp) {
        connection_lock(tcp);
        tcp->flags &= ~(u32)TCP_F_ACK_HELD;
        if (tcp->state != TCP_CLOSED && tcp->rcv_nxt != tcp->rcv_acked)
            segment_send_ack(tcp);
        connection_unlock(tcp);
        connection_put(tcp);
        tcp = held_pop();
    }
}

/*
 * RFC 5681 4.2: at once for every second full segment; at the start for each; else a little later.
 */
static void ack_schedule(struct tcp *tcp)
{
    if (tcp->rcv_nxt - tcp->rcv_acked > tcp->rcv_mss) {
        ack_hold(tcp);
    } else if (tcp->quick_acks > 0 && !tcp_has(tcp, TCP_F_PINGPONG)) {
        tcp->quick_acks--;
        ack_hold(tcp);
    } else if (tcp->ack_deadline_ns == DEADLINE_NONE) {
        tcp->ack_deadline_ns = tcp->now_ns + TCP_DELAYED_ACK_NS;
    }
}

static void fin_received(struct tcp *tcp)
{
    tcp->rcv_nxt++;
    tcp->flags |= TCP_F_FIN_RECEIVED | TCP_F_ACK_NOW;
    reassembly_purge(tcp);
    switch (tcp->state) {
    case TCP_SYN_RECEIVED:
    case TCP_ESTABLISHED:
        tcp->state = TCP_CLOSE_WAIT;
        break;
    case TCP_FIN_WAIT_1: /* Had our FIN been acknowledged it would be FIN_WAIT_2. */
        tcp->state = TCP_CLOSING;
        break;
    case TCP_FIN_WAIT_2:
        segment_send_ack(tcp);
        connection_time_wait(tcp);
        return;
    default:
        return;
    }
    connection_notify(tcp, POLLIN | POLLRDNORM | POLLRDHUP);
}

static void dsack_note(struct tcp *tcp, u32 start, u32 end)
{
    if (!tcp_has(tcp, TCP_F_SACK) || start == end)
        return;
    tcp->dsack = (struct tcp_range){ start, end };
    tcp->flags |= TCP_F_DSACK;
}

/* Takes what was received before off the front, and what lies beyond the window off the end. */
static void payload_trim(struct tcp *tcp, struct tcp_segment *segment, struct netbuf *buf)
{
    u32 end = segment->seq + segment->len;

    if (seq_before(segment->seq, tcp->rcv_nxt)) {
        u32 old = u32_min(tcp->rcv_nxt - segment->seq, segment->len);

        dsack_note(tcp, segment->seq, segment->seq + old);
        if (segment->len > 0)
            tcp->flags |= TCP_F_ACK_NOW;
        netbuf_drop_front(buf, old);
        segment->seq += old;
        segment->len -= old;
    }
    if (seq_after(end, tcp->rcv_adv)) {
        u32 beyond = u32_min(end - tcp->rcv_adv, segment->len);

        netbuf_trim(buf, segment->len - beyond);
        segment->len -= beyond;
        segment->header.flags &= (u8)~TCP_FIN;
        tcp->flags |= TCP_F_ACK_NOW;
    }
}

/*
 * A full segment echoes the timestamp of the ACK that set it free: a round trip as a pure receiver
 * sees it, for the size of the buffer alone.
 */
static void receiver_rtt(struct tcp *tcp, const struct tcp_segment *segment)
{
    u32 rtt_us;

    if (!segment->header.has_timestamp || segment->len < tcp->rcv_mss)
        return;
    rtt_us = (tcp_clock_ms(tcp->now_ns) + tcp->ts_offset - segment->header.ts_echo) * 1000;
    if (rtt_us > RECEIVER_RTT_MAX_US)
        return;
    if (tcp->rcv_rtt_us == 0) {
        tcp->rcv_rtt_us = rtt_us;
    } else {
        tcp->rcv_rtt_us = tcp->rcv_rtt_us - tcp->rcv_rtt_us / 8 + rtt_us / 8;
    }
}

static void in_order(struct tcp *tcp, struct tcp_segment *segment, struct netbuf *buf)
{
    bool fin = (segment->header.flags & TCP_FIN) != 0;
    bool had_holes = !list_is_empty(&tcp->out_of_order);
    u32 len = segment->len;

    if (len > 0) {
        u32 full = buf->gso_size != 0 ? buf->gso_size : len;

        tcp->rcv_mss = u32_max(tcp->rcv_mss, u32_min(full, TCP_MSS_WIRE_MAX));
        receiver_rtt(tcp, segment);
        receive_append(tcp, buf, len);
    } else {
        netbuf_destroy(buf);
    }
    if (had_holes) {
        fin = reassembly_drain(tcp) || (fin && len == segment->len);
        tcp->flags |= TCP_F_ACK_NOW; /* RFC 5681 4.2: when it fills a gap. */
    }
    if (len > 0) {
        ack_schedule(tcp);
        connection_notify(tcp, POLLIN | POLLRDNORM);
    }
    if (fin)
        fin_received(tcp);
}

/* Who closed cannot read: RFC 9293 3.6.1, a RST says that the data is lost. */
static bool nobody_reads(const struct tcp *tcp, const struct tcp_segment *segment)
{
    return segment->len > 0 && tcp_has(tcp, TCP_F_SHUT_READ) && tcp->state != TCP_ESTABLISHED &&
           seq_after(segment->seq + segment->len, tcp->rcv_nxt);
}

void connection_receive(struct tcp *tcp, struct tcp_segment *segment, struct netbuf *buf)
{
    bool fin = (segment->header.flags & TCP_FIN) != 0;

    if ((segment->len == 0 && !fin) || !tcp_can_receive(tcp)) {
        netbuf_destroy(buf);
        return;
    }
    if (nobody_reads(tcp, segment)) {
        netbuf_destroy(buf);
        segment_send_reset(tcp);
        connection_done(tcp, 0);
        return;
    }
    payload_trim(tcp, segment, buf);
    fin = (segment->header.flags & TCP_FIN) != 0;
    if ((segment->len == 0 && !fin) || seq_before(segment->seq, tcp->rcv_nxt) ||
        !receive_admit(tcp, buf)) {
        tcp->flags |= TCP_F_ACK_NOW;
        netbuf_destroy(buf);
        return;
    }
    if (segment->seq == tcp->rcv_nxt) {
        in_order(tcp, segment, buf);
        return;
    }
    tcp->flags |= TCP_F_ACK_NOW; /* RFC 5681 4.2: a duplicate ACK, at once. */
    buf->cb[TCP_CB_FIN] = fin;
    reassembly_insert(tcp, buf, segment->seq);
}

/* Our FIN has been acknowledged, the queue with it. False: the connection is gone. */
static bool fin_acked(struct tcp *tcp)
{
    if (!tcp_has(tcp, TCP_F_FIN_SENT) || tcp->snd_una != tcp->snd_nxt)
        return true;
    switch (tcp->state) {
    case TCP_FIN_WAIT_1:
        tcp->state = TCP_FIN_WAIT_2;
        connection_notify(tcp, POLLOUT);
        connection_keepalive_start(tcp);
        return true;
    case TCP_CLOSING:
        connection_time_wait(tcp);
        return false;
    case TCP_LAST_ACK:
        connection_done(tcp, 0);
        return false;
    default:
        return true;
    }
}

/* RFC 7323 5.3, R1. An old ts_recent says nothing any more (5.5). */
static bool paws_rejects(const struct tcp *tcp, const struct tcp_header *header)
{
    return header->has_timestamp && tcp_has(tcp, TCP_F_TIMESTAMPS) &&
           (s32)(header->ts_value - tcp->ts_recent) < 0 && !(header->flags & TCP_RST) &&
           tcp_since_ns(tcp->now_ns, tcp->ts_recent_at) < TCP_PAWS_IDLE_NS;
}

/* RFC 7323 4.3: only a segment that continues what we acknowledged last may set it. */
static void timestamp_take(struct tcp *tcp, const struct tcp_segment *segment)
{
    if (segment->header.has_timestamp && !seq_after(segment->seq, tcp->rcv_acked) &&
        (s32)(segment->header.ts_value - tcp->ts_recent) >= 0) {
        tcp->ts_recent = segment->header.ts_value;
        tcp->ts_recent_at = tcp_coarse(tcp->now_ns);
    }
}

/* Some of it lies in the window, or it is an empty one at its left edge or behind a full one. */
static bool is_acceptable(const struct tcp *tcp, const struct tcp_segment *segment)
{
    u32 end = segment->seq + segment->len + ((segment->header.flags & TCP_FIN) != 0);

    return !seq_before(end, tcp->rcv_nxt) && !seq_after(segment->seq, tcp->rcv_adv) &&
           (end != tcp->rcv_nxt || segment->seq == end);
}

static void unacceptable(struct tcp *tcp, const struct tcp_segment *segment)
{
    if (segment->header.flags & TCP_RST)
        return;
    if (segment->len > 0 && seq_before(segment->seq, tcp->rcv_nxt))
        dsack_note(tcp, segment->seq, segment->seq + segment->len);
    tcp->flags |= TCP_F_ACK_NOW;
}

static int reset_error(const struct tcp *tcp)
{
    if (tcp->state == TCP_CLOSE_WAIT)
        return EPIPE;
    return tcp->state == TCP_SYN_RECEIVED ? ECONNREFUSED : ECONNRESET;
}

/* RFC 5961 3.2: only the exact number resets. */
static void rst_received(struct tcp *tcp, const struct tcp_segment *segment)
{
    if (segment->seq != tcp->rcv_nxt) {
        connection_challenge(tcp);
        return;
    }
    net_count(NET_TCP_ESTAB_RESETS);
    connection_done(tcp, reset_error(tcp));
}

/* SYNs have crossed, and ours is acknowledged. False: it is not, and the segment is refused. */
static bool syn_received_input(struct tcp *tcp, const struct tcp_segment *segment)
{
    if (!seq_after(segment->header.ack, tcp->snd_una) ||
        seq_after(segment->header.ack, tcp->snd_nxt)) {
        segment_send_refusal(segment);
        return false;
    }
    tcp->snd_una = segment->header.ack;
    tcp->snd_wl1 = segment->seq - 1;
    connection_established(tcp);
    connection_window_update(tcp, segment);
    if (tcp_has(tcp, TCP_F_FIN_QUEUED))
        tcp->state = TCP_FIN_WAIT_1;
    connection_notify(tcp, POLLOUT | POLLWRNORM);
    return true;
}

/* Steps one to five; true when text and FIN are to be looked at. */
static bool synchronized_check(struct tcp *tcp, struct tcp_segment *segment)
{
    struct tcp_header *header = &segment->header;

    if (paws_rejects(tcp, header)) {
        tcp->flags |= TCP_F_ACK_NOW;
        return false;
    }
    if (!is_acceptable(tcp, segment)) {
        unacceptable(tcp, segment);
        return false;
    }
    if (header->flags & TCP_RST) {
        rst_received(tcp, segment);
        return false;
    }
    if (header->flags & TCP_SYN) {
        connection_challenge(tcp); /* RFC 5961 4.2. */
        return false;
    }
    if (!(header->flags & TCP_ACK))
        return false;
    if (tcp->state == TCP_SYN_RECEIVED && !syn_received_input(tcp, segment))
        return false;
    timestamp_take(tcp, segment);
    return connection_ack(tcp, segment) && fin_acked(tcp);
}

static void options_agree(struct tcp *tcp, const struct tcp_header *header)
{
    tcp->mss_peer = header->mss != 0 ? header->mss : TCP_MSS_DEFAULT;
    if (header->has_timestamp) {
        tcp->flags |= TCP_F_TIMESTAMPS;
        tcp->ts_recent = header->ts_value;
        tcp->ts_recent_at = tcp_coarse(tcp->now_ns);
    }
    if (header->sack_permitted)
        tcp->flags |= TCP_F_SACK;
    if (header->has_wscale) {
        tcp->flags |= TCP_F_WSCALE;
        tcp->snd_wscale = header->wscale;
        tcp->rcv_wscale = TCP_WSCALE;
    }
}

/* RFC 9293 3.10.7.3. */
static void syn_sent_input(struct tcp *tcp, const struct tcp_segment *segment)
{
    const struct tcp_header *header = &segment->header;
    bool acks = (header->flags & TCP_ACK) != 0;

    if (acks && header->ack != tcp->snd_nxt) {
        segment_send_refusal(segment);
        return;
    }
    if (header->flags & TCP_RST) {
        if (acks)
            connection_done(tcp, ECONNREFUSED);
        return;
    }
    if (!(header->flags & TCP_SYN))
        return;
    options_agree(tcp, header);
    tcp->rcv_nxt = header->seq + 1;
    tcp->rcv_acked = tcp->rcv_nxt;
    tcp->rcv_adv = tcp->rcv_nxt + u32_min(tcp->rcv_wnd_max, 0xffff);
    tcp->snd_wl1 = header->seq;
    tcp->snd_wl2 = header->ack;
    tcp->snd_wnd = header->window; /* Not scaled on a SYN. */
    tcp->snd_wnd_max = tcp->snd_wnd;
    if (!acks) {
        tcp->state = TCP_SYN_RECEIVED;
        segment_send_syn(tcp);
        return;
    }
    tcp->snd_una = header->ack;
    if (tcp->retransmits == 0)
        connection_rtt_sample(tcp, (u32)((tcp->now_ns - tcp->rtt_start_ns) / NS_PER_US));
    connection_established(tcp);
    if (tcp_has(tcp, TCP_F_FIN_QUEUED))
        tcp->state = TCP_FIN_WAIT_1;
    tcp->flags |= TCP_F_ACK_NOW;
    connection_notify(tcp, POLLOUT | POLLWRNORM);
}

void connection_input(struct tcp *tcp, struct tcp_segment *segment, struct netbuf *buf)
{
    tcp->segs_in += buf->gso_segments > 1 ? buf->gso_segments : 1;
    tcp->heard_at = tcp_coarse(tcp->now_ns);
    if (tcp->state == TCP_CLOSED) {
        netbuf_destroy(buf);
        segment_send_refusal(segment);
        return;
    }
    if (tcp->state == TCP_SYN_SENT) {
        syn_sent_input(tcp, segment);
        netbuf_destroy(buf); /* Text on a SYN may be ignored: it comes again. */
    } else if (synchronized_check(tcp, segment)) {
        connection_receive(tcp, segment, buf);
    } else {
        netbuf_destroy(buf);
    }
    if (tcp->state != TCP_CLOSED)
        connection_output(tcp);
}

/* Reads the header and takes it off. False: not a segment that anybody may answer. */
static bool segment_parse(struct tcp_segment *segment, struct netbuf *buf, u32 source,
                          u32 destination)
{
    const u8 *bytes = netbuf_pull_head(buf, TCP_HEADER_SIZE);
    u32 size = bytes ? tcp_header_size(bytes) : 0;

    if (size > TCP_HEADER_SIZE)
        bytes = netbuf_pull_head(buf, size);
    if (size == 0 || !bytes)
        return false;
    tcp_header_parse(&segment->header, bytes, size);
    netbuf_pull(buf, size);
    segment->tuple = (struct tcp_tuple){
        .local_ip = destination,
        .remote_ip = source,
        .local_port = segment->header.destination_port,
        .remote_port = segment->header.source_port,
    };
    segment->seq = segment->header.seq;
    segment->len = buf->len;
    return segment->tuple.local_port != 0 && segment->tuple.remote_port != 0 &&
           !(buf->flags & NETBUF_BROADCAST) && !ipv4_is_multicast(destination) &&
           !ipv4_is_multicast(source) && source != 0 && source != IPV4_BROADCAST;
}

static void unknown_input(struct tcp_segment *segment, struct netbuf *buf, u32 iss_min)
{
    struct tcp *listener = tcp_ports_find_listener(&segment->tuple);

    if (listener) {
        listener_input(listener, segment, buf, iss_min);
        connection_put(listener);
        return;
    }
    segment_send_refusal(segment);
    netbuf_destroy(buf);
}

static void node_input(struct tcp_node *node, struct tcp_segment *segment, struct netbuf *buf)
{
    u32 iss_min = 0;

    if (node->kind == TCP_NODE_CONNECTION) {
        struct tcp *tcp = tcp_of_node(node);

        connection_lock(tcp);
        connection_input(tcp, segment, buf);
        connection_unlock(tcp);
    } else if (node->kind == TCP_NODE_REQUEST) {
        request_input(node, segment, buf);
    } else if (timewait_input(node, segment, &iss_min)) {
        unknown_input(segment, buf, iss_min);
    } else {
        netbuf_destroy(buf);
    }
}

void tcp_input(struct netbuf *buf, u32 source, u32 destination)
{
    struct tcp_segment segment;
    struct tcp_node *node;

    if (!segment_parse(&segment, buf, source, destination)) {
        net_count(NET_TCP_IN_ERRS);
        netbuf_destroy(buf);
        return;
    }
    node = tcp_table_find(&segment.tuple);
    if (!node) {
        unknown_input(&segment, buf, 0);
        return;
    }
    node_input(node, &segment, buf);
    tcp_node_put(node);
}
