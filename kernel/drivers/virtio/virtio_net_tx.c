/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sending (section 5.1.6.2).
 *
 * The header goes into the packet's own head room, so a packet is one segment for its head and one
 * for each fragment, and nothing is copied. Sent packets are freed when the next ones are sent or
 * received: no interrupt tells of them, except after the queue ran full and the stack waits.
 */
#include "abi/linux/errors.h"
#include "abi/virtio/net.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/spinlock.h"
#include "kernel/drivers/virtio/virtio.h"
#include "kernel/drivers/virtio/virtio_net.h"
#include "kernel/mm/page.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/netdev.h"
#include "lib/base/bytes.h"
#include "lib/base/list.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"

enum {
    TX_SEGMENTS_MAX = 1 + NETBUF_FRAGS_MAX,
    TX_RECLAIM_BATCH = 32, /* Descriptors more in use until the next look for sent packets. */
    TCP_HEADER_WORDS_OFF = 12,
};

static void free_packets(struct list *packets)
{
    struct list *node = list_pop_front(packets);

    while (node) {
        netbuf_destroy(LIST_ENTRY(node, struct netbuf, link));
        node = list_pop_front(packets);
    }
}

static u32 in_use(const struct net_tx *tx)
{
    return virtqueue_size(tx->queue) - virtqueue_free_count(tx->queue);
}

static void take_sent(struct net_tx *tx, struct list *sent) HOLDS(&tx->lock)
{
    void *cookie;
    u32 bytes_written;

    while (virtqueue_take(tx->queue, &cookie, &bytes_written)) {
        struct netbuf *buf = cookie;

        list_push_back(sent, &buf->link);
    }
    tx->reclaim_at = in_use(tx) + TX_RECLAIM_BATCH;
}

/* Bytes of all headers of a TCP packet: segmentation repeats them. */
static u32 headers_len(const struct netbuf *buf)
{
    u32 tcp = buf->csum_start;
    const u8 *head = buf->head + buf->head_off;

    if (tcp + TCP_HEADER_WORDS_OFF >= buf->head_len)
        return buf->head_len;
    return tcp + (head[tcp + TCP_HEADER_WORDS_OFF] >> 4) * 4u;
}

static bool push_header(struct netbuf *buf)
{
    struct virtio_net_hdr header;
    void *room;

    mem_zero(&header, sizeof(header));
    if (buf->flags & NETBUF_CSUM_PARTIAL) {
        header.flags = VIRTIO_NET_HDR_NEEDS_CSUM;
        header.csum_start = le16_make(buf->csum_start);
        header.csum_off = le16_make(buf->csum_off);
    }
    if (buf->gso_size) {
        header.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
        header.gso_size = le16_make(buf->gso_size);
        header.hdr_len = le16_make((u16)headers_len(buf));
    }
    room = netbuf_push(buf, sizeof(header));
    if (!room)
        return false;
    mem_copy(room, &header, sizeof(header));
    return true;
}

static u32 describe(const struct netbuf *buf, struct virtio_segment *segments)
{
    u32 count = 1;

    segments[0] = (struct virtio_segment){ virt_to_phys(buf->head + buf->head_off), buf->head_len };
    for (u32 i = 0; i < buf->frag_count; i++) {
        const struct netfrag *frag = &buf->frags[i];

        if (frag->len == 0)
            continue;
        segments[count].address = page_address(frag->page) + frag->off;
        segments[count].len = frag->len;
        count++;
    }
    return count;
}

/*
 * Puts a packet into the queue, making room if need be. -ENOSPC: there is none, and an interrupt
 * has been asked for when there will be.
 */
static int enqueue(struct net_tx *tx, const struct virtio_segment *segments, u32 count,
                   struct netbuf *buf, struct list *sent) HOLDS(&tx->lock)
{
    int err;

    if (in_use(tx) >= tx->reclaim_at)
        take_sent(tx, sent);
    err = virtqueue_add(tx->queue, segments, count, 0, buf);
    while (err == -ENOSPC && !virtqueue_irq_on(tx->queue)) {
        take_sent(tx, sent);
        err = virtqueue_add(tx->queue, segments, count, 0, buf);
    }
    if (err == -ENOSPC)
        tx->full = true;
    return err;
}

bool net_transmit(struct netdev *netdev, struct netbuf *buf, bool more)
{
    struct virtio_net *net = netdev->driver_data;
    u32 cpu = cpu_id();
    struct net_tx *tx = &net->pairs[cpu < net->pair_count ? cpu : cpu % net->pair_count].tx;
    struct virtio_segment segments[TX_SEGMENTS_MAX];
    struct list sent;
    bool kick = false;
    u32 count;
    int err;

    if (!push_header(buf)) {
        netbuf_destroy(buf);
        __atomic_fetch_add(&netdev->errors.tx_errors, 1, __ATOMIC_RELAXED); /* Statistics. */
        return true;
    }
    count = describe(buf, segments);

    list_init(&sent);
    spin_lock(&tx->lock);
    err = enqueue(tx, segments, count, buf, &sent);
    if (!more || err < 0)
        kick = virtqueue_kick_wanted(tx->queue);
    spin_unlock(&tx->lock);

    if (kick)
        virtqueue_notify(tx->queue);
    if (err == -ENOSPC) {
        netbuf_pull(buf, sizeof(struct virtio_net_hdr));
    } else if (err < 0) {
        netbuf_destroy(buf);
        __atomic_fetch_add(&netdev->errors.tx_errors, 1, __ATOMIC_RELAXED); /* Statistics. */
    }
    if (!list_is_empty(&sent))
        free_packets(&sent);
    return err != -ENOSPC;
}

void net_tx_reclaim(struct net_tx *tx)
{
    struct list sent;

    /* A look without the lock: what it misses is found the next time. */
    if (virtqueue_free_count(tx->queue) == virtqueue_size(tx->queue))
        return;
    list_init(&sent);
    spin_lock(&tx->lock);
    take_sent(tx, &sent);
    spin_unlock(&tx->lock);
    free_packets(&sent);
}

bool net_is_idle(struct netdev *netdev)
{
    struct virtio_net *net = netdev->driver_data;
    bool is_idle = true;

    for (u32 i = 0; i < net->pair_count; i++) {
        struct net_tx *tx = &net->pairs[i].tx;

        net_tx_reclaim(tx);
        if (virtqueue_free_count(tx->queue) != virtqueue_size(tx->queue))
            is_idle = false;
    }
    /* A broken device sends nothing any more. */
    return is_idle || virtio_is_broken(net->device);
}

/* Runs only after the queue was full. */
static bool tx_poll(struct virtqueue *queue, void *arg)
{
    struct net_tx *tx = arg;
    struct list sent;
    bool wake = false;
    bool more;

    list_init(&sent);
    spin_lock(&tx->lock);
    take_sent(tx, &sent);
    if (tx->full &&
        (virtqueue_free_count(queue) >= TX_SEGMENTS_MAX || virtio_is_broken(tx->net->device))) {
        tx->full = false;
        wake = true;
    }
    more = tx->full && !virtqueue_irq_on(queue);
    spin_unlock(&tx->lock);

    free_packets(&sent);
    if (wake)
        netdev_wake_tx(&tx->net->netdev);
    return more;
}

int net_tx_open(struct net_tx *tx, u16 index, u32 cpu) LOCK_INTERNALS
{
    spinlock_init(&tx->lock, LOCK_RANK_VIRTQUEUE);
    tx->reclaim_at = TX_RECLAIM_BATCH;
    tx->queue = virtio_queue_open_polled(tx->net->device, index, cpu, tx_poll, tx);
    return tx->queue ? 0 : -ENOMEM;
}
