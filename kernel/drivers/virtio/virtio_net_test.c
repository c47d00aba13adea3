/* SPDX-License-Identifier: Apache-2.0 */
/* The network driver: packets in pieces, packets in the wrong pieces, and no memory for either. */
#include "abi/linux/errors.h"
#include "abi/virtio/net.h"
#include "abi/virtio/ring.h"
#include "kernel/arch/mmu.h"
#include "kernel/drivers/virtio/virtio.h"
#include "kernel/drivers/virtio/virtqueue.h"
#include "kernel/mm/page.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/netdev.h"
#include "lib/base/bytes.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/fake_virtio.h"
#include "test/unit/unit.h"

#include <string.h>

extern const struct virtio_driver virtio_net_driver;

enum {
    HEADER = sizeof(struct virtio_net_hdr),
    RX = 0,
    TX = 1,
};

static struct virtio_device device;
static struct netdev *netdev;
static struct netbuf *received[64];
static u32 received_count;
static int batches;
static int wakes;

int netdev_register(struct netdev *dev)
{
    netdev = dev;
    return 0;
}

void netdev_receive(struct netdev *dev, struct netbuf *buf)
{
    CHECK(dev == netdev);
    CHECK(received_count < 64);
    received[received_count++] = buf;
}

void netdev_receive_done(struct netdev *dev)
{
    CHECK(dev == netdev);
    batches++;
}

void netdev_wake_tx(struct netdev *dev)
{
    CHECK(dev == netdev);
    CHECK_EQ(fake_locks_held, 0);
    wakes++;
}

static void start(u64 features, u16 queue_size)
{
    netbuf_init();
    device.features = features | VIRTIO_F_EVENT_IDX;
    device.queue_size = queue_size;
    memcpy(device.config, "\x52\x54\x00\x12\x34\x56", 6);
    CHECK_EQ(virtio_net_driver.probe(&device), 0);
}

static void start_mergeable(void)
{
    start(VIRTIO_NET_F_MRG_RXBUF | VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_GUEST_TSO4 |
              VIRTIO_NET_F_CSUM | VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_MAC,
          64);
}

/* The device fills its next page: a header where `buffers` is not 0, then a pattern. */
static void receive_page(u32 buffers, u8 flags, u32 len, u8 pattern)
{
    struct virtio_net_hdr header = { .flags = flags, .num_buffers = le16_make((u16)buffers) };
    struct fake_chain chain;
    u8 *at;
    u32 off = buffers ? HEADER : 0;

    CHECK(fake_virtio_take(device.queues[RX], &chain));
    CHECK_EQ(chain.out_count, 0);
    CHECK_EQ(chain.in_count, 1);
    CHECK_EQ(chain.in[0].len, PAGE_SIZE);
    at = (u8 *)(uintptr_t)chain.in[0].address;
    if (buffers)
        memcpy(at, &header, HEADER);
    if (len > off)
        memset(at + off, pattern, len - off);
    fake_virtio_give(device.queues[RX], chain.head, len);
}

static void interrupt(void)
{
    fake_virtio_interrupt(device.queues[RX]);
}

static u32 lent(void)
{
    return virtqueue_size(device.queues[RX]) - virtqueue_free_count(device.queues[RX]);
}

static void drop_received(void)
{
    while (received_count > 0)
        netbuf_destroy(received[--received_count]);
}

TEST(virtio_net, says_what_it_can)
{
    start_mergeable();
    CHECK(strcmp(netdev->name, "eth0") == 0);
    CHECK(memcmp(netdev->mac, "\x52\x54\x00\x12\x34\x56", 6) == 0);
    CHECK_EQ(netdev->mtu, 1500);
    CHECK_EQ(netdev->features, NETDEV_TX_CSUM | NETDEV_TX_TSO4 | NETDEV_RX_CSUM);
    CHECK(netdev->up);
    CHECK_EQ(lent(), 64);
    CHECK(virtio_net_driver.choose(VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_GUEST_TSO4) == 0);
    CHECK(virtio_net_driver.choose(VIRTIO_NET_F_MQ) == 0);
}

TEST(virtio_net, small_packets_leave_the_page_to_the_device)
{
    long pages;

    start_mergeable();
    pages = fake_pages;
    for (int i = 0; i < 1000; i++) {
        receive_page(1, i % 2 ? VIRTIO_NET_HDR_DATA_VALID : 0, HEADER + 60, (u8)i);
        interrupt();
        CHECK_EQ(received_count, 1);
        CHECK_EQ(received[0]->len, 60);
        CHECK_EQ(received[0]->frag_count, 0);
        CHECK_EQ(received[0]->head[received[0]->head_off + 59], (u8)i);
        CHECK_EQ(received[0]->flags & NETBUF_CSUM_GOOD, i % 2 ? NETBUF_CSUM_GOOD : 0);
        drop_received();
        CHECK_EQ(lent(), 64);
        CHECK_EQ(fake_pages, pages);
    }
    CHECK_EQ(batches, 1000);
}

TEST(virtio_net, a_packet_of_many_pages_is_put_together)
{
    u8 bytes[8];

    start_mergeable();
    receive_page(3, VIRTIO_NET_HDR_NEEDS_CSUM, PAGE_SIZE, 1);
    interrupt();
    CHECK_EQ(received_count, 0); /* The rest comes later: state is kept. */
    receive_page(0, 0, PAGE_SIZE, 2);
    receive_page(0, 0, 100, 3);
    receive_page(1, 0, HEADER + 1000, 4);
    interrupt();
    CHECK_EQ(received_count, 2);
    CHECK_EQ(received[0]->len, PAGE_SIZE - HEADER + PAGE_SIZE + 100);
    CHECK_EQ(received[0]->frag_count, 3);
    CHECK(received[0]->flags & NETBUF_CSUM_GOOD);
    CHECK(netbuf_read(received[0], PAGE_SIZE - HEADER - 1, bytes, 2));
    CHECK(bytes[0] == 1 && bytes[1] == 2);
    CHECK(netbuf_read(received[0], received[0]->len - 1, bytes, 1));
    CHECK_EQ(bytes[0], 3);
    CHECK_EQ(received[1]->len, 1000);
    drop_received();
}

TEST(virtio_net, the_ring_is_filled_up_again)
{
    start_mergeable();
    for (int i = 0; i < 48; i++)
        receive_page(1, 0, HEADER + 1000, 0);
    interrupt();
    CHECK_EQ(received_count, 48);
    CHECK_EQ(lent(), 64);
    drop_received();
    CHECK_EQ(fake_pages, 64 + 2); /* And the rings of the two queues. */
}

/* What a device may say of a packet that cannot be. */
TEST(virtio_net, impossible_packets_are_counted_and_dropped)
{
    start_mergeable();
    receive_page(1, 0, 0, 0);
    receive_page(1, 0, HEADER, 0);
    receive_page(1, 0, HEADER + 13, 0);
    interrupt();
    CHECK_EQ(received_count, 0);
    CHECK_EQ(netdev->errors.rx_errors, 3);
    CHECK_EQ(lent(), 64);
    CHECK(!device.broken);

    receive_page(2, 0, HEADER + 500, 0);
    receive_page(0, 0, 0, 0); /* A page with nothing in it is no fragment. */
    interrupt();
    CHECK_EQ(received_count, 1);
    CHECK_EQ(received[0]->frag_count, 1);
    drop_received();

    receive_page(17, 0, PAGE_SIZE, 0);
    for (int i = 0; i < 16; i++)
        receive_page(0, 0, PAGE_SIZE, 0); /* More than any packet has. */
    receive_page(1, 0, HEADER + 60, 0);
    interrupt();
    CHECK_EQ(received_count, 1);
    CHECK_EQ(received[0]->len, 60);
    CHECK_EQ(netdev->errors.rx_dropped, 1);
    drop_received();
    CHECK(!device.broken);
}

TEST(virtio_net, an_impossible_number_of_buffers_stops_the_device)
{
    start_mergeable();
    receive_page(60000, 0, HEADER + 60, 0);
    interrupt();
    CHECK(device.broken);
    CHECK_EQ(received_count, 0);
}

TEST(virtio_net, without_merging_the_number_of_buffers_is_not_looked_at)
{
    start(0, 64);
    receive_page(999, VIRTIO_NET_HDR_DATA_VALID, HEADER + 1400, 7);
    interrupt();
    CHECK_EQ(received_count, 1);
    CHECK_EQ(received[0]->len, 1400);
    CHECK_EQ(received[0]->flags & NETBUF_CSUM_GOOD, 0); /* Never agreed on. */
    drop_received();
}

TEST(virtio_net, memory_may_run_out_and_come_back)
{
    start_mergeable();
    for (int i = 0; i < 60; i++)
        receive_page(1, 0, HEADER + 1000, 0);
    /* 60 packets take 60 netbufs; the next allocation is the first page of the refill. */
    fake_alloc_fail_after = 60;
    interrupt();
    CHECK_EQ(received_count, 60);
    CHECK_EQ(lent(), 4);
    CHECK_EQ(fake_timers_armed(), 1);
    fake_clock_advance(20000000);
    CHECK_EQ(lent(), 64);
    CHECK_EQ(fake_timers_armed(), 0);
    drop_received();

    /* And no memory for the packets themselves. */
    for (int i = 0; i < 3; i++) {
        receive_page(i == 0 ? 1 : 2, 0, HEADER + 60, 0);
        if (i > 0)
            receive_page(0, 0, 100, 0);
        fake_alloc_fail_after = 0;
        interrupt();
        CHECK_EQ(received_count, 0);
        CHECK_EQ(netdev->errors.rx_dropped, (u64)i + 1);
        CHECK_EQ(lent(), 64);
    }
}

static struct netbuf *make_packet(u32 head, u32 frags)
{
    struct netbuf *buf = netbuf_create();
    void *at = netbuf_push(buf, head);

    CHECK(at);
    memset(at, 0x50, head);
    for (u32 i = 0; i < frags; i++)
        CHECK(netbuf_add_frag(buf, page_alloc(0, 0), 100, 1000));
    return buf;
}

TEST(virtio_net, sends_without_copying)
{
    struct netbuf *buf;
    struct virtio_net_hdr header;
    struct fake_chain chain;

    start_mergeable();
    device.notified = 0;
    buf = make_packet(54, 2);
    buf->flags = NETBUF_CSUM_PARTIAL;
    buf->csum_start = 34;
    buf->csum_off = 16;
    buf->gso_size = 1448;
    CHECK(netdev->ops->transmit(netdev, buf, true));
    CHECK_EQ(device.notified, 0); /* Another one follows. */
    CHECK(netdev->ops->transmit(netdev, make_packet(60, 0), false));
    CHECK_EQ(device.notified, 1);

    CHECK(fake_virtio_take(device.queues[TX], &chain));
    CHECK_EQ(chain.out_count, 3);
    CHECK_EQ(chain.in_count, 0);
    CHECK_EQ(chain.out[0].len, HEADER + 54);
    CHECK_EQ(chain.out[1].address, page_address(buf->frags[0].page) + 100);
    CHECK_EQ(chain.out[1].len, 1000);
    memcpy(&header, (void *)(uintptr_t)chain.out[0].address, HEADER);
    CHECK_EQ(header.flags, VIRTIO_NET_HDR_NEEDS_CSUM);
    CHECK_EQ(header.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
    CHECK_EQ(le16_get(header.csum_start), 34);
    CHECK_EQ(le16_get(header.csum_off), 16);
    CHECK_EQ(le16_get(header.gso_size), 1448);
    CHECK_EQ(le16_get(header.hdr_len), 54);
    fake_virtio_give(device.queues[TX], chain.head, 0);
    CHECK(fake_virtio_take(device.queues[TX], &chain));
    CHECK_EQ(chain.out_count, 1);
    memcpy(&header, (void *)(uintptr_t)chain.out[0].address, HEADER);
    CHECK_EQ(header.flags, 0);
    fake_virtio_give(device.queues[TX], chain.head, 0);

    /* Freed by what is received next, with no interrupt of their own. */
    receive_page(1, 0, HEADER + 60, 0);
    interrupt();
    drop_received();
    CHECK_EQ(netbuf_count(), 0);
}

TEST(virtio_net, says_when_it_is_full_and_when_it_is_not)
{
    struct fake_chain chain;
    struct netbuf *last = NULL;
    int sent = 0;

    start_mergeable();
    for (; sent < 1000; sent++) {
        last = make_packet(54, 6);
        if (!netdev->ops->transmit(netdev, last, false))
            break;
    }
    CHECK_EQ(sent, 64 / 7);
    CHECK_EQ(last->len, 54 + 6000); /* As it was. */
    CHECK_EQ(last->head_len, 54);

    CHECK(fake_virtio_take(device.queues[TX], &chain));
    fake_virtio_give(device.queues[TX], chain.head, 0);
    fake_virtio_interrupt(device.queues[TX]);
    CHECK_EQ(wakes, 0); /* Not yet room for the largest. */
    for (int i = 0; i < 4; i++) {
        CHECK(fake_virtio_take(device.queues[TX], &chain));
        fake_virtio_give(device.queues[TX], chain.head, 0);
    }
    fake_virtio_interrupt(device.queues[TX]);
    CHECK_EQ(wakes, 1);
    CHECK(netdev->ops->transmit(netdev, last, false));
}

TEST(virtio_net, a_broken_device_swallows_packets)
{
    start_mergeable();
    device.broken = true;
    CHECK(netdev->ops->transmit(netdev, make_packet(54, 3), false));
    CHECK_EQ(netbuf_count(), 0);
    CHECK_EQ(netdev->errors.tx_errors, 1);
}

TEST(virtio_net, gives_everything_back_when_the_probe_fails)
{
    netbuf_init();
    device.queue_size = 16;
    for (long i = 0; i < 8; i++) {
        long objects = fake_heap_objects;

        fake_alloc_fail_after = i;
        CHECK_EQ(virtio_net_driver.probe(&device), -ENOMEM);
        CHECK_EQ(fake_heap_objects, objects);
        CHECK_EQ(fake_pages, 0);
    }
}

/* What the device answers to the one command there is. */
static u8 control_answer;

static void answer_control(struct virtqueue *queue)
{
    struct fake_chain chain;

    if (queue->index != 4 || !fake_virtio_take(queue, &chain))
        return;
    CHECK_EQ(chain.out_count, 2);
    CHECK_EQ(*(u8 *)(uintptr_t)chain.out[0].address, VIRTIO_NET_CTRL_MQ);
    CHECK_EQ(*(u16 *)(uintptr_t)chain.out[1].address, 2);
    *(u8 *)(uintptr_t)chain.in[0].address = control_answer;
    fake_virtio_give(queue, chain.head, 1);
}

static void start_pairs(void)
{
    device.config[VIRTIO_NET_CONFIG_PAIRS_MAX] = 2;
    device.on_notify = answer_control;
    fake_cpu_count = 2;
    start(VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_MQ, 64);
}

TEST(virtio_net, has_a_pair_of_queues_for_each_cpu)
{
    start_pairs();
    CHECK_EQ(device.queues[0]->cpu, 0);
    CHECK_EQ(device.queues[2]->cpu, 1);
    CHECK_EQ(virtqueue_free_count(device.queues[2]), 0);
    CHECK_EQ(fake_log_warnings, 0);
}

TEST(virtio_net, does_with_one_pair_when_it_must)
{
    control_answer = 1;
    start_pairs();
    CHECK_EQ(fake_log_warnings, 1);
}
