/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Network devices: the contract between drivers and the stack.
 *
 * A driver fills a struct netdev and registers it. The stack hands it packets by `transmit`; the
 * driver hands what it receives to netdev_receive(), from its bottom half, in batches ended by
 * netdev_receive_done(). What a device cannot do by itself (checksums, segmentation) the stack does
 * in one place, netdev_transmit(), before the driver sees the packet.
 */

#include "kernel/net/netbuf.h"
#include "lib/base/types.h"

enum {
    NETDEVS_MAX = 8,
    NETDEV_NAME_SIZE = 16,
    MAC_SIZE = 6,
};

enum netdev_features {
    NETDEV_TX_CSUM = 1u << 0,  /* Completes NETBUF_CSUM_PARTIAL. */
    NETDEV_TX_TSO4 = 1u << 1,  /* Segments TCP over IPv4. Implies NETDEV_TX_CSUM. */
    NETDEV_RX_CSUM = 1u << 2,  /* May set NETBUF_CSUM_GOOD. */
    NETDEV_LOOPBACK = 1u << 3, /* The loopback device: no Ethernet header. */
};

struct netdev_stats {
    u64 rx_packets, rx_bytes, rx_dropped, rx_errors;
    u64 tx_packets, tx_bytes, tx_dropped, tx_errors;
};

/* The rare ones of them; the others are counted by each CPU for itself. [atomic] relaxed. */
struct netdev_errors {
    u64 rx_dropped, rx_errors;
    u64 tx_dropped, tx_errors;
};

struct netdev_ops {
    /*
     * Sends one packet, Ethernet header first, and takes it over. Returns false when the queue is
     * full: the packet stays the caller's, and netdev_wake_tx() will be called when there is room.
     * Threads and bottom halves, any CPU. `more` says that another follows at once, so that the
     * device need not be told yet.
     */
    bool (*transmit)(struct netdev *dev, struct netbuf *buf, bool more);

    /* Whether every packet it took over has left. NULL: they leave at once. Any context. */
    bool (*is_idle)(struct netdev *dev);
};

struct netdev {
    char name[NETDEV_NAME_SIZE]; /* eth0, ... ; lo. */
    u8 mac[MAC_SIZE];
    u32 mtu;      /* Bytes of an IP packet. */
    u32 mtu_max;  /* [const] What the device can do. */
    u32 features; /* [const] enum netdev_features */
    u32 index;    /* [const] From 1, by registration; lo is 1. */
    bool up;
    const struct netdev_ops *ops;
    void *driver_data;
    struct netdev_errors errors;
    void *stack; /* The stack's own state of it. */
};

/*
 * Who counts: the stack counts packets and bytes both ways, and what it drops itself. A driver adds
 * to rx_dropped, rx_errors and tx_errors what the stack never saw.
 */

/* Makes the device known and starts its use. 0, or -ENOSPC. Thread context. The device stays. */
int netdev_register(struct netdev *dev) MUST_USE;

/* Device number `index` (from 1), or NULL. */
struct netdev *netdev_at(u32 index);
struct netdev *netdev_find(const char *name);
u32 netdev_count(void);

/* What has been counted so far, by all CPUs. */
void netdev_stats(const struct netdev *dev, struct netdev_stats *stats);

/* A packet from the wire, Ethernet header first, now the stack's. Bottom halves only. */
void netdev_receive(struct netdev *dev, struct netbuf *buf);

/* The end of a batch: what was held back to be done once for all of it happens now. */
void netdev_receive_done(struct netdev *dev);

/* There is room in the transmit queue again. Bottom halves. */
void netdev_wake_tx(struct netdev *dev);

/*
 * For the stack: sends an Ethernet packet through `dev`, with software checksum and segmentation
 * where the device lacks them, queueing it while the device is full. Takes `buf` over always.
 */
void netdev_transmit(struct netdev *dev, struct netbuf *buf, bool more);

/* Whether nothing waits to be sent, in the stack's queue or in the device's. */
bool netdev_is_idle(struct netdev *dev);

/* Makes the loopback device, number 1. From net_init(). */
void loopback_init(void);
