/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry of network devices, and the way of a packet into and out of one.
 *
 * A packet that the device has no room for waits in the backlog, in order. While there is one,
 * everything goes through it; else transmitting takes no lock here.
 */
#include "kernel/net/netdev.h"

#include "abi/linux/errors.h"
#include "kernel/arch/cpu.h"
#include "kernel/core/spinlock.h"
#include "kernel/mm/heap.h"
#include "kernel/net/ethernet.h"
#include "kernel/net/gso.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/net.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/tcp.h"
#include "lib/base/list.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

enum {
    BACKLOG_MAX = 1024, /* Packets; what comes on top is dropped. */
};

/* What a CPU has moved. */
struct traffic {
    u64 rx_packets, rx_bytes; /* [cpu] As net_count() counts. */
    u64 tx_packets, tx_bytes;
} __attribute__((aligned(CACHE_LINE_SIZE)));

/* netdev->stack */
struct backlog {
    struct traffic *traffic; /* [const] CPUS_MAX of them. */
    struct spinlock lock;    /* LOCK_RANK_NETDEV */
    struct list packets;     /* Under `lock`. */
    u32 count;               /* [atomic] Written under `lock`. */
};

static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_NETDEV);
static struct netdev *netdevs[NETDEVS_MAX]; /* [atomic] Written under `lock`. */

int netdev_register(struct netdev *dev)
{
    struct backlog *backlog = heap_alloc_zero(sizeof(*backlog));
    u32 index = 0;

    if (!backlog)
        return -ENOSPC;
    backlog->traffic = heap_alloc_zero(CPUS_MAX * sizeof(struct traffic));
    if (!backlog->traffic) {
        heap_free(backlog);
        return -ENOSPC;
    }
    spinlock_init(&backlog->lock, LOCK_RANK_NETDEV);
    list_init(&backlog->packets);
    spin_lock(&lock);
    while (index < NETDEVS_MAX && netdevs[index])
        index++;
    if (index < NETDEVS_MAX) {
        dev->stack = backlog;
        dev->index = index + 1;
        dev->up = true;
        __atomic_store_n(&netdevs[index], dev, __ATOMIC_RELEASE); /* Pairs with netdev_at(). */
    }
    spin_unlock(&lock);
    if (index == NETDEVS_MAX) {
        heap_free(backlog->traffic);
        heap_free(backlog);
        return -ENOSPC;
    }
    net_device_added(dev);
    return 0;
}

struct netdev *netdev_at(u32 index)
{
    if (index == 0 || index > NETDEVS_MAX)
        return NULL;
    return __atomic_load_n(&netdevs[index - 1], __ATOMIC_ACQUIRE);
}

struct netdev *netdev_find(const char *name)
{
    for (u32 i = 1; i <= NETDEVS_MAX; i++) {
        struct netdev *dev = netdev_at(i);

        if (dev && str_equal(dev->name, name))
            return dev;
    }
    return NULL;
}

u32 netdev_count(void)
{
    u32 count = 0;

    while (count < NETDEVS_MAX && netdev_at(count + 1))
        count++;
    return count;
}

static void count(u64 *counter, u64 by)
{
    __atomic_fetch_add(counter, by, __ATOMIC_RELAXED);
}

/* A counter of this CPU's own: see net_count(). */
static void count_here(u64 *counter, u64 by)
{
    __atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + by, __ATOMIC_RELAXED);
}

void netdev_stats(const struct netdev *dev, struct netdev_stats *stats)
{
    const struct backlog *backlog = dev->stack;

    *stats = (struct netdev_stats){
        .rx_dropped = __atomic_load_n(&dev->errors.rx_dropped, __ATOMIC_RELAXED),
        .rx_errors = __atomic_load_n(&dev->errors.rx_errors, __ATOMIC_RELAXED),
        .tx_dropped = __atomic_load_n(&dev->errors.tx_dropped, __ATOMIC_RELAXED),
        .tx_errors = __atomic_load_n(&dev->errors.tx_errors, __ATOMIC_RELAXED),
    };
    for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
        const struct traffic *traffic = &backlog->traffic[cpu];

        stats->rx_packets += __atomic_load_n(&traffic->rx_packets, __ATOMIC_RELAXED);
        stats->rx_bytes += __atomic_load_n(&traffic->rx_bytes, __ATOMIC_RELAXED);
        stats->tx_packets += __atomic_load_n(&traffic->tx_packets, __ATOMIC_RELAXED);
        stats->tx_bytes += __atomic_load_n(&traffic->tx_bytes, __ATOMIC_RELAXED);
    }
}

/* Gives the device what it takes of the backlog. */
static void backlog_drain(struct netdev *dev)
{
    struct backlog *backlog = dev->stack;

    spin_lock(&backlog->lock);
    while (!list_is_empty(&backlog->packets)) {
        struct netbuf *buf = LIST_ENTRY(list_pop_front(&backlog->packets), struct netbuf, link);

        if (!dev->ops->transmit(dev, buf, !list_is_empty(&backlog->packets))) {
            list_push_front(&backlog->packets, &buf->link);
            break;
        }
        __atomic_store_n(&backlog->count, backlog->count - 1, __ATOMIC_RELAXED);
    }
    spin_unlock(&backlog->lock);
}

static void backlog_add(struct netdev *dev, struct netbuf *buf)
{
    struct backlog *backlog = dev->stack;
    bool added;

    spin_lock(&backlog->lock);
    added = backlog->count < BACKLOG_MAX;
    if (added) {
        list_push_back(&backlog->packets, &buf->link);
        __atomic_store_n(&backlog->count, backlog->count + 1, __ATOMIC_RELAXED);
    }
    spin_unlock(&backlog->lock);
    if (!added) {
        count(&dev->errors.tx_dropped, 1);
        netbuf_destroy(buf);
    }
    /* Room that came before the packet was in the backlog would wake nobody. */
    backlog_drain(dev);
}

/* Hands the device a packet as it can take it. */
static void transmit(struct netdev *dev, struct netbuf *buf, bool more)
{
    const struct backlog *backlog = dev->stack;
    struct traffic *here;

    if ((buf->flags & NETBUF_CSUM_PARTIAL) && !(dev->features & NETDEV_TX_CSUM) &&
        !gso_checksum(buf)) {
        count(&dev->errors.tx_errors, 1);
        netbuf_destroy(buf);
        return;
    }
    here = &backlog->traffic[cpu_id()];
    count_here(&here->tx_packets, 1);
    count_here(&here->tx_bytes, buf->len);
    if (__atomic_load_n(&backlog->count, __ATOMIC_RELAXED) != 0 ||
        !dev->ops->transmit(dev, buf, more))
        backlog_add(dev, buf);
}

static void transmit_segmented(struct netdev *dev, struct netbuf *buf, bool more)
{
    u32 link_len = dev->features & NETDEV_LOOPBACK ? 0 : ETHERNET_HEADER_SIZE;
    struct list segments;
    struct list *node;

    list_init(&segments);
    if (gso_segment(buf, link_len, &segments) < 0)
        count(&dev->errors.tx_errors, 1);
    netbuf_destroy(buf);
    node = list_pop_front(&segments);
    while (node) {
        struct list *after = list_pop_front(&segments);

        transmit(dev, LIST_ENTRY(node, struct netbuf, link), after != NULL || more);
        node = after;
    }
}

void netdev_transmit(struct netdev *dev, struct netbuf *buf, bool more)
{
    buf->netdev = dev;
    if (buf->gso_segments > 1 && !(dev->features & NETDEV_TX_TSO4)) {
        transmit_segmented(dev, buf, more);
    } else {
        transmit(dev, buf, more);
    }
}

bool netdev_is_idle(struct netdev *dev)
{
    const struct backlog *backlog = dev->stack;

    return __atomic_load_n(&backlog->count, __ATOMIC_RELAXED) == 0 &&
           (!dev->ops->is_idle || dev->ops->is_idle(dev));
}

void netdev_wake_tx(struct netdev *dev)
{
    backlog_drain(dev);
}

void netdev_receive(struct netdev *dev, struct netbuf *buf)
{
    const struct backlog *backlog = dev->stack;
    struct traffic *here = &backlog->traffic[cpu_id()];

    buf->netdev = dev;
    count_here(&here->rx_packets, 1);
    count_here(&here->rx_bytes, buf->len);
    if (dev->features & NETDEV_LOOPBACK) {
        ipv4_input(buf);
    } else {
        ethernet_input(buf);
    }
}

void netdev_receive_done(struct netdev *dev)
{
    (void)dev;
    tcp_input_done();
}
