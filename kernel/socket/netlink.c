/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Netlink sockets of NETLINK_ROUTE: dumps of interfaces, addresses and routes, which is what
 * getifaddrs() and language runtimes ask for. Requests to change something get -EPERM, others
 * -EOPNOTSUPP, in a message as the protocol has it. Notifications are never sent: nothing changes.
 */
#include "abi/linux/netlink.h"

#include "abi/linux/errors.h"
#include "abi/linux/poll.h"
#include "abi/linux/socket.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/wait.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/iter.h"
#include "kernel/net/netdev.h"
#include "kernel/net/route.h"
#include "kernel/socket/interface.h"
#include "kernel/socket/socket.h"
#include "lib/base/bytes.h"
#include "lib/base/list.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

enum {
    REQUEST_MAX = 4096,
    /* Programs read with 4 KiB or more; a datagram that does not fit would be cut. */
    DATAGRAM_SIZE = 3584,
    MESSAGE_MAX = 256, /* One message, its attributes included. */
    QUEUE_MAX = 64,    /* Datagrams that nobody reads. */
};

struct datagram {
    struct list link;
    u32 len;
    u8 bytes[DATAGRAM_SIZE];
};

struct netlink {
    struct socket socket;
    struct spinlock lock; /* LOCK_RANK_UNIX: of the same kind. */
    struct list queue;    /* Under `lock`. */
    u32 queue_count;      /* Under `lock`. */
    u32 port;             /* What the program calls itself. */
};

static struct netlink *netlink_of(struct socket *socket)
{
    return CONTAINER_OF(socket, struct netlink, socket);
}

/* ---- Replies. ---- */

struct reply {
    struct netlink *netlink;
    const struct abi_nlmsghdr *request;
    struct datagram *datagram; /* Being filled; or NULL. */
    u32 message;               /* Where the current message begins. */
    bool failed;               /* Memory, or the queue, ran out. */
};

static void reply_flush(struct reply *reply)
{
    struct netlink *netlink = reply->netlink;
    struct datagram *datagram = reply->datagram;

    reply->datagram = NULL;
    if (!datagram)
        return;
    spin_lock(&netlink->lock);
    if (netlink->queue_count < QUEUE_MAX) {
        netlink->queue_count++;
        list_push_back(&netlink->queue, &datagram->link);
        datagram = NULL;
        wait_wake(&netlink->socket.queue, POLLIN | POLLRDNORM);
    }
    spin_unlock(&netlink->lock);
    if (datagram)
        reply->failed = true;
    heap_free(datagram);
}

static void put(struct reply *reply, const void *bytes, u32 len)
{
    struct datagram *datagram = reply->datagram;

    if (!datagram)
        return;
    mem_copy(datagram->bytes + datagram->len, bytes, len);
    datagram->len += len;
    while (datagram->len % 4 != 0)
        datagram->bytes[datagram->len++] = 0;
}

static void message_begin(struct reply *reply, u16 type, u16 flags, const void *body, u32 len)
{
    struct abi_nlmsghdr header = {
        .type = type, .flags = flags, .seq = reply->request->seq, .pid = reply->netlink->port
    };

    if (reply->datagram && reply->datagram->len + MESSAGE_MAX > DATAGRAM_SIZE)
        reply_flush(reply);
    if (!reply->datagram) {
        reply->datagram = heap_alloc(sizeof(*reply->datagram));
        if (!reply->datagram) {
            reply->failed = true;
            return;
        }
        list_init(&reply->datagram->link);
        reply->datagram->len = 0;
    }
    reply->message = reply->datagram->len;
    put(reply, &header, sizeof(header));
    put(reply, body, len);
}

static void message_end(struct reply *reply)
{
    u32 len;

    if (!reply->datagram)
        return;
    len = reply->datagram->len - reply->message;
    mem_copy(reply->datagram->bytes + reply->message, &len, sizeof(len));
}

static void put_attribute(struct reply *reply, u16 type, const void *value, u32 len)
{
    struct abi_nlattr attribute = { .len = (u16)(sizeof(attribute) + len), .type = type };

    put(reply, &attribute, sizeof(attribute));
    put(reply, value, len);
}

static void put_ip(struct reply *reply, u16 type, u32 ip)
{
    struct be32 value = be32_make(ip);

    put_attribute(reply, type, &value, sizeof(value));
}

static void put_u32(struct reply *reply, u16 type, u32 value)
{
    put_attribute(reply, type, &value, sizeof(value));
}

static void put_link(struct reply *reply, const struct netdev *dev, u16 flags)
{
    static const u8 all_ones[MAC_SIZE] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    bool is_loopback = (dev->features & NETDEV_LOOPBACK) != 0;
    struct abi_ifinfomsg info = { .type = is_loopback ? ARPHRD_LOOPBACK : ARPHRD_ETHER,
                                  .index = (s32)dev->index,
                                  .flags = interface_flags(dev) };
    u8 up = is_loopback ? 0 : 6; /* IF_OPER_UNKNOWN, IF_OPER_UP */

    message_begin(reply, RTM_NEWLINK, flags, &info, sizeof(info));
    put_attribute(reply, IFLA_IFNAME, dev->name, (u32)str_len(dev->name) + 1);
    put_u32(reply, IFLA_TXQLEN, 1000);
    put_attribute(reply, IFLA_OPERSTATE, &up, sizeof(up));
    put_u32(reply, IFLA_MTU, dev->mtu);
    put_attribute(reply, IFLA_ADDRESS, dev->mac, MAC_SIZE);
    put_attribute(reply, IFLA_BROADCAST, is_loopback ? dev->mac : all_ones, MAC_SIZE);
    message_end(reply);
}

static void put_address(struct reply *reply, const struct ipv4_address *address)
{
    const struct netdev *dev = address->netdev;
    bool is_loopback = (dev->features & NETDEV_LOOPBACK) != 0;
    struct abi_ifaddrmsg info = { .family = AF_INET,
                                  .prefix_len = address->prefix_len,
                                  .flags = IFA_F_PERMANENT,
                                  .scope = is_loopback ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE,
                                  .index = dev->index };

    message_begin(reply, RTM_NEWADDR, NLM_F_MULTI, &info, sizeof(info));
    put_ip(reply, IFA_ADDRESS, address->ip);
    put_ip(reply, IFA_LOCAL, address->ip);
    if (!is_loopback && address->prefix_len < 31)
        put_ip(reply, IFA_BROADCAST, address->ip | ~prefix_mask(address->prefix_len));
    put_attribute(reply, IFA_LABEL, dev->name, (u32)str_len(dev->name) + 1);
    put_u32(reply, IFA_FLAGS, IFA_F_PERMANENT);
    message_end(reply);
}

static void put_route(struct reply *reply, const struct route_entry *route)
{
    struct abi_rtmsg info = { .family = AF_INET,
                              .dst_len = route->prefix_len,
                              .table = RT_TABLE_MAIN,
                              .protocol = route->gateway ? RTPROT_BOOT : RTPROT_KERNEL,
                              .scope = route->gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
                              .type = RTN_UNICAST };

    message_begin(reply, RTM_NEWROUTE, NLM_F_MULTI, &info, sizeof(info));
    put_u32(reply, RTA_TABLE, RT_TABLE_MAIN);
    if (route->prefix_len > 0)
        put_ip(reply, RTA_DST, route->destination);
    if (route->gateway)
        put_ip(reply, RTA_GATEWAY, route->gateway);
    put_ip(reply, RTA_PREFSRC, route->source);
    put_u32(reply, RTA_OIF, route->netdev->index);
    message_end(reply);
}

static void put_error(struct reply *reply, int error)
{
    struct abi_nlmsgerr body = { .error = error, .request = *reply->request };

    message_begin(reply, NLMSG_ERROR, 0, &body, sizeof(body));
    message_end(reply);
}

/* ---- Requests. ---- */

static void dump(struct reply *reply, u8 family)
{
    const s32 done = 0;
    struct ipv4_address address;
    struct route_entry route;
    bool wants_ipv4 = family == AF_UNSPEC || family == AF_INET;

    switch (reply->request->type) {
    case RTM_GETLINK:
        for (u32 i = 1; netdev_at(i); i++)
            put_link(reply, netdev_at(i), NLM_F_MULTI);
        break;
    case RTM_GETADDR:
        for (u32 i = 0; wants_ipv4 && address_at(i, &address); i++)
            put_address(reply, &address);
        break;
    default:
        /* Those of the loopback are in Linux' other table. */
        for (u32 i = 0; wants_ipv4 && route_at(i, &route); i++) {
            if (!(route.netdev->features & NETDEV_LOOPBACK))
                put_route(reply, &route);
        }
        break;
    }
    message_begin(reply, NLMSG_DONE, NLM_F_MULTI, &done, sizeof(done));
    message_end(reply);
}

/* RTM_GETLINK of one device, by index. */
static void get_link(struct reply *reply, const u8 *body, u32 len)
{
    const struct netdev *dev = NULL;
    struct abi_ifinfomsg info;

    if (len >= sizeof(info)) {
        mem_copy(&info, body, sizeof(info));
        dev = info.index > 0 ? netdev_at((u32)info.index) : NULL;
    }
    if (dev) {
        put_link(reply, dev, 0);
    } else {
        put_error(reply, len >= sizeof(info) ? -ENODEV : -EINVAL);
    }
}

static void handle(struct reply *reply, const u8 *body, u32 len)
{
    const struct abi_nlmsghdr *request = reply->request;
    bool is_get = request->type == RTM_GETLINK || request->type == RTM_GETADDR ||
                  request->type == RTM_GETROUTE;

    if (!(request->flags & NLM_F_REQUEST) || request->type < RTM_NEWLINK)
        return;
    if (is_get && (request->flags & NLM_F_DUMP)) {
        dump(reply, len > 0 ? body[0] : AF_UNSPEC);
    } else if (request->type == RTM_GETLINK) {
        get_link(reply, body, len);
    } else if (request->type % 4 == 2 || request->type > RTM_MAX) {
        put_error(reply, -EOPNOTSUPP);
    } else {
        put_error(reply, -EPERM);
    }
}

static long netlink_send(struct socket *socket, struct socket_message *message, struct iter *from,
                         u32 flags)
{
    struct reply reply = { .netlink = netlink_of(socket) };
    u32 len = (u32)u64_min(from->left, REQUEST_MAX + 1);
    u32 off = 0;
    u8 *bytes;

    (void)message;
    (void)flags;
    if (len > REQUEST_MAX)
        return -EMSGSIZE;
    bytes = heap_alloc(len);
    if (!bytes)
        return -ENOBUFS;
    if (iter_copy_from(from, bytes, len) != len) {
        heap_free(bytes);
        return -EFAULT;
    }
    if (netlink_of(socket)->port == 0)
        netlink_of(socket)->port = 1;
    while (len - off >= sizeof(struct abi_nlmsghdr)) {
        struct abi_nlmsghdr header;

        mem_copy(&header, bytes + off, sizeof(header));
        if (header.len < sizeof(header) || header.len > len - off)
            break;
        reply.request = &header;
        handle(&reply, bytes + off + sizeof(header), header.len - (u32)sizeof(header));
        off += u32_min((u32)align_up(header.len, 4), len - off);
    }
    heap_free(bytes);
    reply_flush(&reply);
    return reply.failed ? -ENOBUFS : (long)len;
}

static long netlink_receive(struct socket *socket, struct socket_message *message, struct iter *to,
                            u32 flags)
{
    struct abi_sockaddr_nl name = { .family = AF_NETLINK };
    struct netlink *netlink = netlink_of(socket);
    struct datagram *datagram;
    struct list *node;
    long result;
    u32 len;

    spin_lock(&netlink->lock);
    node = list_pop_front(&netlink->queue);
    if (node)
        netlink->queue_count--;
    spin_unlock(&netlink->lock);
    if (!node)
        return -EAGAIN;
    datagram = LIST_ENTRY(node, struct datagram, link);
    len = (u32)u64_min(datagram->len, to->left);
    message->flags = len < datagram->len ? MSG_TRUNC : 0;
    mem_copy(&message->name, &name, sizeof(name));
    message->name_len = sizeof(name);
    result = flags & MSG_TRUNC ? datagram->len : len;
    if (iter_copy_to(to, datagram->bytes, len) != len)
        result = -EFAULT;
    if (!(flags & MSG_PEEK)) {
        heap_free(datagram);
        return result;
    }
    spin_lock(&netlink->lock);
    list_push_front(&netlink->queue, &datagram->link);
    netlink->queue_count++;
    spin_unlock(&netlink->lock);
    return result;
}

static int netlink_bind(struct socket *socket, const struct abi_sockaddr *name, u32 len)
{
    struct abi_sockaddr_nl nl;

    if (len < sizeof(nl) || name->family != AF_NETLINK)
        return -EINVAL;
    mem_copy(&nl, name, sizeof(nl));
    netlink_of(socket)->port = nl.pid ? nl.pid : 1;
    return 0;
}

static int netlink_connect(struct socket *socket, const struct abi_sockaddr *name, u32 len)
{
    (void)socket;
    return len >= sizeof(struct abi_sockaddr_nl) && name->family == AF_NETLINK ? 0 : -EINVAL;
}

static int netlink_name(struct socket *socket, bool peer, struct abi_sockaddr *name, u32 *len)
{
    struct abi_sockaddr_nl nl = { .family = AF_NETLINK };

    if (!peer)
        nl.pid = netlink_of(socket)->port;
    mem_copy(name, &nl, sizeof(nl));
    *len = sizeof(nl);
    return 0;
}

/* Extended acknowledgements, strict checks and the like: nothing we send is different with them. */
static int netlink_set_option(struct socket *socket, int level, int name, const void *value,
                              u32 len)
{
    (void)socket;
    (void)name;
    (void)value;
    (void)len;
    return level == SOL_NETLINK || level == SOL_SOCKET ? 0 : -ENOPROTOOPT;
}

static u32 netlink_poll(struct socket *socket)
{
    struct netlink *netlink = netlink_of(socket);
    bool has_some;

    spin_lock(&netlink->lock);
    has_some = !list_is_empty(&netlink->queue);
    spin_unlock(&netlink->lock);
    return POLLOUT | POLLWRNORM | (has_some ? POLLIN | POLLRDNORM : 0);
}

static void netlink_release(struct socket *socket)
{
    struct netlink *netlink = netlink_of(socket);
    struct list *node = list_pop_front(&netlink->queue);

    while (node) {
        heap_free(LIST_ENTRY(node, struct datagram, link));
        node = list_pop_front(&netlink->queue);
    }
    socket_fini(socket);
    heap_free(netlink);
}

static const struct socket_ops netlink_ops = {
    .bind = netlink_bind,
    .connect = netlink_connect,
    .name = netlink_name,
    .send = netlink_send,
    .receive = netlink_receive,
    .set_option = netlink_set_option,
    .poll = netlink_poll,
    .release = netlink_release,
};

int netlink_create(int type, int protocol, struct socket **socket)
{
    struct netlink *netlink;

    if (type != SOCK_RAW && type != SOCK_DGRAM)
        return -ESOCKTNOSUPPORT;
    if (protocol != NETLINK_ROUTE)
        return -EPROTONOSUPPORT;
    netlink = heap_alloc_zero(sizeof(*netlink));
    if (!netlink)
        return -ENOMEM;
    socket_init(&netlink->socket, &netlink_ops, AF_NETLINK, (u32)type, NETLINK_ROUTE, 0);
    spinlock_init(&netlink->lock, LOCK_RANK_UNIX);
    list_init(&netlink->queue);
    *socket = &netlink->socket;
    return 0;
}
