/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was received and not read yet: a list of packets, lent to the reader piece by piece. It is
 * counted by the memory it keeps busy, since a packet of one byte holds a whole page; when that
 * becomes much for what is in it, small packets are copied together.
 */
#include "abi/linux/errors.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/clock.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/mm/page.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/tcp.h"
#include "kernel/net/tcp/connection.h"
#include "kernel/net/tcp/transfer.h"
#include "lib/base/list.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    COPY_MAX = 2048, /* A larger packet fills its page well enough. */
    TUNE_SHIFT = 10,
    ADMIT_MIN = 16384, /* However small the buffer: some packets, or nothing ever moves. */
};

static struct netbuf *buf_of(struct list *link)
{
    return LIST_ENTRY(link, struct netbuf, link);
}

u32 receive_memory(const struct netbuf *buf)
{
    u32 memory = sizeof(*buf);

    for (u32 i = 0; i < buf->frag_count; i++)
        memory += (u32)align_up(buf->frags[i].len, PAGE_SIZE);
    return memory;
}

void receive_purge(struct tcp *tcp)
{
    while (!list_is_empty(&tcp->in_order)) {
        struct netbuf *buf = buf_of(tcp->in_order.next);

        list_remove(&buf->link);
        tcp->rcv_memory -= receive_memory(buf);
        netbuf_destroy(buf);
    }
    tcp->rcv_queued = 0;
}

bool receive_admit(struct tcp *tcp, const struct netbuf *buf)
{
    u32 limit = u32_max(tcp->rcvbuf + tcp->rcvbuf / 2, ADMIT_MIN);

    if (tcp->rcv_memory + receive_memory(buf) <= limit)
        return true;
    tcp_tally(&tcp_counters.out_of_order_pruned);
    reassembly_purge(tcp);
    /* What comes next in order and is small will be copied together with what is there. */
    return tcp->rcv_memory + receive_memory(buf) <= limit || buf->len <= COPY_MAX / 2;
}

/* A packet with nothing but an empty page of ours. */
static struct netbuf *collector_create(void)
{
    struct netbuf *buf = netbuf_create();
    struct page *page = buf ? page_alloc(0, 0) : NULL;

    if (page && netbuf_add_frag(buf, page, 0, 0)) {
        buf->cb[TCP_CB_ROOM] = PAGE_SIZE;
        return buf;
    }
    if (page)
        page_put(page);
    if (buf)
        netbuf_destroy(buf);
    return NULL;
}

/* The packet at the end of the queue that has `len` bytes of room, perhaps a new one. */
static struct netbuf *collector(struct tcp *tcp, u32 len)
{
    struct netbuf *buf;

    if (!list_is_empty(&tcp->in_order)) {
        buf = buf_of(tcp->in_order.prev);
        if (buf->cb[TCP_CB_ROOM] >= len)
            return buf;
    }
    buf = collector_create();
    if (!buf)
        return NULL;
    list_push_back(&tcp->in_order, &buf->link);
    tcp->rcv_memory += receive_memory(buf);
    return buf;
}

/* Copies a small packet behind others. False when memory is out. */
static bool collect(struct tcp *tcp, const struct netbuf *buf, u32 len)
{
    struct netbuf *to = collector(tcp, len);
    struct netfrag *frag;
    bool read;

    if (!to)
        return false;
    tcp->rcv_memory -= receive_memory(to);
    frag = &to->frags[to->frag_count - 1];
    read = netbuf_read(buf, 0, (u8 *)page_virt(frag->page) + frag->off + frag->len, len);
    ASSERT(read);
    frag->len += len;
    to->len += len;
    to->cb[TCP_CB_ROOM] -= len;
    tcp->rcv_memory += receive_memory(to);
    return true;
}

void receive_append(struct tcp *tcp, struct netbuf *buf, u32 len)
{
    bool crowded = tcp->rcv_memory > tcp->rcvbuf / 2;

    tcp->rcv_nxt += len;
    tcp->rcv_queued += len;
    tcp->bytes_received += len;
    if (crowded && len <= COPY_MAX && collect(tcp, buf, len)) {
        netbuf_destroy(buf);
        return;
    }
    buf->cb[TCP_CB_ROOM] = 0;
    tcp->rcv_memory += receive_memory(buf);
    list_push_back(&tcp->in_order, &buf->link);
}

static u32 tune_clock(const struct tcp *tcp)
{
    return (u32)(tcp->now_ns >> TUNE_SHIFT);
}

/* Dynamic right-sizing: what the reader took in one round trip, twice, is the window it can use. */
static void buffer_tune(struct tcp *tcp)
{
    u64 rtt_ns = u64_max((u64)u32_max(tcp->srtt_us, tcp->rcv_rtt_us) * NS_PER_US, NS_PER_MS);
    u32 wanted;

    /* Round trips may be short: finer than tcp_coarse(). Once around is an hour, which is idle. */
    if ((u64)(tune_clock(tcp) - tcp->rcv_tune) << TUNE_SHIFT < rtt_ns)
        return;
    wanted = u32_min(2 * tcp->rcv_consumed, TCP_RECEIVE_BUFFER_MAX / 2);
    if (wanted > tcp->rcv_wnd_max && !tcp_has(tcp, TCP_F_RCVBUF_LOCKED)) {
        tcp->rcv_wnd_max = u32_min(wanted, tcp_settings_of(tcp)->window_clamp);
        tcp->rcvbuf = u32_max(tcp->rcvbuf, 2 * tcp->rcv_wnd_max);
    }
    tcp->rcv_consumed = 0;
    tcp->rcv_tune = tune_clock(tcp);
}

/* Tells the peer of a window that has opened a lot, or it may wait for that forever. */
static void window_update(struct tcp *tcp)
{
    u32 told = tcp->rcv_adv - tcp->rcv_nxt;
    u32 before = tcp->rcv_adv;
    u32 window;

    if (!tcp_can_receive(tcp))
        return;
    window = connection_window(tcp);
    if (window >= told + u32_min(tcp->rcv_wnd_max / 2, 2 * tcp->rcv_mss) &&
        (told < tcp->rcv_wnd_max / 2 || tcp->rcv_nxt != tcp->rcv_acked)) {
        segment_send_ack(tcp);
        return;
    }
    tcp->rcv_adv = before; /* Nobody was told. */
}

static long peek_status(struct tcp *tcp)
{
    if (tcp->error != 0) {
        int error = tcp->error;

        tcp->error = 0;
        return -error;
    }
    if (tcp_has(tcp, TCP_F_FIN_RECEIVED | TCP_F_SHUT_READ))
        return 0;
    if (tcp->state == TCP_CLOSED)
        return tcp_has(tcp, TCP_F_CONNECTED) ? 0 : -ENOTCONN;
    return tcp->state == TCP_LISTEN ? -ENOTCONN : -EAGAIN;
}

/* Invariant: skip < rcv_queued. */
static long peek_locked(struct tcp *tcp, u64 skip, const void **memory)
{
    struct list *link;

    LIST_FOR_EACH (&tcp->in_order, link) {
        const struct netbuf *buf = buf_of(link);
        u32 len;

        if (skip >= buf->len) {
            skip -= buf->len;
            continue;
        }
        *memory = netbuf_piece(buf, (u32)skip, &len);
        return len;
    }
    panic("tcp: %u bytes queued, and not there", tcp->rcv_queued);
}

long tcp_receive_peek(struct tcp *tcp, u64 skip, const void **memory, u64 *more)
{
    long len;

    *more = 0;
    spin_lock(&tcp->lock);
    if (skip < tcp->rcv_queued) {
        len = peek_locked(tcp, skip, memory);
        *more = tcp->rcv_queued - skip - (u64)len;
    } else {
        len = peek_status(tcp);
    }
    spin_unlock(&tcp->lock);
    return len;
}

static void consume_locked(struct tcp *tcp, u64 len)
{
    while (len > 0) {
        struct netbuf *buf = buf_of(tcp->in_order.next);

        ASSERT(!list_is_empty(&tcp->in_order));
        tcp->rcv_memory -= receive_memory(buf);
        if (len < buf->len) {
            netbuf_drop_front(buf, (u32)len);
            tcp->rcv_memory += receive_memory(buf);
            tcp->rcv_queued -= (u32)len;
            return;
        }
        len -= buf->len;
        tcp->rcv_queued -= buf->len;
        list_remove(&buf->link);
        netbuf_destroy(buf);
    }
}

void tcp_receive_consume(struct tcp *tcp, u64 len)
{
    spin_lock(&tcp->lock);
    len = u64_min(len, tcp->rcv_queued);
    consume_locked(tcp, len);
    /* A small read of a small message needs no clock, and opens no window worth telling. */
    tcp->rcv_consumed += (u32)len;
    if (tcp->rcv_consumed >= tcp->rcv_wnd_max / 4 ||
        tcp->rcv_adv - tcp->rcv_nxt < tcp->rcv_wnd_max / 2) {
        tcp->now_ns = clock_now_ns();
        buffer_tune(tcp);
        window_update(tcp);
    }
    spin_unlock(&tcp->lock);
}

u64 tcp_receive_available(struct tcp *tcp)
{
    u64 queued;

    spin_lock(&tcp->lock);
    queued = tcp->rcv_queued;
    spin_unlock(&tcp->lock);
    return queued;
}
