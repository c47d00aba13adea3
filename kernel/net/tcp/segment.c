/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments on their way out: the header before, and references into the send queue behind it. One
 * call makes one packet of up to 64 KiB, which the device, or netdev_transmit() for it, cuts up.
 */
#include "kernel/core/clock.h"
#include "kernel/net/checksum.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/net.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/tcp.h"
#include "kernel/net/tcp/connection.h"
#include "kernel/net/tcp/queue.h"
#include "kernel/net/tcp/transfer.h"
#include "kernel/net/tcp/wire.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

/* Headers with all options in front, and a whole number of segments behind, in one IP packet. */
u32 segment_len_max(const struct tcp *tcp)
{
    u32 room = NETBUF_PACKET_MAX - IPV4_HEADER_SIZE - TCP_HEADER_MAX;

    return room < tcp->mss ? tcp->mss : room - room % tcp->mss;
}

/* The header before the payload that `buf` holds, and the sum of the pseudo header in its field. */
static bool header_push(struct netbuf *buf, const struct tcp_header *header,
                        const struct tcp_tuple *tuple)
{
    u32 size = tcp_header_emit_size(header);
    u8 *bytes = netbuf_push(buf, size);
    u16 sum;

    if (!bytes)
        return false;
    tcp_header_emit(header, bytes);
    sum = checksum_fold(
        checksum_pseudo(tuple->local_ip, tuple->remote_ip, IPV4_PROTOCOL_TCP, buf->len));
    mem_copy(bytes + TCP_CHECKSUM_OFF, &sum, sizeof(sum));
    buf->flags |= NETBUF_CSUM_PARTIAL;
    buf->csum_start = 0;
    buf->csum_off = TCP_CHECKSUM_OFF;
    return true;
}

/* What every segment of a connection carries. It is an ACK as well, and settles those due. */
static void header_fill(struct tcp *tcp, struct tcp_header *header, u32 seq, u8 flags)
{
    u32 window = connection_window(tcp);

    mem_zero(header, sizeof(*header));
    header->source_port = tcp->node.tuple.local_port;
    header->destination_port = tcp->node.tuple.remote_port;
    header->seq = seq;
    header->ack = tcp->rcv_nxt;
    header->flags = flags;
    header->window = (u16)u32_min(window >> tcp->rcv_wscale, 0xffff);
    if (tcp_has(tcp, TCP_F_TIMESTAMPS)) {
        header->has_timestamp = true;
        header->ts_value = tcp_clock_ms(tcp->now_ns) + tcp->ts_offset;
        header->ts_echo = tcp->ts_recent;
    }
}

static void sack_fill(struct tcp *tcp, struct tcp_header *header)
{
    u32 room = header->has_timestamp ? TCP_SACK_BLOCKS_MAX - 1 : TCP_SACK_BLOCKS_MAX;
    u32 count = 0;

    if (!tcp_has(tcp, TCP_F_SACK))
        return;
    if (tcp_has(tcp, TCP_F_DSACK))
        header->sack[count++] = tcp->dsack;
    tcp->flags &= ~(u32)TCP_F_DSACK;
    for (u32 i = 0; i < TCP_SACK_BLOCKS_MAX && count < room; i++) {
        if (tcp->rcv_sack[i].start == tcp->rcv_sack[i].end)
            break;
        header->sack[count++] = tcp->rcv_sack[i];
    }
    header->sack_count = (u8)count;
}

static void ack_settled(struct tcp *tcp)
{
    tcp->rcv_acked = tcp->rcv_nxt;
    tcp->ack_deadline_ns = DEADLINE_NONE;
    tcp->flags &= ~(u32)TCP_F_ACK_NOW;
}

static bool route_refresh(struct tcp *tcp)
{
    return ipv4_route_is_current(&tcp->route) || connection_route(tcp) == 0;
}

/* Takes `buf`. A packet that does not get out is one that was lost. */
static void packet_output(struct tcp *tcp, struct netbuf *buf, bool more)
{
    const struct tcp_settings *settings = tcp_settings_of(tcp);
    struct ipv4_params params = {
        .source = tcp->node.tuple.local_ip,
        .destination = tcp->node.tuple.remote_ip,
        .protocol = IPV4_PROTOCOL_TCP,
        .ttl = settings->ttl,
        .tos = settings->tos,
        .dont_fragment = true,
    };

    if (!route_refresh(tcp)) {
        netbuf_destroy(buf);
        return;
    }
    tcp->segs_out += buf->gso_segments > 1 ? buf->gso_segments : 1;
    net_count(NET_TCP_OUT_SEGS);
    if (ipv4_output(buf, &params, &tcp->route, more) < 0)
        return; /* The retransmission timer sees to it. */
}

bool segment_send(struct tcp *tcp, u32 seq, u32 *len, u8 flags, bool more)
{
    struct tcp_header header;
    struct netbuf *buf = netbuf_create();
    u32 filled = 0;

    if (!buf)
        return false;
    if (*len > 0)
        filled = tcp_queue_fill(&tcp->queue, buf, seq, *len);
    if (filled < *len) {
        flags &= (u8) ~(TCP_FIN | TCP_PSH);
        if (filled > tcp->mss)
            filled -= filled % tcp->mss;
        netbuf_trim(buf, filled);
        *len = filled;
    }
    if (filled > tcp->mss) {
        buf->gso_size = tcp->mss;
        buf->gso_segments = (u16)((filled + tcp->mss - 1) / tcp->mss);
    }
    header_fill(tcp, &header, seq, flags);
    if (!header_push(buf, &header, &tcp->node.tuple)) {
        netbuf_destroy(buf);
        return false;
    }
    if (filled > 0 && tcp->ack_deadline_ns != DEADLINE_NONE)
        tcp->flags |= TCP_F_PINGPONG;
    ack_settled(tcp);
    tcp->sent_at = tcp_coarse(tcp->now_ns);
    packet_output(tcp, buf, more);
    return true;
}

/* A segment without payload. */
static void control_send(struct tcp *tcp, struct tcp_header *header)
{
    struct netbuf *buf = netbuf_create();

    if (!buf)
        return;
    if (!header_push(buf, header, &tcp->node.tuple)) {
        netbuf_destroy(buf);
        return;
    }
    packet_output(tcp, buf, false);
}

void segment_send_ack(struct tcp *tcp)
{
    struct tcp_header header;

    header_fill(tcp, &header, tcp->snd_nxt, TCP_ACK);
    sack_fill(tcp, &header);
    ack_settled(tcp);
    control_send(tcp, &header);
}

void segment_send_probe(struct tcp *tcp)
{
    struct tcp_header header;

    header_fill(tcp, &header, tcp->snd_una - 1, TCP_ACK);
    control_send(tcp, &header);
}

/* SYN, or SYN and ACK where SYNs have crossed. Its window is never scaled (RFC 7323 2.2). */
void segment_send_syn(struct tcp *tcp)
{
    bool crossed = tcp->state == TCP_SYN_RECEIVED;
    u32 limit = tcp_settings_of(tcp)->max_segment;
    struct tcp_header header;

    if (!route_refresh(tcp))
        return;
    header_fill(tcp, &header, tcp->snd_una, crossed ? TCP_SYN | TCP_ACK : TCP_SYN);
    header.window = (u16)u32_min(tcp->rcv_wnd_max, 0xffff);
    header.mss = (u16)u32_min(tcp->route.mtu - IPV4_HEADER_SIZE - TCP_HEADER_SIZE,
                              limit != 0 ? limit : TCP_MSS_WIRE_MAX);
    header.has_wscale = !crossed || tcp_has(tcp, TCP_F_WSCALE);
    header.wscale = TCP_WSCALE;
    header.sack_permitted = !crossed || tcp_has(tcp, TCP_F_SACK);
    if (!crossed) {
        header.ack = 0;
        header.has_timestamp = true;
        header.ts_value = tcp_clock_ms(tcp->now_ns) + tcp->ts_offset;
        header.ts_echo = 0;
    } else {
        tcp->rcv_adv = tcp->rcv_nxt + header.window;
    }
    control_send(tcp, &header);
}

void segment_send_reset(struct tcp *tcp)
{
    struct tcp_header header;

    header_fill(tcp, &header, tcp->snd_nxt, TCP_RST | TCP_ACK);
    net_count(NET_TCP_OUT_RSTS);
    control_send(tcp, &header);
}

void segment_send_bare(const struct tcp_tuple *tuple, struct tcp_header *header, u8 tos)
{
    struct ipv4_params params = {
        .source = tuple->local_ip,
        .destination = tuple->remote_ip,
        .protocol = IPV4_PROTOCOL_TCP,
        .tos = tos,
        .dont_fragment = true,
    };
    struct ipv4_route route;
    struct netbuf *buf;

    if (ipv4_route_find(tuple->remote_ip, &route) < 0)
        return;
    buf = netbuf_create();
    if (!buf)
        return;
    header->source_port = tuple->local_port;
    header->destination_port = tuple->remote_port;
    if (!header_push(buf, header, tuple)) {
        netbuf_destroy(buf);
        return;
    }
    net_count(NET_TCP_OUT_SEGS);
    if (ipv4_output(buf, &params, &route, false) < 0)
        return; /* As good as lost. */
}

void segment_send_refusal(const struct tcp_segment *segment)
{
    const struct tcp_header *in = &segment->header;
    struct tcp_header header;

    if (in->flags & TCP_RST)
        return;
    mem_zero(&header, sizeof(header));
    if (in->flags & TCP_ACK) {
        header.seq = in->ack;
        header.flags = TCP_RST;
    } else {
        header.ack =
            in->seq + segment->len + ((in->flags & TCP_SYN) != 0) + ((in->flags & TCP_FIN) != 0);
        header.flags = TCP_RST | TCP_ACK;
    }
    net_count(NET_TCP_OUT_RSTS);
    segment_send_bare(&segment->tuple, &header, 0);
}
