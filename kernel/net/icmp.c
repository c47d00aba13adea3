/* SPDX-License-Identifier: Apache-2.0 */
/* ICMP. See icmp.h. */
#include "kernel/net/icmp.h"

#include "abi/linux/errors.h"
#include "kernel/core/clock.h"
#include "kernel/core/spinlock.h"
#include "kernel/net/checksum.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/ipv4_wire.h"
#include "kernel/net/net.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/tcp.h"
#include "kernel/net/udp.h"
#include "kernel/net/wire.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    HEADER_SIZE = 8,
    QUOTE_MIN = 8, /* Bytes of the transport header in an error (RFC 792). */
};

/* A token bucket. */
static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_NET_TABLE);
static u64 tokens_ns = ICMP_BURST * (NS_PER_SECOND / ICMP_RATE_PER_SECOND); /* Under `lock`. */
static u64 refilled_ns;                                                     /* Under `lock`. */

static bool may_send(void)
{
    const u64 price_ns = NS_PER_SECOND / ICMP_RATE_PER_SECOND;
    u64 now_ns;
    bool may;

    spin_lock(&lock);
    now_ns = clock_now_ns(); /* Here: no other CPU can have refilled it later than that. */
    tokens_ns = u64_min(tokens_ns + (now_ns - refilled_ns), ICMP_BURST * price_ns);
    refilled_ns = now_ns;
    may = tokens_ns >= price_ns;
    if (may)
        tokens_ns -= price_ns;
    spin_unlock(&lock);
    return may;
}

static void send(struct netbuf *buf, u32 source, u32 destination)
{
    struct ipv4_params params = { .destination = destination, .protocol = IPV4_PROTOCOL_ICMP };
    u32 sum = netbuf_checksum(buf, 0, buf->len, 0);
    struct ipv4_route route;

    wire_put_sum(buf->head + buf->head_off + 2, checksum_finish(sum));
    if (ipv4_route_find(destination, &route) < 0) {
        netbuf_destroy(buf);
        return;
    }
    params.source = source ? source : route.source;
    net_count(NET_ICMP_OUT_MSGS);
    if (ipv4_output(buf, &params, &route, false) < 0)
        return; /* It has been counted; nobody waits for it. */
}

/* The request becomes the reply: its data goes back by reference. */
static void answer_echo(struct netbuf *buf, u32 source, u32 destination)
{
    struct netbuf *reply;
    u8 header[HEADER_SIZE];
    u8 *bytes;

    /* Not to a group (RFC 1122 3.2.2.6 lets us): that is how floods are amplified. */
    if ((buf->flags & NETBUF_BROADCAST) || !ipv4_is_local(destination) || !may_send())
        return;
    reply = netbuf_create();
    if (!reply)
        return;
    mem_copy(header, buf->head + buf->head_off, HEADER_SIZE);
    bytes = netbuf_push(reply, buf->head_len);
    if (!bytes || buf->head_len > NETBUF_HEAD_SIZE - 64 ||
        !netbuf_share(reply, buf, buf->head_len, buf->len - buf->head_len)) {
        netbuf_destroy(reply);
        return;
    }
    mem_copy(bytes, buf->head + buf->head_off, buf->head_len);
    bytes[0] = ICMP_ECHO_REPLY;
    bytes[1] = 0;
    wire_put_sum(bytes + 2, 0);
    net_count(NET_ICMP_OUT_ECHO_REPS);
    /* NOLINTNEXTLINE(readability-suspicious-call-argument): back to where it came from. */
    send(reply, destination, source);
}

int icmp_error_number(u8 type, u8 code)
{
    static const u8 unreachable[] = {
        ENETUNREACH,  EHOSTUNREACH, ENOPROTOOPT,  ECONNREFUSED, EMSGSIZE,     EOPNOTSUPP,
        ENETUNREACH,  EHOSTDOWN,    ENONET,       ENETUNREACH,  EHOSTUNREACH, ENETUNREACH,
        EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH,
    };

    if (type == ICMP_UNREACHABLE)
        return code < ARRAY_COUNT(unreachable) ? unreachable[code] : EHOSTUNREACH;
    if (type == ICMP_TIME_EXCEEDED)
        return EHOSTUNREACH;
    if (type == ICMP_PARAMETER_PROBLEM)
        return EPROTO;
    return 0;
}

/* An error quotes the packet it is about: ours, or it is none of our business. */
static void take_error(const struct netbuf *buf)
{
    const u8 *header = buf->head + buf->head_off;
    u8 quote[IPV4_HEADER_MAX + QUOTE_MIN];
    u32 quote_len = u32_min(buf->len - HEADER_SIZE, sizeof(quote));
    struct ipv4_header ip;
    u32 mtu = wire_get16(header + 6);
    const u8 *transport;

    /* total_len is that of the packet we sent, of which this is the beginning. */
    if (!netbuf_read(buf, HEADER_SIZE, quote, quote_len) ||
        !ipv4_parse(quote, quote_len, UINT32_MAX, &ip) || quote_len < ip.header_len + QUOTE_MIN ||
        ip.fragment_off != 0 || !ipv4_is_local(ip.source)) {
        net_count(NET_ICMP_IN_ERRORS);
        return;
    }
    transport = quote + ip.header_len;
    if (ip.protocol == IPV4_PROTOCOL_TCP) {
        tcp_icmp_error(ip.source, ip.destination, transport, header[0], header[1], mtu);
    } else if (ip.protocol == IPV4_PROTOCOL_UDP) {
        udp_icmp_error(ip.source, ip.destination, transport, header[0], header[1], mtu);
    }
}

void icmp_input(struct netbuf *buf, u32 source, u32 destination)
{
    const u8 *header = buf->head + buf->head_off;

    switch (header[0]) {
    case ICMP_ECHO:
        net_count(NET_ICMP_IN_ECHOS);
        answer_echo(buf, source, destination);
        break;
    case ICMP_UNREACHABLE:
        net_count(NET_ICMP_IN_DEST_UNREACHS);
        take_error(buf);
        break;
    case ICMP_TIME_EXCEEDED:
    case ICMP_PARAMETER_PROBLEM:
        net_count(NET_ICMP_IN_TIME_EXCDS);
        take_error(buf);
        break;
    default:
        break;
    }
    netbuf_destroy(buf);
}

void icmp_send_unreachable(const struct netbuf *buf, u8 code)
{
    const u8 *ip = buf->head + buf->network_off;
    u32 ip_len = (ip[0] & 0x0fu) * 4;
    u32 quote_len = ip_len + u32_min(buf->len, QUOTE_MIN);
    u32 source = wire_get32(ip + 12);
    u32 destination = wire_get32(ip + 16);
    struct netbuf *reply;
    u8 *bytes;

    if ((buf->flags & NETBUF_BROADCAST) || !ipv4_is_local(destination) ||
        ipv4_is_broadcast(source) || buf->head_len < quote_len - ip_len || !may_send())
        return;
    reply = netbuf_create();
    if (!reply)
        return;
    bytes = netbuf_push(reply, HEADER_SIZE + quote_len);
    if (!bytes) {
        netbuf_destroy(reply);
        return;
    }
    mem_zero(bytes, HEADER_SIZE);
    bytes[0] = ICMP_UNREACHABLE;
    bytes[1] = code;
    mem_copy(bytes + HEADER_SIZE, ip, ip_len);
    mem_copy(bytes + HEADER_SIZE + ip_len, buf->head + buf->head_off, quote_len - ip_len);
    net_count(NET_ICMP_OUT_DEST_UNREACHS);
    /* NOLINTNEXTLINE(readability-suspicious-call-argument): back to where it came from. */
    send(reply, destination, source);
}
