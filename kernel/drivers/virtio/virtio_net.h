/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The parts of the network driver, for each other: virtio_net.c, virtio_net_rx.c, virtio_net_tx.c.
 */

#include "kernel/arch/cpu.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/timer.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/netdev.h"
#include "lib/base/types.h"

/* [cpu] All of it belongs to the bottom half of the queue's CPU, after the probe. */
struct net_rx {
    struct virtio_net *net;
    struct virtqueue *queue;
    u32 lent_target; /* [const] How many pages the device shall have. */
    u32 lent;
    struct netbuf *partial; /* A packet whose first buffers have come. */
    u32 buffers_left;       /* Of that packet, or of one that is being dropped. */
    struct timer refill;    /* Armed while memory was out. */
};

struct net_tx {
    struct spinlock lock;
    struct virtqueue *queue;
    struct virtio_net *net;
    u32 reclaim_at GUARDED_BY(&lock); /* Descriptors in use: time to look for sent packets. */
    bool full GUARDED_BY(&lock);      /* The stack waits for netdev_wake_tx(). */
};

struct net_pair {
    struct net_rx rx;
    struct net_tx tx;
} __attribute__((aligned(CACHE_LINE_SIZE)));

struct virtio_net {
    struct netdev netdev;
    struct virtio_device *device;
    u32 pair_count;
    bool mergeable;   /* [const] A packet may span several buffers. */
    bool checks_csum; /* [const] The device may vouch for checksums. */
    bool ready;       /* [atomic] The stack knows it. */
    struct net_pair *pairs;
};

/*
 * Open the queues of a pair, whose fields are zero but for `net`. 0 or -ENOMEM; what is open is
 * closed by virtio_net.c.
 */
int net_rx_open(struct net_rx *rx, u16 index, u32 cpu) MUST_USE;
int net_tx_open(struct net_tx *tx, u16 index, u32 cpu) MUST_USE;

/*
 * Fills the queue for the first time and lets it interrupt, before the device is started and sees
 * any of it. 0, -ENOMEM, -EIO.
 */
int net_rx_fill(struct net_rx *rx) MUST_USE;

/* Frees what the device has. It was not started, or has been stopped. */
void net_rx_release(struct net_rx *rx);

/* netdev_ops.transmit. */
bool net_transmit(struct netdev *netdev, struct netbuf *buf, bool more);

/* netdev_ops.is_idle. */
bool net_is_idle(struct netdev *netdev);

/* Frees packets that have been sent. */
void net_tx_reclaim(struct net_tx *tx);
