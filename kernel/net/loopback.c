/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loopback device: what goes out comes in again, from a bottom half of the same CPU, so a
 * sender never runs the receiver's code with its own locks held.
 */
#include "kernel/arch/cpu.h"
#include "kernel/core/bottom_half.h"
#include "kernel/core/panic.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/netdev.h"
#include "kernel/net/route.h"
#include "lib/base/list.h"
#include "lib/base/types.h"

enum {
    QUEUE_MAX = 4096, /* Packets, per CPU. */
    BATCH = 64,
    LOOPBACK_MTU = 65535,
};

struct queue {
    struct list packets; /* [irq] */
    u32 count;           /* [irq] */
    struct bottom_half half;
} __attribute__((aligned(CACHE_LINE_SIZE)));

static struct queue queues[CPUS_MAX]; /* [cpu] */
static struct netdev loopback;

static bool loopback_receive(struct bottom_half *half)
{
    struct queue *queue = CONTAINER_OF(half, struct queue, half);
    bool more = true;

    for (u32 i = 0; i < BATCH && more; i++) {
        bool were_on = irq_save();
        struct list *node = list_pop_front(&queue->packets);

        more = node != NULL;
        if (more)
            queue->count--;
        irq_restore(were_on);
        if (more)
            netdev_receive(&loopback, LIST_ENTRY(node, struct netbuf, link));
    }
    netdev_receive_done(&loopback);
    return more;
}

static bool loopback_transmit(struct netdev *dev, struct netbuf *buf, bool more)
{
    bool were_on = irq_save();
    struct queue *queue = &queues[cpu_id()];
    bool queued = queue->count < QUEUE_MAX;

    (void)more;
    buf->flags = NETBUF_LOOPBACK;
    if (queued) {
        queue->count++;
        list_push_back(&queue->packets, &buf->link);
    }
    irq_restore(were_on);
    if (queued) {
        bottom_half_queue(&queue->half);
    } else {
        __atomic_fetch_add(&dev->errors.tx_dropped, 1, __ATOMIC_RELAXED);
        netbuf_destroy(buf);
    }
    return true;
}

static const struct netdev_ops loopback_ops = {
    .transmit = loopback_transmit,
};

static struct netdev loopback = {
    .name = "lo",
    .mtu = LOOPBACK_MTU,
    .mtu_max = LOOPBACK_MTU,
    .features = NETDEV_TX_CSUM | NETDEV_TX_TSO4 | NETDEV_RX_CSUM | NETDEV_LOOPBACK,
    .ops = &loopback_ops,
};

void loopback_init(void)
{
    int err;

    for (u32 cpu = 0; cpu < CPUS_MAX; cpu++) {
        list_init(&queues[cpu].packets);
        bottom_half_init(&queues[cpu].half, loopback_receive);
    }
    err = netdev_register(&loopback);
    if (err == 0)
        err = address_add(&loopback, IPV4_LOOPBACK, 8);
    if (err < 0)
        panic("loopback: error %d at boot", -err);
}
