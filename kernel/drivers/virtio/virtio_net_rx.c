/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receiving (section 5.1.6.3).
 *
 * The device has single pages. With mergeable buffers a packet takes as many as it needs, and the
 * first one says how many that is. A page that carries a packet becomes a fragment of it and is
 * replaced by a new one; a packet that fits into a netbuf's head is copied there, and its page goes
 * back at once: most packets are acknowledgements and small requests.
 *
 * When memory is out the queue runs low and a timer tries again: an empty queue would get no
 * interrupt that could.
 */
#include "abi/linux/errors.h"
#include "abi/virtio/net.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/clock.h"
#include "kernel/core/timer.h"
#include "kernel/drivers/virtio/virtio.h"
#include "kernel/drivers/virtio/virtio_net.h"
#include "kernel/mm/page.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/netdev.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    RX_BUDGET = 64,       /* Buffers a bottom half handles before others have their turn. */
    RX_REFILL_BATCH = 16, /* Missing buffers are put in this many at a time. */
    RX_REFILL_MS = 10,    /* Until the next try when memory was out. */
    RX_MEMORY_SHARE = 64, /* At most one page in so many is lent to one queue. */
    RX_LENT_MIN = 32,
    RX_FRAME_MIN = 14, /* An Ethernet header. */
};

static void count_dropped(struct net_rx *rx)
{
    /* Statistics: nobody orders anything by them. */
    __atomic_fetch_add(&rx->net->netdev.errors.rx_dropped, 1, __ATOMIC_RELAXED);
}

static void count_error(struct net_rx *rx)
{
    __atomic_fetch_add(&rx->net->netdev.errors.rx_errors, 1, __ATOMIC_RELAXED);
}

/* Lends a page, which becomes the device's; frees it when the device does not take it. */
static bool lend(struct net_rx *rx, struct page *page)
{
    struct virtio_segment segment = { page_address(page), PAGE_SIZE };

    if (virtqueue_add(rx->queue, &segment, 0, 1, page) < 0) {
        page_put(page);
        return false;
    }
    rx->lent++;
    return true;
}

/* False when memory ran out. */
static bool lend_pages(struct net_rx *rx)
{
    while (rx->lent < rx->lent_target) {
        struct page *page = page_alloc(0, PAGE_ALLOC_NO_WAIT);

        if (!page)
            return false;
        if (!lend(rx, page))
            break;
    }
    return true;
}

static void refill(struct net_rx *rx)
{
    if (!lend_pages(rx))
        timer_arm(&rx->refill, clock_deadline(RX_REFILL_MS * NS_PER_MS));
    virtqueue_kick(rx->queue);
}

static void refill_later(struct timer *timer)
{
    refill(CONTAINER_OF(timer, struct net_rx, refill));
}

/* The packet is complete. Before the stack knows the device nobody waits for any. */
static void deliver(struct net_rx *rx)
{
    struct netbuf *buf = rx->partial;

    rx->partial = NULL;
    /* Pairs with the release in net_probe(). */
    if (__atomic_load_n(&rx->net->ready, __ATOMIC_ACQUIRE)) {
        netdev_receive(&rx->net->netdev, buf);
    } else {
        netbuf_destroy(buf);
    }
}

/* What the device says about the packet, into our terms. */
static void take_header(struct net_rx *rx, struct netbuf *buf, const struct virtio_net_hdr *header)
{
    /*
     * NEEDS_CSUM: from this host, never on a wire, its checksum not computed. As good as checked.
     */
    if (rx->net->checks_csum &&
        (header->flags & (VIRTIO_NET_HDR_DATA_VALID | VIRTIO_NET_HDR_NEEDS_CSUM)))
        buf->flags |= NETBUF_CSUM_GOOD;
    if ((header->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) == VIRTIO_NET_HDR_GSO_TCPV4)
        buf->gso_size = le16_get(header->gso_size);
}

static void drop_packet(struct net_rx *rx)
{
    if (rx->partial)
        netbuf_destroy(rx->partial);
    rx->partial = NULL;
    count_dropped(rx);
}

/* A whole packet of `len` bytes that fits into a head. The page goes back. */
static void receive_small(struct net_rx *rx, struct page *page, u32 len,
                          const struct virtio_net_hdr *header)
{
    struct netbuf *buf = netbuf_create();
    void *head = buf ? netbuf_push(buf, len) : NULL;

    rx->partial = buf;
    if (head)
        mem_copy(head, (const u8 *)page_virt(page) + sizeof(*header), len);
    virtqueue_return(rx->queue);
    rx->lent++;
    if (head) {
        take_header(rx, buf, header);
        deliver(rx);
    } else {
        drop_packet(rx);
    }
}

/* Adds a buffer to the packet under way; without one the rest of the packet is being dropped. */
static void add_buffer(struct net_rx *rx, struct page *page, u32 off, u32 len)
{
    struct netbuf *buf = rx->partial;

    if (!buf || len == 0) {
        lend(rx, page);
    } else if (buf->len + len > NETBUF_PACKET_MAX || !netbuf_add_frag(buf, page, off, len)) {
        drop_packet(rx);
        lend(rx, page);
    }
    rx->buffers_left--;
    if (rx->buffers_left == 0 && rx->partial)
        deliver(rx);
}

/* The first buffer of a packet. */
static void receive_first(struct net_rx *rx, struct page *page, u32 len)
{
    struct virtio_net_hdr header;
    u32 buffers;

    if (len < sizeof(header) + RX_FRAME_MIN) {
        count_error(rx);
        lend(rx, page);
        return;
    }
    /* A copy: the device can change its own until the page is ours alone, which it never is. */
    mem_copy(&header, page_virt(page), sizeof(header));
    len -= (u32)sizeof(header);
    buffers = rx->net->mergeable ? le16_get(header.num_buffers) : 1;
    if (buffers == 0 || buffers > NETBUF_FRAGS_MAX) {
        lend(rx, page);
        virtio_fail(rx->net->device, "a received packet has an impossible number of buffers");
        return;
    }
    if (buffers == 1 && len <= NETBUF_HEAD_SIZE) {
        receive_small(rx, page, len, &header);
        return;
    }

    rx->buffers_left = buffers;
    rx->partial = netbuf_create();
    if (rx->partial) {
        take_header(rx, rx->partial, &header);
    } else {
        drop_packet(rx);
    }
    add_buffer(rx, page, sizeof(header), len);
}

static bool rx_poll(struct virtqueue *queue, void *arg)
{
    struct net_rx *rx = arg;
    struct net_pair *pair = CONTAINER_OF(rx, struct net_pair, rx);
    u32 taken = 0;
    void *page;
    u32 len;

    while (taken < RX_BUDGET && virtqueue_take(queue, &page, &len)) {
        rx->lent--;
        taken++;
        if (rx->buffers_left) {
            add_buffer(rx, page, 0, len);
        } else {
            receive_first(rx, page, len);
        }
    }
    if (rx->lent + RX_REFILL_BATCH <= rx->lent_target) {
        refill(rx);
    } else {
        virtqueue_kick(queue);
    }
    netdev_receive_done(&rx->net->netdev);
    net_tx_reclaim(&pair->tx);
    return taken == RX_BUDGET || !virtqueue_irq_on(queue);
}

static u32 lent_target(const struct virtqueue *queue)
{
    struct page_counts counts;
    u64 share;

    page_counts(&counts);
    share = u64_max(counts.total / RX_MEMORY_SHARE, RX_LENT_MIN);
    return (u32)u64_min(share, virtqueue_size(queue));
}

int net_rx_open(struct net_rx *rx, u16 index, u32 cpu)
{
    timer_init(&rx->refill, refill_later);
    rx->queue = virtio_queue_open_polled(rx->net->device, index, cpu, rx_poll, rx);
    if (!rx->queue)
        return -ENOMEM;
    rx->lent_target = lent_target(rx->queue);
    return 0;
}

int net_rx_fill(struct net_rx *rx)
{
    lend_pages(rx);
    if (rx->lent == 0)
        return -ENOMEM;
    /* What is missing, if anything, is made up for when the first packet comes. */
    return virtqueue_irq_on(rx->queue) ? 0 : -EIO;
}

void net_rx_release(struct net_rx *rx)
{
    void *page;

    while (virtqueue_revoke(rx->queue, &page))
        page_put(page);
}
