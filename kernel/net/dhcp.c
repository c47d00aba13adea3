/* SPDX-License-Identifier: Apache-2.0 */
/* The DHCP client. See dhcp.h for its states. */
#include "kernel/net/dhcp.h"

#include "kernel/core/clock.h"
#include "kernel/core/entropy.h"
#include "kernel/core/log.h"
#include "kernel/core/spinlock.h"
#include "kernel/net/checksum.h"
#include "kernel/net/dhcp_wire.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/net.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/netdev.h"
#include "kernel/net/route.h"
#include "kernel/net/tcp.h"
#include "kernel/net/timer_wheel.h"
#include "kernel/net/udp.h"
#include "kernel/net/udp_wire.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum state {
    DHCP_OFF,
    DHCP_SELECTING,
    DHCP_REQUESTING,
    DHCP_BOUND,
    DHCP_RENEWING,
    DHCP_REBINDING,
};

enum {
    REQUESTS_MAX = 4,   /* Unanswered ones, before we look for another server. */
    LEASE_MIN_S = 60,   /* Whoever gives less would have us do nothing but ask. */
    RETRY_MIN_S = 60,   /* While renewing (RFC 2131 4.4.5). */
    LEASE_FOREVER = -1, /* 0xffffffff */
};
/* Doubling; a boot should not wait 4 s for a lost packet. */
#define RETRY_FIRST_NS (500 * NS_PER_MS)
#define RETRY_MAX_NS   (32 * NS_PER_SECOND)

static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_LISTEN); /* Before udp's own. All below. */
static enum state state;
static struct netdev *netdev;
static struct udp *udp;
static struct net_timer timer;
static u32 xid;
static u32 tries;
static u64 began_ns;
static struct dhcp_reply lease; /* What is offered, or in force. */
static u64 leased_ns;           /* When the request was sent that it answers. */
static u64 asked_ns;

/* What has to be done without the lock. */
struct dhcp_work {
    bool send;
    bool to_server; /* To the server's address, else to all. */
    struct dhcp_request request;
    bool apply;
    bool lose;
    struct net_config config;
};

static u32 prefix_of(u32 mask, u32 ip)
{
    u32 len = mask == 0 ? 0 : 32 - (u32)__builtin_ctz(mask);

    if (mask != 0 && mask == prefix_mask(len))
        return len;
    /* No mask, or one with holes: by the class, as in the old days. */
    if (ip >> 31 == 0)
        return 8;
    return ip >> 30 == 2 ? 16 : 24;
}

static void make_config(struct net_config *config)
{
    mem_zero(config, sizeof(*config));
    config->ip = lease.your_ip;
    config->prefix_len = (u8)prefix_of(lease.mask, lease.your_ip);
    config->gateway = lease.gateway;
    config->mtu = lease.mtu >= NET_MTU_MIN ? lease.mtu : 0;
    config->dns_count = lease.dns_count;
    mem_copy(config->dns, lease.dns, sizeof(config->dns));
    mem_copy(config->domain, lease.domain, sizeof(config->domain));
}

static void make_request_locked(struct dhcp_work *work)
{
    struct dhcp_request *request = &work->request;
    bool has_address = state == DHCP_RENEWING || state == DHCP_REBINDING;

    work->send = true;
    work->to_server = state == DHCP_RENEWING;
    request->type = state == DHCP_SELECTING ? DHCP_DISCOVER : DHCP_REQUEST;
    request->xid = xid;
    request->seconds = (u16)u64_min((clock_now_ns() - began_ns) / NS_PER_SECOND, UINT16_MAX);
    request->client_ip = has_address ? lease.your_ip : 0;
    request->wanted_ip = state == DHCP_REQUESTING ? lease.your_ip : 0;
    request->server = state == DHCP_REQUESTING ? lease.server : 0;
    mem_copy(request->mac, netdev->mac, MAC_SIZE);
    asked_ns = clock_now_ns();
    tries++;
}

/*
 * The delay doubles, and varies by a tenth so that machines that boot together do not ask together.
 */
static u64 retry_ns(void)
{
    u64 delay_ns = u64_min(RETRY_FIRST_NS << u32_min(tries, 10), RETRY_MAX_NS);

    return delay_ns - delay_ns / 10 + random_below(delay_ns / 5);
}

static void select_locked(struct dhcp_work *work)
{
    state = DHCP_SELECTING;
    xid = (u32)random_u64();
    tries = 0;
    began_ns = clock_now_ns();
    make_request_locked(work);
    net_timer_arm(&timer, clock_deadline(retry_ns()));
}

static u64 lease_moment(u32 seconds)
{
    return leased_ns + (u64)seconds * NS_PER_SECOND;
}

/* Arms the timer for the next try of a renewal, or the next state, whichever is first. */
static void arm_renewal_locked(u64 limit_ns)
{
    u64 now_ns = clock_now_ns();
    u64 left_ns = limit_ns > now_ns ? limit_ns - now_ns : 0;
    u64 wait_ns = u64_max(left_ns / 2, RETRY_MIN_S * NS_PER_SECOND);

    net_timer_arm(&timer, now_ns + u64_min(left_ns, wait_ns));
}

static void renew_locked(struct dhcp_work *work)
{
    u64 now_ns = clock_now_ns();

    if (now_ns >= lease_moment(lease.lease_s)) {
        work->lose = true;
        select_locked(work);
    } else if (now_ns >= lease_moment(lease.rebind_s)) {
        state = DHCP_REBINDING;
        make_request_locked(work);
        arm_renewal_locked(lease_moment(lease.lease_s));
    } else {
        if (state == DHCP_BOUND) {
            xid = (u32)random_u64();
            began_ns = now_ns;
        }
        state = DHCP_RENEWING;
        make_request_locked(work);
        arm_renewal_locked(lease_moment(lease.rebind_s));
    }
}

static void expired_locked(struct dhcp_work *work)
{
    switch (state) {
    case DHCP_SELECTING:
        make_request_locked(work);
        net_timer_arm(&timer, clock_deadline(retry_ns()));
        break;
    case DHCP_REQUESTING:
        if (tries >= REQUESTS_MAX) {
            select_locked(work);
        } else {
            make_request_locked(work);
            net_timer_arm(&timer, clock_deadline(retry_ns()));
        }
        break;
    case DHCP_BOUND:
    case DHCP_RENEWING:
    case DHCP_REBINDING:
        renew_locked(work);
        break;
    default:
        break;
    }
}

static void send(struct netdev *dev, const struct dhcp_work *work, u32 server)
{
    struct ipv4_params params = { .source = work->request.client_ip,
                                  .destination = work->to_server ? server : IPV4_BROADCAST,
                                  .protocol = IPV4_PROTOCOL_UDP };
    struct ipv4_route route = { .netdev = dev, .mtu = dev->mtu, .is_broadcast = true };
    struct udp_header header = { .source = DHCP_CLIENT_PORT, .destination = DHCP_SERVER_PORT };
    struct netbuf *buf = netbuf_create();
    u8 message[DHCP_MESSAGE_SIZE];
    u32 len = dhcp_emit(message, &work->request);
    u8 *bytes;
    u32 sum;

    header.len = len + UDP_HEADER_SIZE;
    if (!buf)
        return;
    bytes = netbuf_push(buf, UDP_HEADER_SIZE);
    if (!bytes || !netbuf_append_copy(buf, message, len) ||
        (work->to_server && ipv4_route_find(server, &route) < 0)) {
        netbuf_destroy(buf);
        return;
    }
    sum = checksum_pseudo(params.source, params.destination, IPV4_PROTOCOL_UDP, header.len);
    udp_emit(bytes, &header, checksum_fold(sum));
    buf->flags |= NETBUF_CSUM_PARTIAL;
    buf->csum_off = UDP_CHECKSUM_OFF;
    if (ipv4_output(buf, &params, &route, false) < 0)
        return; /* The timer asks again. */
}

static void work_finish(struct netdev *dev, const struct dhcp_work *work, u32 server)
{
    if (work->lose)
        net_config_apply(NULL);
    if (work->send)
        send(dev, work, server);
    if (work->apply)
        net_config_apply(&work->config);
}

static void timer_expired(struct net_timer *fired)
{
    struct dhcp_work work;
    struct netdev *dev;
    u32 server;

    mem_zero(&work, sizeof(work));
    spin_lock(&lock);
    if (!net_timer_is_armed(fired))
        expired_locked(&work);
    dev = netdev;
    server = lease.server;
    spin_unlock(&lock);
    work_finish(dev, &work, server);
}

static bool is_usable(const struct dhcp_reply *reply)
{
    u32 ip = reply->your_ip;

    return ip != 0 && ip != IPV4_BROADCAST && !ipv4_is_multicast(ip) && !ipv4_is_loopback(ip) &&
           reply->server != 0 && reply->lease_s != 0;
}

/* The server's times, or those of RFC 2131 4.4.5 where they make no sense. */
static void take_times(struct dhcp_reply *reply)
{
    reply->lease_s = u32_max(reply->lease_s, LEASE_MIN_S);
    if (reply->rebind_s == 0 || reply->rebind_s >= reply->lease_s)
        reply->rebind_s = (u32)((u64)reply->lease_s * 7 / 8);
    if (reply->renew_s == 0 || reply->renew_s >= reply->rebind_s)
        reply->renew_s = u32_min(reply->lease_s / 2, reply->rebind_s - 1);
}

static void acknowledged_locked(const struct dhcp_reply *reply, struct dhcp_work *work)
{
    lease = *reply;
    take_times(&lease);
    state = DHCP_BOUND;
    tries = 0;
    leased_ns = asked_ns;
    work->apply = true;
    make_config(&work->config);
    if (lease.lease_s == (u32)LEASE_FOREVER) {
        net_timer_cancel(&timer);
    } else {
        net_timer_arm(&timer, lease_moment(lease.renew_s));
    }
}

static void reply_locked(const struct dhcp_reply *reply, struct dhcp_work *work)
{
    if (state == DHCP_OFF || state == DHCP_BOUND || reply->xid != xid ||
        !mem_equal(reply->mac, netdev->mac, MAC_SIZE))
        return;
    if (state == DHCP_SELECTING) {
        if (reply->type != DHCP_OFFER || !is_usable(reply))
            return;
        lease = *reply;
        state = DHCP_REQUESTING;
        tries = 0;
        make_request_locked(work);
        net_timer_arm(&timer, clock_deadline(retry_ns()));
        return;
    }
    if (state != DHCP_REBINDING && reply->server != lease.server)
        return; /* Another one, whose offer we did not take. */
    if (reply->type == DHCP_NAK) {
        work->lose = state != DHCP_REQUESTING;
        select_locked(work);
    } else if (reply->type == DHCP_ACK && is_usable(reply)) {
        acknowledged_locked(reply, work);
    }
}

static void take_message(struct netbuf *buf)
{
    u8 message[DHCP_MESSAGE_SIZE];
    u32 len = u32_min(buf->len, DHCP_MESSAGE_SIZE);
    struct dhcp_reply reply;
    struct dhcp_work work;
    struct netdev *dev;
    u32 server;

    if (!netbuf_read(buf, 0, message, len) || !dhcp_parse(message, len, &reply))
        return;
    mem_zero(&work, sizeof(work));
    spin_lock(&lock);
    if (buf->netdev == netdev)
        reply_locked(&reply, &work);
    dev = netdev;
    server = lease.server;
    spin_unlock(&lock);
    work_finish(dev, &work, server);
}

/* Runs with the socket locked: the work is left to the timer's bottom half, at the next tick. */
static struct net_timer arrival;

static void arrived(void *arg, u32 events)
{
    (void)arg;
    (void)events;
    net_timer_arm(&arrival, 0);
}

static void take_arrivals(struct net_timer *fired)
{
    struct inet_address source;
    struct inet_address destination;
    struct netbuf *buf;

    (void)fired;
    for (;;) {
        buf = udp_receive(udp, &source, &destination);
        if (!buf)
            return;
        if (source.port == DHCP_SERVER_PORT)
            take_message(buf);
        netbuf_destroy(buf);
    }
}

static bool open_socket(void)
{
    struct inet_address local = { .port = DHCP_CLIENT_PORT };

    net_timer_init(&timer, timer_expired);
    net_timer_init(&arrival, take_arrivals);
    udp = udp_create(arrived, NULL);
    if (!udp)
        return false;
    if (udp_bind(udp, local) < 0) {
        udp_destroy(udp);
        udp = NULL;
        return false;
    }
    return true;
}

void dhcp_start(struct netdev *dev)
{
    struct dhcp_work work;

    if (!udp && !open_socket()) {
        log_error("dhcp: port 68 is taken");
        return;
    }
    mem_zero(&work, sizeof(work));
    spin_lock(&lock);
    netdev = dev;
    select_locked(&work);
    spin_unlock(&lock);
    work_finish(dev, &work, 0);
}

void dhcp_stop(void)
{
    spin_lock(&lock);
    if (state != DHCP_OFF)
        net_timer_cancel(&timer);
    state = DHCP_OFF;
    spin_unlock(&lock);
}
