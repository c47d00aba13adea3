/* SPDX-License-Identifier: Apache-2.0 */
#include "test/unit/fake_device.h"

#include "kernel/net/arp_wire.h"
#include "kernel/net/ethernet.h"
#include "kernel/net/ipv4_wire.h"
#include "kernel/net/net.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/wire.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#include <string.h>

const u8 fake_mac[MAC_SIZE] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
const u8 other_mac[MAC_SIZE] = { 0x52, 0x55, 0x0a, 0, 2, 2 };
struct fake_frame fake_frames[FAKE_FRAMES_MAX];
u32 fake_frame_count;
bool fake_device_full;

static struct netdev device;

static bool transmit(struct netdev *dev, struct netbuf *buf, bool more)
{
    struct fake_frame *frame = &fake_frames[fake_frame_count];

    CHECK(dev == &device);
    if (fake_device_full)
        return false;
    CHECK(fake_frame_count < FAKE_FRAMES_MAX);
    frame->bytes = malloc(buf->len);
    frame->len = buf->len;
    frame->gso_size = buf->gso_segments > 1 ? buf->gso_size : 0;
    frame->csum_partial = (buf->flags & NETBUF_CSUM_PARTIAL) != 0;
    frame->more = more;
    CHECK(frame->bytes && netbuf_read(buf, 0, frame->bytes, buf->len));
    fake_frame_count++;
    netbuf_destroy(buf);
    return true;
}

static const struct netdev_ops ops = { .transmit = transmit };

struct netdev *fake_device_init(u32 features, u32 mtu)
{
    net_init();
    device = (struct netdev){
        .name = "eth0", .mtu = mtu, .mtu_max = 9000, .features = features, .ops = &ops
    };
    memcpy(device.mac, fake_mac, MAC_SIZE);
    CHECK_EQ(netdev_register(&device), 0);
    return &device;
}

struct netdev *fake_device_init_configured(u32 features, u32 mtu)
{
    struct net_config config = { .ip = 0x0a000001, .prefix_len = 24, .gateway = 0x0a0000fe };
    struct netdev *dev = fake_device_init(features, mtu);

    CHECK_EQ(net_config_static(&config), 0);
    fake_frames_clear();
    return dev;
}

void fake_frames_clear(void)
{
    for (u32 i = 0; i < fake_frame_count; i++)
        free(fake_frames[i].bytes);
    fake_frame_count = 0;
}

void fake_receive(const u8 *bytes, u32 len, u32 piece)
{
    struct netbuf *buf = netbuf_create();

    if (piece == 0)
        piece = len;
    for (u32 off = 0; off < len; off += piece)
        CHECK(netbuf_append_copy(buf, bytes + off, piece < len - off ? piece : len - off));
    netdev_receive(&device, buf);
    netdev_receive_done(&device);
}

void fake_receive_ip(u32 source, u32 destination, u8 protocol, const u8 *payload, u32 len)
{
    struct ipv4_header header = { .source = source,
                                  .destination = destination,
                                  .total_len = 20 + len,
                                  .protocol = protocol,
                                  .ttl = 64 };
    u8 *frame = malloc(34 + len);

    memcpy(frame, fake_mac, MAC_SIZE);
    memcpy(frame + 6, other_mac, MAC_SIZE);
    wire_put16(frame + 12, ETHERTYPE_IPV4);
    ipv4_emit(frame + 14, &header);
    memcpy(frame + 34, payload, len);
    fake_receive(frame, 34 + len, 0);
    free(frame);
}

void fake_answer_arp(void)
{
    const struct fake_frame *frame = &fake_frames[fake_frame_count - 1];
    struct arp_packet request;
    struct arp_packet reply = { .operation = ARP_REPLY };
    u8 bytes[14 + ARP_SIZE];

    CHECK(fake_frame_count > 0);
    CHECK_EQ(wire_get16(frame->bytes + 12), ETHERTYPE_ARP);
    CHECK(arp_parse(frame->bytes + 14, frame->len - 14, &request));
    CHECK_EQ(request.operation, ARP_REQUEST);
    reply.sender_ip = request.target_ip;
    reply.target_ip = request.sender_ip;
    memcpy(reply.sender_mac, other_mac, MAC_SIZE);
    memcpy(reply.target_mac, request.sender_mac, MAC_SIZE);
    memcpy(bytes, fake_mac, MAC_SIZE);
    memcpy(bytes + 6, other_mac, MAC_SIZE);
    wire_put16(bytes + 12, ETHERTYPE_ARP);
    arp_emit(bytes + 14, &reply);
    fake_receive(bytes, sizeof(bytes), 0);
}
