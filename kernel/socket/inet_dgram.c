/* SPDX-License-Identifier: Apache-2.0 */
/* UDP sockets. */
#include "abi/linux/errors.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/socket.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/clock.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/iter.h"
#include "kernel/mm/page.h"
#include "kernel/mm/uaccess.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/netdev.h"
#include "kernel/net/tcp.h"
#include "kernel/net/udp.h"
#include "kernel/socket/inet.h"
#include "kernel/socket/socket.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    HEAD_PAYLOAD_MAX = 64, /* So little goes into the head, and needs no page. */
};

struct inet_dgram {
    struct socket socket;
    struct udp *udp;
    u32 multicast_ttl; /* Kept for getsockopt(). */
    u32 send_buffer;
    bool shut_write;
};

static struct inet_dgram *dgram_of(struct socket *socket)
{
    return CONTAINER_OF(socket, struct inet_dgram, socket);
}

static int dgram_bind(struct socket *socket, const struct abi_sockaddr *name, u32 len)
{
    struct inet_address address;
    int err = inet_address_parse(name, len, &address);

    return err < 0 ? err : udp_bind(dgram_of(socket)->udp, address);
}

static int dgram_connect(struct socket *socket, const struct abi_sockaddr *name, u32 len)
{
    struct inet_address address = { 0 };
    int err;

    if (len < sizeof(u16))
        return -EINVAL;
    if (name->family == AF_UNSPEC)
        return udp_connect(dgram_of(socket)->udp, address);
    err = inet_address_parse(name, len, &address);
    if (err < 0)
        return err;
    if (address.ip == 0)
        address.ip = IPV4_LOOPBACK;
    return udp_connect(dgram_of(socket)->udp, address);
}

static int dgram_name(struct socket *socket, bool peer, struct abi_sockaddr *name, u32 *len)
{
    struct udp *udp = dgram_of(socket)->udp;
    struct inet_address address = peer ? udp_remote(udp) : udp_local(udp);

    if (peer && address.port == 0)
        return -ENOTCONN;
    inet_address_emit(address, name, len);
    return 0;
}

/* Fills pages, or the head, with the payload. */
static int fill(struct netbuf *buf, struct iter *from, u32 len)
{
    void *head;

    if (len <= HEAD_PAYLOAD_MAX) {
        head = netbuf_push(buf, len);
        if (!head)
            return -ENOMEM;
        return iter_copy_from(from, head, len) == len ? 0 : -EFAULT;
    }
    while (len > 0) {
        u32 part = u32_min(len, PAGE_SIZE);
        struct page *page = page_alloc(0, 0);

        if (!page)
            return -ENOMEM;
        if (!netbuf_add_frag(buf, page, 0, part)) {
            page_put(page);
            return -ENOMEM;
        }
        if (iter_copy_from(from, page_virt(page), part) != part)
            return -EFAULT;
        len -= part;
    }
    return 0;
}

static long dgram_send(struct socket *socket, struct socket_message *message, struct iter *from,
                       u32 flags)
{
    struct inet_dgram *dgram = dgram_of(socket);
    struct inet_address to;
    struct netbuf *buf;
    u64 len = from->left;
    int err;

    if (flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (dgram->shut_write)
        return -EPIPE;
    if (len > UDP_PAYLOAD_MAX)
        return -EMSGSIZE;
    if (message->name_len > 0) {
        err = inet_address_parse(&message->name, message->name_len, &to);
        if (err == -EAFNOSUPPORT && message->name.family == AF_UNSPEC) {
            message->name.family = AF_INET; /* Linux lets that pass. */
            err = inet_address_parse(&message->name, message->name_len, &to);
        }
        if (err < 0)
            return err;
    }
    buf = netbuf_create();
    if (!buf)
        return -ENOBUFS;
    err = fill(buf, from, (u32)len);
    if (err < 0) {
        netbuf_destroy(buf);
        return err;
    }
    err = udp_send(dgram->udp, buf, message->name_len > 0 ? &to : NULL);
    return err < 0 ? err : (long)len;
}

static long copy_out_of(const struct netbuf *buf, struct iter *to)
{
    u32 off = 0;

    while (to->left > 0 && off < buf->len) {
        u32 len;
        const void *piece = netbuf_piece(buf, off, &len);

        len = (u32)u64_min(len, to->left);
        if (iter_copy_to(to, piece, len) != len)
            return -EFAULT;
        off += len;
    }
    return (long)off;
}

static void fill_control(struct socket *socket, const struct netbuf *buf,
                         struct inet_address destination, struct socket_message *message)
{
    if (socket_has(socket, SOCKET_PKTINFO)) {
        message->has_pktinfo = true;
        message->pktinfo.ifindex = (int)buf->netdev->index;
        message->pktinfo.addr = be32_make(destination.ip);
        message->pktinfo.spec_dst = be32_make(destination.ip);
    }
    if (socket_has(socket, SOCKET_RECVTTL)) {
        message->has_ttl = true;
        message->ttl = buf->ttl;
    }
    if (socket_has(socket, SOCKET_RECVTOS)) {
        message->has_tos = true;
        message->tos = buf->tos;
    }
    if (socket_has(socket, SOCKET_TIMESTAMP)) {
        message->has_stamp = true;
        message->stamp_ns = clock_wall_ns();
    }
}

static long dgram_receive(struct socket *socket, struct socket_message *message, struct iter *to,
                          u32 flags)
{
    struct udp *udp = dgram_of(socket)->udp;
    struct inet_address source;
    struct inet_address destination;
    struct netbuf *buf;
    long len;
    int err;

    if (flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (flags & MSG_ERRQUEUE)
        return -EAGAIN;
    err = -udp_take_error(udp);
    if (err < 0)
        return err;
    buf = udp_receive(udp, &source, &destination);
    if (!buf)
        return udp_is_shut(udp) ? 0 : -EAGAIN;
    inet_address_emit(source, &message->name, &message->name_len);
    message->flags = buf->len > to->left ? MSG_TRUNC : 0;
    fill_control(socket, buf, destination, message);
    len = copy_out_of(buf, to);
    if (len >= 0 && (flags & MSG_TRUNC))
        len = buf->len;
    if (flags & MSG_PEEK) {
        udp_unreceive(udp, buf);
    } else {
        netbuf_destroy(buf);
    }
    return len;
}

static int dgram_shutdown(struct socket *socket, int how)
{
    struct inet_dgram *dgram = dgram_of(socket);

    if (udp_remote(dgram->udp).port == 0)
        return -ENOTCONN;
    if (how != SHUT_WR)
        udp_shutdown_read(dgram->udp);
    if (how != SHUT_RD)
        dgram->shut_write = true;
    return 0;
}

static u32 dgram_poll(struct socket *socket)
{
    return udp_poll(dgram_of(socket)->udp);
}

static long dgram_ioctl(struct socket *socket, u32 command, uaddr_t arg)
{
    long next;
    int value = 0;

    if (command == FIONREAD) {
        next = udp_next_len(dgram_of(socket)->udp);
        value = next < 0 ? 0 : (int)next;
    } else if (command != SIOCOUTQ) {
        return -ENOTTY;
    }
    return copy_out(arg, &value, sizeof(value));
}

struct dgram_option {
    int level;
    int name;
    enum udp_option option;
};

static const struct dgram_option dgram_options[] = {
    { SOL_SOCKET, SO_REUSEADDR, UDP_OPT_REUSEADDR },
    { SOL_SOCKET, SO_REUSEPORT, UDP_OPT_REUSEPORT },
    { SOL_SOCKET, SO_BROADCAST, UDP_OPT_BROADCAST },
    { SOL_SOCKET, SO_RCVBUF, UDP_OPT_RCVBUF },
    { IPPROTO_IP, IP_TTL, UDP_OPT_TTL },
    { IPPROTO_IP, IP_TOS, UDP_OPT_TOS },
};

static const struct dgram_option *find_option(int level, int name)
{
    for (size_t i = 0; i < ARRAY_COUNT(dgram_options); i++) {
        if (dgram_options[i].level == level && dgram_options[i].name == name)
            return &dgram_options[i];
    }
    return NULL;
}

static int dgram_set_option(struct socket *socket, int level, int name, const void *value, u32 len)
{
    const struct dgram_option *option = find_option(level, name);
    struct inet_dgram *dgram = dgram_of(socket);
    int number = 0;

    if (len >= sizeof(number)) {
        mem_copy(&number, value, sizeof(number));
    } else if (len >= 1 && level == IPPROTO_IP) {
        number = *(const u8 *)value;
    } else {
        return -EINVAL;
    }
    if (level == SOL_SOCKET && name == SO_SNDBUF) {
        dgram->send_buffer = (u32)number;
        return 0;
    }
    if (level == IPPROTO_IP && name == IP_MULTICAST_TTL) {
        if (number < -1 || number > 255)
            return -EINVAL;
        dgram->multicast_ttl = number == -1 ? 1 : (u32)number;
        return 0;
    }
    if (!option)
        return -ENOPROTOOPT;
    if (option->option == UDP_OPT_TTL && number == -1)
        number = IPV4_TTL_DEFAULT;
    return udp_set_option(dgram->udp, option->option, (u64)number);
}

static int dgram_get_option(struct socket *socket, int level, int name, void *value, u32 *len)
{
    const struct dgram_option *option = find_option(level, name);
    struct inet_dgram *dgram = dgram_of(socket);
    int number;

    if (level == SOL_SOCKET && name == SO_ERROR) {
        number = udp_take_error(dgram->udp);
    } else if (level == SOL_SOCKET && name == SO_SNDBUF) {
        number = (int)dgram->send_buffer;
    } else if (level == IPPROTO_IP && name == IP_MULTICAST_TTL) {
        number = (int)dgram->multicast_ttl;
    } else if (level == IPPROTO_IP && name == IP_MTU && udp_remote(dgram->udp).port == 0) {
        return -ENOTCONN;
    } else if (level == IPPROTO_IP && name == IP_MTU) {
        number = (int)ipv4_mtu(udp_remote(dgram->udp).ip);
    } else if (option) {
        number = (int)udp_get_option(dgram->udp, option->option);
    } else {
        return -ENOPROTOOPT;
    }
    *len = u32_min(*len, sizeof(number));
    mem_copy(value, &number, *len);
    return 0;
}

static void dgram_release(struct socket *socket)
{
    struct inet_dgram *dgram = dgram_of(socket);

    udp_destroy(dgram->udp);
    socket_fini(socket);
    heap_free(dgram);
}

static const struct socket_ops dgram_ops = {
    .bind = dgram_bind,
    .connect = dgram_connect,
    .name = dgram_name,
    .send = dgram_send,
    .receive = dgram_receive,
    .shutdown = dgram_shutdown,
    .set_option = dgram_set_option,
    .get_option = dgram_get_option,
    .ioctl = dgram_ioctl,
    .poll = dgram_poll,
    .release = dgram_release,
};

int inet_dgram_create(struct socket **socket)
{
    struct inet_dgram *dgram = heap_alloc_zero(sizeof(*dgram));

    if (!dgram)
        return -ENOMEM;
    dgram->udp = udp_create(socket_notify, &dgram->socket);
    if (!dgram->udp) {
        heap_free(dgram);
        return -ENOMEM;
    }
    socket_init(&dgram->socket, &dgram_ops, AF_INET, SOCK_DGRAM, IPPROTO_UDP, 0);
    dgram->multicast_ttl = 1;
    dgram->send_buffer = socket_limits.wmem_default;
    *socket = &dgram->socket;
    return 0;
}
