/* SPDX-License-Identifier: Apache-2.0 */
/* Ethernet: the 14 bytes before everything else. */
#include "kernel/net/ethernet.h"

#include "kernel/net/arp.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/wire.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    /*
     * Pulled at once, as nearly every frame is TCP over IPv4: Ethernet, IPv4 and TCP with time
     * stamps. One copy of 66 bytes is cheaper than three of 20.
     */
    USUAL_HEADERS = ETHERNET_HEADER_SIZE + IPV4_HEADER_SIZE + 32,
};

const u8 ethernet_broadcast[MAC_SIZE] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

void ethernet_output(struct netdev *dev, struct netbuf *buf, const u8 to[MAC_SIZE], u16 type,
                     bool more)
{
    u8 *header = netbuf_push(buf, ETHERNET_HEADER_SIZE);

    if (!header) {
        __atomic_fetch_add(&dev->errors.tx_errors, 1, __ATOMIC_RELAXED);
        netbuf_destroy(buf);
        return;
    }
    mem_copy(header, to, MAC_SIZE);
    mem_copy(header + MAC_SIZE, dev->mac, MAC_SIZE);
    wire_put16(header + 12, type);
    buf->csum_start = (u16)(buf->csum_start + ETHERNET_HEADER_SIZE);
    netdev_transmit(dev, buf, more);
}

void ethernet_multicast(u32 group, u8 mac[MAC_SIZE])
{
    mac[0] = 0x01;
    mac[1] = 0x00;
    mac[2] = 0x5e;
    mac[3] = (u8)(group >> 16 & 0x7f);
    mac[4] = (u8)(group >> 8);
    mac[5] = (u8)group;
}

void ethernet_input(struct netbuf *buf)
{
    struct netdev *dev = buf->netdev;
    const u8 *header = netbuf_pull_head(buf, u32_min(buf->len, USUAL_HEADERS));
    u16 type;

    if (!header || buf->len < ETHERNET_HEADER_SIZE) {
        __atomic_fetch_add(&dev->errors.rx_errors, 1, __ATOMIC_RELAXED);
        netbuf_destroy(buf);
        return;
    }
    if (header[0] & 1) {
        buf->flags |= NETBUF_BROADCAST;
    } else if (!mem_equal(header, dev->mac, MAC_SIZE)) {
        netbuf_destroy(buf); /* A switch that floods; not worth a count. */
        return;
    }
    type = wire_get16(header + 12);
    netbuf_pull(buf, ETHERNET_HEADER_SIZE);
    buf->protocol = type;
    switch (type) {
    case ETHERTYPE_IPV4:
        ipv4_input(buf);
        break;
    case ETHERTYPE_ARP:
        arp_input(buf);
        break;
    default:
        __atomic_fetch_add(&dev->errors.rx_dropped, 1, __ATOMIC_RELAXED);
        netbuf_destroy(buf);
        break;
    }
}
