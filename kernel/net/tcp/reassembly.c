/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments that came too early: a sorted list without overlaps (invariant 3), and the SACK blocks
 * that tell the peer of it, latest first (RFC 2018 4). Most arrivals go to the end, so the search
 * begins there.
 */
#include "kernel/net/netbuf.h"
#include "kernel/net/tcp/connection.h"
#include "kernel/net/tcp/transfer.h"
#include "kernel/net/tcp/wire.h"
#include "lib/base/list.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

static struct netbuf *buf_of(struct list *link)
{
    return LIST_ENTRY(link, struct netbuf, link);
}

static u32 end_of(const struct netbuf *buf)
{
    return buf->cb[TCP_CB_SEQ] + buf->len;
}

static void drop(struct tcp *tcp, struct netbuf *buf)
{
    list_remove(&buf->link);
    tcp->rcv_memory -= receive_memory(buf);
    netbuf_destroy(buf);
}

void reassembly_purge(struct tcp *tcp)
{
    while (!list_is_empty(&tcp->out_of_order))
        drop(tcp, buf_of(tcp->out_of_order.next));
    mem_zero(tcp->rcv_sack, sizeof(tcp->rcv_sack));
}

/* Blocks that touch the new one become part of it. */
void reassembly_note(struct tcp *tcp, u32 start, u32 end)
{
    struct tcp_range merged = { start, end };
    u32 kept = 0;
    struct tcp_range old[TCP_SACK_BLOCKS_MAX];

    mem_copy(old, tcp->rcv_sack, sizeof(old));
    mem_zero(tcp->rcv_sack, sizeof(tcp->rcv_sack));
    for (u32 i = 0; i < TCP_SACK_BLOCKS_MAX && old[i].start != old[i].end; i++) {
        if (!seq_after(old[i].start, merged.end) && !seq_before(old[i].end, merged.start)) {
            merged.start = seq_min(merged.start, old[i].start);
            merged.end = seq_max(merged.end, old[i].end);
        } else if (kept + 1 < TCP_SACK_BLOCKS_MAX) {
            tcp->rcv_sack[++kept] = old[i];
        }
    }
    tcp->rcv_sack[0] = merged;
}

/* Forgets the blocks that rcv_nxt has reached. */
static void blocks_advance(struct tcp *tcp)
{
    u32 kept = 0;

    for (u32 i = 0; i < TCP_SACK_BLOCKS_MAX; i++) {
        struct tcp_range block = tcp->rcv_sack[i];

        tcp->rcv_sack[i] = (struct tcp_range){ 0 };
        if (block.start != block.end && seq_after(block.start, tcp->rcv_nxt))
            tcp->rcv_sack[kept++] = block;
    }
}

/* The last one that begins at or before `seq`, or the list's head. */
static struct list *place_before(struct tcp *tcp, u32 seq)
{
    struct list *link = tcp->out_of_order.prev;

    while (link != &tcp->out_of_order && seq_after(buf_of(link)->cb[TCP_CB_SEQ], seq))
        link = link->prev;
    return link;
}

/* Cuts `buf` where those behind it begin, or drops those that it covers. */
static void trim_followers(struct tcp *tcp, struct netbuf *buf)
{
    while (buf->link.next != &tcp->out_of_order) {
        struct netbuf *next = buf_of(buf->link.next);
        u32 end = end_of(buf);

        if (!seq_after(end, next->cb[TCP_CB_SEQ]))
            return;
        if (seq_before(end, end_of(next)) || (end == end_of(next) && next->cb[TCP_CB_FIN])) {
            u32 len = next->cb[TCP_CB_SEQ] - buf->cb[TCP_CB_SEQ];

            tcp->rcv_memory -= receive_memory(buf);
            netbuf_trim(buf, len);
            tcp->rcv_memory += receive_memory(buf);
            buf->cb[TCP_CB_FIN] = 0;
            return;
        }
        drop(tcp, next);
    }
}

void reassembly_insert(struct tcp *tcp, struct netbuf *buf, u32 seq)
{
    struct list *place = place_before(tcp, seq);
    u32 end = seq + buf->len;

    if (place != &tcp->out_of_order) {
        u32 covered = end_of(buf_of(place));

        if (!seq_before(covered, end) && !(buf->cb[TCP_CB_FIN] && covered == end)) {
            netbuf_destroy(buf);
            reassembly_note(tcp, seq, end);
            return;
        }
        if (seq_after(covered, seq)) {
            netbuf_drop_front(buf, covered - seq);
            seq = covered;
        }
    }
    buf->cb[TCP_CB_SEQ] = seq;
    list_insert_after(place, &buf->link);
    tcp->rcv_memory += receive_memory(buf);
    if (buf->len > 0)
        reassembly_note(tcp, seq, end);
    trim_followers(tcp, buf);
}

bool reassembly_drain(struct tcp *tcp)
{
    bool fin = false;

    while (!list_is_empty(&tcp->out_of_order)) {
        struct netbuf *buf = buf_of(tcp->out_of_order.next);
        u32 old;

        if (seq_after(buf->cb[TCP_CB_SEQ], tcp->rcv_nxt))
            break;
        old = u32_min(tcp->rcv_nxt - buf->cb[TCP_CB_SEQ], buf->len);
        fin = buf->cb[TCP_CB_FIN] != 0 && !seq_after(tcp->rcv_nxt, end_of(buf));
        list_remove(&buf->link);
        tcp->rcv_memory -= receive_memory(buf);
        netbuf_drop_front(buf, old);
        if (buf->len > 0) {
            receive_append(tcp, buf, buf->len);
        } else {
            netbuf_destroy(buf);
        }
        if (fin)
            break;
    }
    blocks_advance(tcp);
    return fin;
}
