/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio network device (section 5.1): what the device can do, and its queue pairs, one per CPU
 * where it has so many. Receiving is in virtio_net_rx.c, sending in virtio_net_tx.c.
 */
#include "kernel/drivers/virtio/virtio_net.h"

#include "abi/linux/errors.h"
#include "abi/virtio/net.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/clock.h"
#include "kernel/core/entropy.h"
#include "kernel/core/log.h"
#include "kernel/drivers/virtio/virtio.h"
#include "kernel/mm/heap.h"
#include "lib/base/bytes.h"
#include "lib/base/num.h"
#include "lib/base/text.h"

enum {
    MTU_DEFAULT = 1500,
    MTU_MIN = 68,              /* RFC 791. */
    MTU_MERGEABLE_MAX = 65521, /* With an Ethernet header still a u16. */
    MTU_SINGLE_MAX = PAGE_SIZE - sizeof(struct virtio_net_hdr) - 14,
    CONTROL_MS_MAX = 1000,
};

/* Names count up. */
static u32 ethernet_count;

static const struct netdev_ops net_ops = {
    .transmit = net_transmit,
    .is_idle = net_is_idle,
};

/* Segmentation needs checksums (section 5.1.3.1), and on receive also buffers that can hold it. */
static u64 net_choose(u64 features)
{
    if ((features & VIRTIO_NET_F_CSUM) == 0)
        features &= ~VIRTIO_NET_F_HOST_TSO4;
    if ((features & VIRTIO_NET_F_GUEST_CSUM) == 0 || (features & VIRTIO_NET_F_MRG_RXBUF) == 0)
        features &= ~VIRTIO_NET_F_GUEST_TSO4;
    if ((features & VIRTIO_NET_F_CTRL_VQ) == 0)
        features &= ~VIRTIO_NET_F_MQ;
    return features;
}

static void read_mac(struct virtio_net *net)
{
    u8 *mac = net->netdev.mac;

    if (virtio_features(net->device) & VIRTIO_NET_F_MAC) {
        virtio_config_read(net->device, VIRTIO_NET_CONFIG_MAC, mac, MAC_SIZE);
        return;
    }
    random_bytes(mac, MAC_SIZE);
    mac[0] = (u8)((mac[0] & 0xfc) | 0x02); /* One station's, locally administered. */
}

static void read_mtu(struct virtio_net *net)
{
    u32 limit = net->mergeable ? MTU_MERGEABLE_MAX : (u32)MTU_SINGLE_MAX;

    net->netdev.mtu = MTU_DEFAULT;
    net->netdev.mtu_max = limit;
    if (virtio_features(net->device) & VIRTIO_NET_F_MTU) {
        u32 mtu = virtio_config_u16(net->device, VIRTIO_NET_CONFIG_MTU);

        if (mtu >= MTU_MIN) {
            net->netdev.mtu = u32_min(mtu, limit);
            net->netdev.mtu_max = net->netdev.mtu;
        }
    }
}

static void read_config(struct virtio_net *net)
{
    u64 features = virtio_features(net->device);
    struct netdev *netdev = &net->netdev;
    struct text name;

    net->mergeable = (features & VIRTIO_NET_F_MRG_RXBUF) != 0;
    net->checks_csum = (features & VIRTIO_NET_F_GUEST_CSUM) != 0;
    read_mac(net);
    read_mtu(net);
    if (features & VIRTIO_NET_F_CSUM)
        netdev->features |= NETDEV_TX_CSUM;
    if (features & VIRTIO_NET_F_HOST_TSO4)
        netdev->features |= NETDEV_TX_TSO4;
    if (net->checks_csum)
        netdev->features |= NETDEV_RX_CSUM;
    netdev->up = true;
    if (features & VIRTIO_NET_F_STATUS) {
        netdev->up = (virtio_config_u16(net->device, VIRTIO_NET_CONFIG_STATUS) &
                      VIRTIO_NET_STATUS_LINK_UP) != 0;
    }
    netdev->ops = &net_ops;
    netdev->driver_data = net;
    text_init(&name, netdev->name, sizeof(netdev->name));
    text_format(&name, "eth%u", ethernet_count++);
}

/* How many pairs the device has, and so the control queue's place behind them. */
static u32 device_pairs(struct virtio_net *net)
{
    u32 pairs;

    if ((virtio_features(net->device) & VIRTIO_NET_F_MQ) == 0)
        return 1;
    pairs = virtio_config_u16(net->device, VIRTIO_NET_CONFIG_PAIRS_MAX);
    return u32_max(pairs, 1);
}

static void pairs_close(struct virtio_net *net)
{
    for (u32 i = 0; i < net->pair_count; i++) {
        struct net_pair *pair = &net->pairs[i];

        if (pair->rx.queue) {
            net_rx_release(&pair->rx);
            virtio_queue_close(pair->rx.queue);
        }
        if (pair->tx.queue)
            virtio_queue_close(pair->tx.queue);
    }
    heap_free(net->pairs);
}

static int pairs_open(struct virtio_net *net)
{
    int err = 0;

    net->pair_count = u32_min(device_pairs(net), cpu_count());
    net->pairs = heap_alloc_array(net->pair_count, sizeof(*net->pairs));
    if (!net->pairs)
        return -ENOMEM;
    for (u32 i = 0; i < net->pair_count && err == 0; i++) {
        struct net_pair *pair = &net->pairs[i];

        pair->rx.net = net;
        pair->tx.net = net;
        err = net_rx_open(&pair->rx, (u16)(2 * i), i);
        if (err == 0)
            err = net_tx_open(&pair->tx, (u16)(2 * i + 1), i);
        if (err == 0)
            err = net_rx_fill(&pair->rx);
    }
    if (err < 0)
        pairs_close(net);
    return err;
}

/* A command to set the number of pairs, as the device reads and answers it. */
struct mq_command {
    u8 class;
    u8 command;
    struct le16 pairs;
    u8 ack;
};

/* Sends the command and waits for its answer; the control queue is used this once. */
static int set_pairs(struct virtio_net *net, struct virtqueue *control)
{
    struct mq_command *command = heap_alloc_zero(sizeof(*command));
    u64 deadline = clock_deadline(CONTROL_MS_MAX * NS_PER_MS);
    struct virtio_segment segments[3];
    void *cookie;
    u32 bytes_written;
    bool done = false;

    if (!command)
        return -ENOMEM;
    command->class = VIRTIO_NET_CTRL_MQ;
    command->command = VIRTIO_NET_CTRL_MQ_PAIRS_SET;
    command->pairs = le16_make((u16)net->pair_count);
    command->ack = UINT8_MAX;
    segments[0] = (struct virtio_segment){ virt_to_phys(&command->class), 2 };
    segments[1] = (struct virtio_segment){ virt_to_phys(&command->pairs), 2 };
    segments[2] = (struct virtio_segment){ virt_to_phys(&command->ack), 1 };
    if (virtqueue_add(control, segments, 2, 1, command) < 0)
        return -EIO;
    virtqueue_kick(control);

    while (!done && clock_now_ns() < deadline) {
        done = virtqueue_take(control, &cookie, &bytes_written);
        cpu_relax();
    }
    if (!done)
        return -ETIMEDOUT; /* The device may still write to the command: it stays. */
    if (*(volatile u8 *)&command->ack != VIRTIO_NET_CTRL_OK)
        done = false;
    heap_free(command);
    return done ? 0 : -EIO;
}

/* Turns on the pairs beyond the first. Without them the first does all, on one CPU. */
static void start_pairs(struct virtio_net *net, struct virtqueue *control)
{
    int err;

    if (net->pair_count == 1)
        return;
    err = control ? set_pairs(net, control) : -ENOMEM;
    if (err < 0) {
        log_warn("%s: %s uses one queue pair: error %d", virtio_name(net->device), net->netdev.name,
                 -err);
        net->pair_count = 1;
    }
}

static void start(struct virtio_net *net)
{
    struct virtqueue *control = NULL;

    if (net->pair_count > 1) {
        control =
            virtio_queue_open_polled(net->device, (u16)(2 * device_pairs(net)), 0, NULL, NULL);
    }
    virtio_start(net->device);
    start_pairs(net, control);
    for (u32 i = 0; i < net->pair_count; i++)
        virtqueue_notify(net->pairs[i].rx.queue);
}

static int net_probe(struct virtio_device *device)
{
    struct virtio_net *net = heap_alloc_zero(sizeof(*net));
    int err;

    if (!net)
        return -ENOMEM;
    net->device = device;
    read_config(net);
    err = pairs_open(net);
    if (err < 0)
        goto free_net;

    start(net);
    err = netdev_register(&net->netdev);
    if (err < 0)
        goto stop_device;
    /* Pairs with the acquire in deliver(). */
    __atomic_store_n(&net->ready, true, __ATOMIC_RELEASE);
    return 0;

stop_device:
    virtio_stop(device);
    pairs_close(net);
free_net:
    heap_free(net);
    return err;
}

const struct virtio_driver virtio_net_driver = {
    .name = "virtio-net",
    .id = VIRTIO_ID_NET,
    .features = VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_MTU | VIRTIO_NET_F_MAC |
                VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_MRG_RXBUF |
                VIRTIO_NET_F_STATUS | VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_MQ,
    .choose = net_choose,
    .probe = net_probe,
};
