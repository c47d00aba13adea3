/* SPDX-License-Identifier: Apache-2.0 */
/* UDP sockets: send, receive, options. Where they are found is udp_table.c. */
#include "kernel/net/udp.h"

#include "abi/linux/errors.h"
#include "abi/linux/poll.h"
#include "kernel/core/spinlock.h"
#include "kernel/mm/heap.h"
#include "kernel/net/checksum.h"
#include "kernel/net/icmp.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/net.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/netdev.h"
#include "kernel/net/udp_internal.h"
#include "kernel/net/udp_wire.h"
#include "kernel/net/wire.h"
#include "lib/base/list.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    /* A datagram this short is copied out of its receive buffer, which is then free again. */
    COPY_MAX = 80,
    /* What a fragment may keep from use, beside its own bytes: a receive buffer of 2 KiB. */
    FRAGMENT_CHARGE = 2048,
};

/* netbuf->cb of a queued datagram. */
enum {
    CB_SOURCE_IP,
    CB_PORTS, /* Source << 16 | destination. */
    CB_DESTINATION_IP,
    CB_CHARGE,
};

static u64 count; /* [atomic] Sockets there are. */

struct udp *udp_create(tcp_notify_fn *notify, void *arg)
{
    struct udp *udp = heap_alloc_zero(sizeof(*udp));

    if (!udp)
        return NULL;
    spinlock_init(&udp->lock, LOCK_RANK_SOCKET);
    list_init(&udp->port_link);
    list_init(&udp->peer_link);
    list_init(&udp->queue);
    udp->refs = 1;
    udp->notify = notify;
    udp->arg = arg;
    udp->rcvbuf = UDP_RCVBUF_DEFAULT;
    udp->ttl = IPV4_TTL_DEFAULT;
    __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);
    return udp;
}

static void put(struct udp *udp)
{
    if (__atomic_fetch_sub(&udp->refs, 1, __ATOMIC_ACQ_REL) != 1)
        return;
    netbuf_destroy_list(&udp->queue);
    heap_free(udp);
    __atomic_fetch_sub(&count, 1, __ATOMIC_RELAXED);
}

void udp_destroy(struct udp *udp)
{
    udp_table_remove(udp);
    spin_lock(&udp->lock);
    udp->notify = NULL;
    udp->read_shut = true;
    spin_unlock(&udp->lock);
    put(udp);
}

static int bind_locked(struct udp *udp, struct inet_address local) HOLDS(&udp->lock)
{
    udp->bound_any = local.ip == 0;
    return udp_table_bind(udp, local);
}

int udp_bind(struct udp *udp, struct inet_address local)
{
    int err = -EINVAL;

    if (local.ip != 0 && !ipv4_is_local(local.ip) && !ipv4_is_multicast(local.ip) &&
        !ipv4_is_broadcast(local.ip))
        return -EADDRNOTAVAIL;
    spin_lock(&udp->lock);
    if (udp->local.port == 0)
        err = bind_locked(udp, local);
    spin_unlock(&udp->lock);
    return err;
}

/* Some free port, for one that sends without being bound. Two threads may come here at once. */
static int bind_to_some_locked(struct udp *udp) HOLDS(&udp->lock)
{
    int err = udp->local.port == 0 ? bind_locked(udp, (struct inet_address){ 0 }) : 0;

    return err == -EADDRINUSE ? -EAGAIN : err;
}

static void disconnect_locked(struct udp *udp) HOLDS(&udp->lock)
{
    struct inet_address none = { 0 };
    struct inet_address local = udp->local;

    if (udp->bound_any)
        local.ip = 0;
    if (local.port != 0)
        udp_table_connect(udp, local, none);
}

static int connect_locked(struct udp *udp, struct inet_address remote, u32 source) HOLDS(&udp->lock)
{
    struct inet_address local;
    int err;

    if (ipv4_is_broadcast(remote.ip) && !udp->broadcast)
        return -EACCES;
    err = bind_to_some_locked(udp);
    if (err < 0)
        return err;
    local = udp->local;
    if (udp->bound_any)
        local.ip = source;
    udp_table_connect(udp, local, remote);
    udp->error = 0;
    return 0;
}

int udp_connect(struct udp *udp, struct inet_address remote)
{
    struct ipv4_route route;
    int err;

    if (remote.ip == 0 && remote.port == 0) {
        spin_lock(&udp->lock);
        disconnect_locked(udp);
        spin_unlock(&udp->lock);
        return 0;
    }
    if (remote.ip == 0)
        remote.ip = IPV4_LOOPBACK; /* As Linux: "this host". */
    if (remote.port == 0)
        return -EINVAL;
    err = ipv4_route_find(remote.ip, &route);
    if (err < 0)
        return err;
    spin_lock(&udp->lock);
    err = connect_locked(udp, remote, route.source);
    spin_unlock(&udp->lock);
    return err;
}

/* The way to `ip`: the last one used, most of the time. */
static int find_route(struct udp *udp, u32 ip, struct ipv4_route *route)
{
    bool kept;
    int err;

    spin_lock(&udp->lock);
    kept = udp->route_ip == ip && ip != 0 && ipv4_route_is_current(&udp->route);
    if (kept)
        *route = udp->route;
    spin_unlock(&udp->lock);
    if (kept && (route->neighbour || (route->netdev->features & NETDEV_LOOPBACK)))
        return 0;
    err = ipv4_route_find(ip, route);
    if (err < 0)
        return err;
    spin_lock(&udp->lock);
    udp->route = *route;
    udp->route_ip = ip;
    spin_unlock(&udp->lock);
    return 0;
}

/* Puts the header before the payload and sends it. Takes `buf` over. */
static int send_to(struct udp *udp, struct netbuf *buf, struct inet_address remote,
                   const struct ipv4_route *route)
{
    struct ipv4_params params = {
        .source = udp->local.ip ? udp->local.ip : route->source,
        .destination = remote.ip,
        .protocol = IPV4_PROTOCOL_UDP,
        .ttl = ipv4_is_multicast(remote.ip) ? 1 : udp->ttl,
        .tos = udp->tos,
    };
    struct udp_header header = {
        .source = udp->local.port,
        .destination = remote.port,
        .len = buf->len + UDP_HEADER_SIZE,
    };
    u32 sum;
    u8 *bytes = netbuf_push(buf, UDP_HEADER_SIZE);

    if (!bytes) {
        netbuf_destroy(buf);
        return -ENOMEM;
    }
    sum = checksum_pseudo(params.source, params.destination, IPV4_PROTOCOL_UDP, header.len);
    udp_emit(bytes, &header, checksum_fold(sum));
    buf->flags |= NETBUF_CSUM_PARTIAL;
    buf->csum_start = 0;
    buf->csum_off = UDP_CHECKSUM_OFF;
    net_count(NET_UDP_OUT_DATAGRAMS);
    return ipv4_output(buf, &params, route, false);
}

static int prepare_send(struct udp *udp, const struct netbuf *buf, struct inet_address *remote,
                        struct ipv4_route *route)
{
    int err = -udp_take_error(udp);

    if (err < 0)
        return err;
    if (remote->port == 0)
        return -EDESTADDRREQ;
    if (buf->len > UDP_PAYLOAD_MAX)
        return -EMSGSIZE;
    if (remote->ip == 0)
        remote->ip = IPV4_LOOPBACK;
    if (ipv4_is_broadcast(remote->ip) && !udp->broadcast)
        return -EACCES;
    err = find_route(udp, remote->ip, route);
    if (err < 0 || udp->local.port != 0)
        return err;
    spin_lock(&udp->lock);
    err = bind_to_some_locked(udp);
    spin_unlock(&udp->lock);
    return err;
}

int udp_send(struct udp *udp, struct netbuf *buf, const struct inet_address *remote)
{
    struct inet_address to = remote ? *remote : udp->remote;
    struct ipv4_route route;
    int err;

    if (remote && remote->port == 0) {
        err = -EINVAL;
    } else {
        err = prepare_send(udp, buf, &to, &route);
    }
    if (err < 0) {
        netbuf_destroy(buf);
        return err;
    }
    return send_to(udp, buf, to, &route);
}

/* Queues a datagram. False when it was not wanted or there is no room: it stays the caller's. */
static bool enqueue(struct udp *udp, struct netbuf *buf)
{
    u32 charge = (u32)sizeof(*buf) + u32_max(buf->len, buf->frag_count * FRAGMENT_CHARGE);
    bool queued;

    buf->cb[CB_CHARGE] = charge;
    spin_lock(&udp->lock);
    queued = !udp->read_shut && udp->queued_bytes < udp->rcvbuf;
    if (queued) {
        udp->queued_bytes += charge;
        list_push_back(&udp->queue, &buf->link);
        if (udp->notify)
            udp->notify(udp->arg, POLLIN | POLLRDNORM);
    }
    spin_unlock(&udp->lock);
    net_count(queued ? NET_UDP_IN_DATAGRAMS : NET_UDP_RCVBUF_ERRORS);
    return queued;
}

struct group {
    struct netbuf *buf;
    struct udp *members[16];
    u32 count;
};

static bool collect_member(void *arg, struct udp *udp)
{
    struct group *group = arg;

    __atomic_fetch_add(&udp->refs, 1, __ATOMIC_RELAXED);
    group->members[group->count++] = udp;
    return group->count < ARRAY_COUNT(group->members);
}

static struct netbuf *copy_of(const struct netbuf *buf)
{
    struct netbuf *copy = netbuf_create();
    u32 off = 0;

    if (!copy)
        return NULL;
    for (;;) {
        u32 len;
        const void *piece = netbuf_piece(buf, off, &len);

        if (!piece)
            break;
        if (!netbuf_append_copy(copy, piece, len)) {
            netbuf_destroy(copy);
            return NULL;
        }
        off += len;
    }
    copy->netdev = buf->netdev;
    copy->ttl = buf->ttl;
    copy->tos = buf->tos;
    mem_copy(copy->cb, buf->cb, sizeof(copy->cb));
    return copy;
}

/* To a group: everyone who listens gets a copy. */
static void deliver_to_group(struct netbuf *buf, struct inet_address local,
                             struct inet_address remote)
{
    struct group group = { .buf = buf };

    udp_table_each(local, remote, collect_member, &group);
    for (u32 i = 0; i < group.count; i++) {
        struct netbuf *copy = copy_of(buf);

        if (copy && !enqueue(group.members[i], copy))
            netbuf_destroy(copy);
        put(group.members[i]);
    }
    netbuf_destroy(buf);
}

void udp_input(struct netbuf *buf, u32 source, u32 destination)
{
    struct inet_address remote = { .ip = source };
    struct inet_address local = { .ip = destination };
    struct udp_header header;
    struct udp *udp;

    if (!udp_parse(buf->head + buf->head_off, buf->len, &header)) {
        net_count(NET_UDP_IN_ERRORS);
        netbuf_destroy(buf);
        return;
    }
    remote.port = header.source;
    local.port = header.destination;
    buf->cb[CB_SOURCE_IP] = source;
    buf->cb[CB_PORTS] = (u32)header.source << 16 | header.destination;
    buf->cb[CB_DESTINATION_IP] = destination;
    netbuf_trim(buf, header.len);
    udp = buf->flags & NETBUF_BROADCAST ? NULL : udp_table_find(local, remote);
    if (!udp && !(buf->flags & NETBUF_BROADCAST)) {
        net_count(NET_UDP_NO_PORTS);
        icmp_send_unreachable(buf, ICMP_PORT_UNREACHABLE);
        netbuf_destroy(buf);
        return;
    }
    netbuf_pull(buf, UDP_HEADER_SIZE);
    if (!udp) {
        deliver_to_group(buf, local, remote);
        return;
    }
    if (buf->len <= COPY_MAX)
        (void)!netbuf_pull_head(buf, buf->len); /* If it cannot, it stays in its buffer. */
    if (!enqueue(udp, buf))
        netbuf_destroy(buf);
    put(udp);
}

struct netbuf *udp_receive(struct udp *udp, struct inet_address *source,
                           struct inet_address *destination)
{
    struct netbuf *buf = NULL;
    struct list *node;

    spin_lock(&udp->lock);
    node = list_pop_front(&udp->queue);
    if (node) {
        buf = LIST_ENTRY(node, struct netbuf, link);
        udp->queued_bytes -= buf->cb[CB_CHARGE];
    }
    spin_unlock(&udp->lock);
    if (!buf)
        return NULL;
    *source = (struct inet_address){ .ip = buf->cb[CB_SOURCE_IP],
                                     .port = (u16)(buf->cb[CB_PORTS] >> 16) };
    *destination =
        (struct inet_address){ .ip = buf->cb[CB_DESTINATION_IP], .port = (u16)buf->cb[CB_PORTS] };
    return buf;
}

void udp_unreceive(struct udp *udp, struct netbuf *buf)
{
    spin_lock(&udp->lock);
    udp->queued_bytes += buf->cb[CB_CHARGE];
    list_push_front(&udp->queue, &buf->link);
    if (udp->notify)
        udp->notify(udp->arg, POLLIN | POLLRDNORM);
    spin_unlock(&udp->lock);
}

long udp_next_len(struct udp *udp)
{
    long len = -EAGAIN;

    spin_lock(&udp->lock);
    if (!list_is_empty(&udp->queue))
        len = LIST_ENTRY(udp->queue.next, struct netbuf, link)->len;
    spin_unlock(&udp->lock);
    return len;
}

u32 udp_poll(struct udp *udp)
{
    u32 events = POLLOUT | POLLWRNORM; /* Sending never waits: the device's backlog drops. */

    spin_lock(&udp->lock);
    if (!list_is_empty(&udp->queue) || udp->read_shut)
        events |= POLLIN | POLLRDNORM;
    if (udp->read_shut)
        events |= POLLRDHUP;
    if (udp->error)
        events |= POLLERR;
    spin_unlock(&udp->lock);
    return events;
}

int udp_take_error(struct udp *udp)
{
    int error;

    if (__atomic_load_n(&udp->error, __ATOMIC_RELAXED) == 0)
        return 0;
    spin_lock(&udp->lock);
    error = udp->error;
    udp->error = 0;
    spin_unlock(&udp->lock);
    return error;
}

struct inet_address udp_local(struct udp *udp)
{
    return udp->local;
}

struct inet_address udp_remote(struct udp *udp)
{
    return udp->remote;
}

int udp_set_option(struct udp *udp, enum udp_option option, u64 value)
{
    switch (option) {
    case UDP_OPT_REUSEADDR:
        udp->reuse_addr = value != 0;
        return 0;
    case UDP_OPT_REUSEPORT:
        udp->reuse_port = value != 0;
        return 0;
    case UDP_OPT_BROADCAST:
        udp->broadcast = value != 0;
        return 0;
    case UDP_OPT_RCVBUF:
        udp->rcvbuf = (u32)u64_min(value, UINT32_MAX / 2);
        return 0;
    case UDP_OPT_TTL:
        if (value < 1 || value > 255)
            return -EINVAL;
        udp->ttl = (u8)value;
        return 0;
    case UDP_OPT_TOS:
        udp->tos = (u8)value;
        return 0;
    }
    return -EINVAL;
}

u64 udp_get_option(struct udp *udp, enum udp_option option)
{
    switch (option) {
    case UDP_OPT_REUSEADDR:
        return udp->reuse_addr;
    case UDP_OPT_REUSEPORT:
        return udp->reuse_port;
    case UDP_OPT_BROADCAST:
        return udp->broadcast;
    case UDP_OPT_RCVBUF:
        return udp->rcvbuf;
    case UDP_OPT_TTL:
        return udp->ttl;
    case UDP_OPT_TOS:
        return udp->tos;
    }
    return 0;
}

void udp_shutdown_read(struct udp *udp)
{
    spin_lock(&udp->lock);
    udp->read_shut = true;
    if (udp->notify)
        udp->notify(udp->arg, POLLIN | POLLRDNORM | POLLRDHUP);
    spin_unlock(&udp->lock);
}

bool udp_is_shut(struct udp *udp)
{
    return __atomic_load_n(&udp->read_shut, __ATOMIC_RELAXED);
}

u64 udp_count(void)
{
    return __atomic_load_n(&count, __ATOMIC_RELAXED);
}

struct visit {
    udp_visit_fn *fn;
    void *arg;
};

static void visit_one(void *arg, struct udp *udp)
{
    const struct visit *visit = arg;

    visit->fn(visit->arg, udp->local, udp->remote, udp->queued_bytes);
}

void udp_for_each(udp_visit_fn *fn, void *arg)
{
    struct visit visit = { fn, arg };

    udp_table_visit_all(visit_one, &visit);
}

/* Only a connected socket hears of errors: it alone knows that the datagram was its own. */
void udp_icmp_error(u32 source, u32 destination, const u8 header[8], u8 type, u8 code, u32 mtu)
{
    struct inet_address local = { .ip = source, .port = wire_get16(header) };
    struct inet_address remote = { .ip = destination, .port = wire_get16(header + 2) };
    int error = icmp_error_number(type, code);
    struct udp *udp = udp_table_find(local, remote);

    if (!udp)
        return;
    if (type == ICMP_UNREACHABLE && code == ICMP_FRAGMENTATION_NEEDED) {
        /* Ours may be fragmented, so this is no error; but believed only from who is talked to. */
        if (udp->remote.port != 0)
            ipv4_mtu_learned(destination, mtu);
        error = 0;
    }
    spin_lock(&udp->lock);
    if (udp->remote.port != 0 && error != 0) {
        udp->error = error;
        if (udp->notify)
            udp->notify(udp->arg, POLLERR);
    }
    spin_unlock(&udp->lock);
    put(udp);
}

void udp_init(void)
{
    udp_table_init();
}
