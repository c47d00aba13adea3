/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4: the header out, and the header in. See ipv4.h. */
#include "kernel/net/ipv4.h"

#include "abi/linux/errors.h"
#include "kernel/arch/cpu.h"
#include "kernel/core/entropy.h"
#include "kernel/net/arp.h"
#include "kernel/net/checksum.h"
#include "kernel/net/ethernet.h"
#include "kernel/net/gso.h"
#include "kernel/net/icmp.h"
#include "kernel/net/ipv4_wire.h"
#include "kernel/net/net.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/netdev.h"
#include "kernel/net/reassembly.h"
#include "kernel/net/route.h"
#include "kernel/net/tcp.h"
#include "kernel/net/udp.h"
#include "kernel/net/wire.h"
#include "lib/base/list.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

/*
 * Identifiers matter only where somebody may fragment (RFC 6864): each CPU counts, from a random
 * start and so far apart that they do not meet within a datagram's lifetime.
 */
static u16 next_id[CPUS_MAX]; /* [cpu] A torn increment repeats one at worst. */

void ipv4_init(void)
{
    random_bytes(next_id, sizeof(next_id));
    reassembly_init();
}

/* To the device: the link header, and who gets it. */
static void output_link(struct netbuf *buf, u32 destination, const struct ipv4_route *route,
                        bool more)
{
    struct netdev *dev = route->netdev;
    u8 mac[MAC_SIZE];

    if (dev->features & NETDEV_LOOPBACK) {
        netdev_transmit(dev, buf, more);
    } else if (ipv4_is_multicast(destination)) {
        ethernet_multicast(destination, mac);
        ethernet_output(dev, buf, mac, ETHERTYPE_IPV4, more);
    } else if (route->is_broadcast) {
        ethernet_output(dev, buf, ethernet_broadcast, ETHERTYPE_IPV4, more);
    } else {
        arp_output(dev, route->next_hop, route->neighbour, buf, more);
    }
}

/* One fragment of `buf`'s payload; its head is copied, the rest shared. NULL when memory is out. */
static struct netbuf *make_fragment(const struct netbuf *buf, u32 off, u32 len)
{
    u32 from_head = off < buf->head_len ? u32_min(len, buf->head_len - off) : 0;
    struct netbuf *fragment = netbuf_create();
    void *head;

    if (!fragment)
        return NULL;
    head = netbuf_push(fragment, from_head);
    if (!head ||
        (len > from_head && !netbuf_share(fragment, buf, off + from_head, len - from_head))) {
        netbuf_destroy(fragment);
        return NULL;
    }
    mem_copy(head, buf->head + buf->head_off + off, from_head);
    return fragment;
}

static int make_fragments(const struct netbuf *buf, const struct ipv4_header *whole, u32 mtu,
                          struct list *fragments)
{
    u32 piece_max = (mtu - IPV4_HEADER_SIZE) & ~7u;

    for (u32 off = 0; off < buf->len; off += piece_max) {
        u32 len = u32_min(piece_max, buf->len - off);
        struct netbuf *fragment = make_fragment(buf, off, len);
        struct ipv4_header header = *whole;
        u8 *bytes;

        if (!fragment)
            return -ENOMEM;
        list_push_back(fragments, &fragment->link);
        bytes = netbuf_push(fragment, IPV4_HEADER_SIZE);
        if (!bytes)
            return -ENOMEM;
        header.total_len = IPV4_HEADER_SIZE + len;
        header.fragment_off = off;
        header.more_fragments = off + len < buf->len;
        ipv4_emit(bytes, &header);
    }
    return 0;
}

/* `buf` begins with the transport header; it is longer than the path takes. */
static int output_fragmented(struct netbuf *buf, const struct ipv4_header *header,
                             const struct ipv4_route *route)
{
    struct list fragments;
    struct list *node;
    int err = 0;

    list_init(&fragments);
    if ((buf->flags & NETBUF_CSUM_PARTIAL) && !gso_checksum(buf))
        err = -EINVAL;
    if (err == 0)
        err = make_fragments(buf, header, route->mtu, &fragments);
    netbuf_destroy(buf);
    if (err < 0) {
        net_count(NET_IP_FRAG_FAILS);
        netbuf_destroy_list(&fragments);
        return err;
    }
    net_count(NET_IP_FRAG_OKS);
    node = list_pop_front(&fragments);
    while (node) {
        struct list *after = list_pop_front(&fragments);

        net_count(NET_IP_FRAG_CREATES);
        output_link(LIST_ENTRY(node, struct netbuf, link), header->destination, route,
                    after != NULL);
        node = after;
    }
    return 0;
}

int ipv4_output(struct netbuf *buf, const struct ipv4_params *params,
                const struct ipv4_route *route, bool more)
{
    u32 total_len = buf->len + IPV4_HEADER_SIZE;
    struct ipv4_header header = {
        .source = params->source,
        .destination = params->destination,
        .total_len = total_len,
        .dont_fragment = params->dont_fragment,
        .protocol = params->protocol,
        .ttl = params->ttl ? params->ttl : IPV4_TTL_DEFAULT,
        .tos = params->tos,
    };
    u8 *bytes;

    net_count(NET_IP_OUT_REQUESTS);
    if (!params->dont_fragment || buf->gso_segments > 1)
        header.id = next_id[cpu_id()]++;
    if (total_len > NETBUF_PACKET_MAX ||
        (total_len > route->mtu && params->dont_fragment && buf->gso_segments <= 1)) {
        net_count(NET_IP_OUT_DISCARDS);
        netbuf_destroy(buf);
        return -EMSGSIZE;
    }
    if (total_len > route->mtu && buf->gso_segments <= 1)
        return output_fragmented(buf, &header, route);
    bytes = netbuf_push(buf, IPV4_HEADER_SIZE);
    if (!bytes) {
        net_count(NET_IP_OUT_DISCARDS);
        netbuf_destroy(buf);
        return -ENOMEM;
    }
    ipv4_emit(bytes, &header);
    buf->csum_start = (u16)(buf->csum_start + IPV4_HEADER_SIZE);
    output_link(buf, params->destination, route, more);
    return 0;
}

/* Whether a packet with this header, come in by `buf`'s device, is one we have to do with. */
static bool is_acceptable(struct netbuf *buf, const struct ipv4_header *header)
{
    bool is_looped = (buf->netdev->features & NETDEV_LOOPBACK) != 0;

    /* Addresses that cannot be on a wire (RFC 1122 3.2.1.3). */
    if (ipv4_is_multicast(header->source) || header->source == IPV4_BROADCAST ||
        (!is_looped && (ipv4_is_loopback(header->source) || ipv4_is_loopback(header->destination) ||
                        ipv4_is_local(header->source))))
        return false;
    if (ipv4_is_local(header->destination))
        return true;
    if (ipv4_is_multicast(header->destination) || ipv4_is_broadcast(header->destination)) {
        buf->flags |= NETBUF_BROADCAST;
        return true;
    }
    /* A DHCP server may send to the address it is about to give us. */
    return address_of(buf->netdev) == 0 && header->protocol == IPV4_PROTOCOL_UDP;
}

/*
 * The transport checksum, where nobody has vouched for it. `buf` begins with the transport header.
 */
static bool checksum_is_good(const struct netbuf *buf, const struct ipv4_header *header)
{
    u32 sum = 0;

    if (buf->flags & (NETBUF_CSUM_GOOD | NETBUF_LOOPBACK))
        return true;
    if (header->protocol != IPV4_PROTOCOL_ICMP)
        sum = checksum_pseudo(header->source, header->destination, header->protocol, buf->len);
    return checksum_finish(netbuf_checksum(buf, 0, buf->len, sum)) == 0;
}

static void discard(struct netbuf *buf, enum net_counter why)
{
    net_count(why);
    netbuf_destroy(buf);
}

static void deliver_udp(struct netbuf *buf, const struct ipv4_header *header)
{
    const u8 *udp = netbuf_pull_head(buf, 8);

    if (!udp) {
        discard(buf, NET_UDP_IN_ERRORS);
    } else if (wire_get_sum(udp + 6) != 0 && !checksum_is_good(buf, header)) {
        net_count(NET_UDP_IN_CSUM_ERRORS);
        discard(buf, NET_UDP_IN_ERRORS);
    } else {
        udp_input(buf, header->source, header->destination);
    }
}

static void deliver_tcp(struct netbuf *buf, const struct ipv4_header *header)
{
    net_count(NET_TCP_IN_SEGS);
    if (!netbuf_pull_head(buf, 20) || (buf->flags & NETBUF_BROADCAST)) {
        discard(buf, NET_TCP_IN_ERRS);
    } else if (!checksum_is_good(buf, header)) {
        net_count(NET_TCP_IN_CSUM_ERRORS);
        discard(buf, NET_TCP_IN_ERRS);
    } else {
        tcp_input(buf, header->source, header->destination);
    }
}

static void deliver_icmp(struct netbuf *buf, const struct ipv4_header *header)
{
    net_count(NET_ICMP_IN_MSGS);
    if (!netbuf_pull_head(buf, 8)) {
        discard(buf, NET_ICMP_IN_ERRORS);
    } else if (!checksum_is_good(buf, header)) {
        net_count(NET_ICMP_IN_CSUM_ERRORS);
        discard(buf, NET_ICMP_IN_ERRORS);
    } else {
        icmp_input(buf, header->source, header->destination);
    }
}

static void deliver(struct netbuf *buf, const struct ipv4_header *header)
{
    buf->network_off = buf->head_off;
    netbuf_pull(buf, header->header_len);
    buf->transport_off = (u16)(buf->network_off + header->header_len);
    buf->protocol = header->protocol;
    buf->ttl = header->ttl;
    buf->tos = header->tos;
    net_count(NET_IP_IN_DELIVERS);
    switch (header->protocol) {
    case IPV4_PROTOCOL_TCP:
        deliver_tcp(buf, header);
        break;
    case IPV4_PROTOCOL_UDP:
        deliver_udp(buf, header);
        break;
    case IPV4_PROTOCOL_ICMP:
        deliver_icmp(buf, header);
        break;
    default:
        icmp_send_unreachable(buf, ICMP_PROTOCOL_UNREACHABLE);
        discard(buf, NET_IP_IN_UNKNOWN_PROTOS);
        break;
    }
}

/* The last fragment has come: the lengths of the whole now stand in one header. */
static void deliver_whole(struct netbuf *buf, const struct ipv4_header *fragment)
{
    struct ipv4_header header = *fragment;
    const u8 *bytes = netbuf_pull_head(buf, IPV4_HEADER_SIZE);

    /* The first fragment may have had other options than the one that came last. */
    if (bytes)
        header.header_len = (bytes[0] & 0x0fu) * 4;
    header.total_len = buf->len;
    if (!bytes || !netbuf_pull_head(buf, header.header_len)) {
        discard(buf, NET_IP_IN_DISCARDS);
    } else {
        deliver(buf, &header);
    }
}

static bool header_is_sound(const u8 *bytes, u32 len)
{
    u32 sum = len == IPV4_HEADER_SIZE ? checksum_header(bytes) : checksum_add(bytes, len, 0);

    return checksum_finish(sum) == 0;
}

void ipv4_input(struct netbuf *buf)
{
    const u8 *bytes = netbuf_pull_head(buf, IPV4_HEADER_SIZE);
    struct ipv4_header header;

    net_count(NET_IP_IN_RECEIVES);
    if (!bytes || !ipv4_parse(bytes, IPV4_HEADER_SIZE, buf->len, &header)) {
        discard(buf, NET_IP_IN_HDR_ERRORS);
        return;
    }
    bytes = netbuf_pull_head(buf, header.header_len);
    if (!bytes || !(buf->flags & NETBUF_LOOPBACK || header_is_sound(bytes, header.header_len))) {
        discard(buf, NET_IP_IN_HDR_ERRORS);
        return;
    }
    if (!is_acceptable(buf, &header)) {
        discard(buf, NET_IP_IN_ADDR_ERRORS);
        return;
    }
    netbuf_trim(buf, header.total_len);
    if (header.fragment_off == 0 && !header.more_fragments) {
        deliver(buf, &header);
        return;
    }
    /* A device sums up fragments one by one, if at all. */
    buf->flags = (u16)(buf->flags & ~NETBUF_CSUM_GOOD);
    buf = reassembly_add(buf, &header);
    if (buf)
        deliver_whole(buf, &header);
}
