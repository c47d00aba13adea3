/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setsockopt and getsockopt: what is the same for all kinds. Options that mean something to TCP or
 * UDP go on to them; what nobody knows is -ENOPROTOOPT.
 */
#include "abi/linux/errors.h"
#include "abi/linux/socket.h"
#include "kernel/core/clock.h"
#include "kernel/net/netdev.h"
#include "kernel/socket/socket.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    BUFFER_MIN = 2304, /* Linux: SOCK_MIN_RCVBUF, about. */
    SEND_BUFFER_MIN = 4608,
};

struct timeval {
    s64 seconds;
    s64 us;
};

/* Options that are one bit of socket->flags. Those marked go to the kind as well. */
struct flag_option {
    int level;
    int name;
    u32 flag;
    bool tell_kind;
};

static const struct flag_option flag_options[] = {
    { SOL_SOCKET, SO_REUSEADDR, SOCKET_REUSEADDR, true },
    { SOL_SOCKET, SO_REUSEPORT, SOCKET_REUSEPORT, true },
    { SOL_SOCKET, SO_BROADCAST, SOCKET_BROADCAST, true },
    { SOL_SOCKET, SO_KEEPALIVE, SOCKET_KEEPALIVE, true },
    { SOL_SOCKET, SO_OOBINLINE, SOCKET_OOBINLINE, false },
    { SOL_SOCKET, SO_PASSCRED, SOCKET_PASSCRED, false },
    { SOL_SOCKET, SO_TIMESTAMP, SOCKET_TIMESTAMP, false },
    { SOL_SOCKET, SO_DONTROUTE, SOCKET_DONTROUTE, false },
    { IPPROTO_IP, IP_PKTINFO, SOCKET_PKTINFO, false },
    { IPPROTO_IP, IP_RECVTTL, SOCKET_RECVTTL, false },
    { IPPROTO_IP, IP_RECVTOS, SOCKET_RECVTOS, false },
    { IPPROTO_IP, IP_RECVERR, SOCKET_RECVERR, false },
    { IPPROTO_IP, IP_FREEBIND, SOCKET_FREEBIND, false },
};

static const struct flag_option *find_flag(const struct socket *socket, int level, int name)
{
    if (level != SOL_SOCKET && (level != IPPROTO_IP || socket->domain != AF_INET))
        return NULL;
    for (size_t i = 0; i < ARRAY_COUNT(flag_options); i++) {
        if (flag_options[i].level == level && flag_options[i].name == name)
            return &flag_options[i];
    }
    return NULL;
}

static int tell_kind(struct socket *socket, int level, int name, int number)
{
    if (!socket->ops->set_option)
        return -ENOPROTOOPT;
    return socket->ops->set_option(socket, level, name, &number, sizeof(number));
}

static int set_flag(struct socket *socket, const struct flag_option *option, const void *value,
                    u32 len)
{
    int number = 0;
    int err = 0;

    if (len >= sizeof(number)) {
        mem_copy(&number, value, sizeof(number));
    } else if (len >= 1 && option->level == IPPROTO_IP) {
        number = *(const u8 *)value;
    } else {
        return -EINVAL;
    }
    if (option->tell_kind)
        err = tell_kind(socket, option->level, option->name, number != 0);
    if (err < 0 && err != -ENOPROTOOPT)
        return err;
    socket_set(socket, option->flag, number != 0);
    return 0;
}

static int set_timeout(u64 *timeout_ns, const void *value, u32 len)
{
    struct timeval time;
    u64 ns;

    if (len < sizeof(time))
        return -EINVAL;
    mem_copy(&time, value, sizeof(time));
    if (time.us < 0 || time.us >= 1000000)
        return -EDOM;
    ns = (u64)time.us * NS_PER_US;
    if (time.seconds < 0) {
        ns = 1; /* Linux: do not wait at all. */
    } else if ((u64)time.seconds > UINT64_MAX / NS_PER_SECOND - 1) {
        ns = 0; /* For ever. */
    } else {
        ns += (u64)time.seconds * NS_PER_SECOND;
    }
    __atomic_store_n(timeout_ns, ns, __ATOMIC_RELAXED);
    return 0;
}

/* Linux stores twice what is asked for, within limits, and so do we: programs read it back. */
static int set_buffer(struct socket *socket, int name, int number)
{
    bool is_send = name == SO_SNDBUF || name == SO_SNDBUFFORCE;
    u32 max = is_send ? socket_limits.wmem_max : socket_limits.rmem_max;
    u32 size = number < 0 ? max : u32_min((u32)number, max);

    size = u32_max(size * 2, is_send ? SEND_BUFFER_MIN : BUFFER_MIN);
    return tell_kind(socket, SOL_SOCKET, is_send ? SO_SNDBUF : SO_RCVBUF, (int)size);
}

static int set_socket_number(struct socket *socket, int name, const void *value, u32 len)
{
    int number;

    if (len < sizeof(number))
        return -EINVAL;
    mem_copy(&number, value, sizeof(number));
    switch (name) {
    case SO_SNDBUF:
    case SO_RCVBUF:
    case SO_SNDBUFFORCE:
    case SO_RCVBUFFORCE:
        return set_buffer(socket, name, number);
    case SO_RCVLOWAT:
        socket->receive_low_water = number < 0 ? INT32_MAX : u32_max((u32)number, 1);
        return 0;
    case SO_PRIORITY:
        socket->priority = (u32)number;
        return 0;
    case SO_MARK:
        socket->mark = (u32)number;
        return 0;
    case SO_DEBUG:
    case SO_BSDCOMPAT:
    case SO_NO_CHECK:
    case SO_BUSY_POLL:
    case SO_INCOMING_CPU:
        return 0; /* Hints. */
    case SO_ZEROCOPY:
        return number == 0 ? 0 : -EOPNOTSUPP;
    default:
        return -ENOPROTOOPT;
    }
}

static int set_linger(struct socket *socket, const void *value, u32 len)
{
    struct abi_linger linger;

    if (len < sizeof(linger))
        return -EINVAL;
    mem_copy(&linger, value, sizeof(linger));
    socket->linger_seconds = (u16)u32_min((u32)linger.seconds, UINT16_MAX);
    socket_set(socket, SOCKET_LINGER, linger.on != 0);
    return 0;
}

static int bind_to_device(const void *value, u32 len)
{
    char name[NETDEV_NAME_SIZE] = { 0 };

    mem_copy(name, value, u32_min(len, sizeof(name) - 1));
    /* There is one way to each place anyway. */
    return name[0] == '\0' || netdev_find(name) ? 0 : -ENODEV;
}

static int set_socket_level(struct socket *socket, int name, const void *value, u32 len)
{
    switch (name) {
    case SO_LINGER:
        return set_linger(socket, value, len);
    case SO_RCVTIMEO:
        return set_timeout(&socket->receive_timeout_ns, value, len);
    case SO_SNDTIMEO:
        return set_timeout(&socket->send_timeout_ns, value, len);
    case SO_BINDTODEVICE:
        return bind_to_device(value, len);
    default:
        return set_socket_number(socket, name, value, len);
    }
}

/* Options of IP that change nothing here: what they ask for is what happens anyway. */
static bool is_ip_hint(int name)
{
    return name == IP_MTU_DISCOVER || name == IP_BIND_ADDRESS_NO_PORT ||
           name == IP_MULTICAST_LOOP || name == IP_LOCAL_PORT_RANGE;
}

int socket_set_option(struct socket *socket, int level, int name, const void *value, u32 len)
{
    const struct flag_option *option = find_flag(socket, level, name);

    if (option)
        return set_flag(socket, option, value, len);
    if (level == SOL_SOCKET)
        return set_socket_level(socket, name, value, len);
    if (level == IPPROTO_IP && socket->domain == AF_INET && is_ip_hint(name))
        return len >= 1 ? 0 : -EINVAL;
    if (socket->domain == AF_UNIX)
        return -EOPNOTSUPP;
    if (socket->ops->set_option)
        return socket->ops->set_option(socket, level, name, value, len);
    return -ENOPROTOOPT;
}

static int give(void *value, u32 *len, const void *bytes, u32 size)
{
    *len = u32_min(*len, size);
    mem_copy(value, bytes, *len);
    return 0;
}

static int give_number(void *value, u32 *len, int number)
{
    return give(value, len, &number, sizeof(number));
}

static int give_timeout(void *value, u32 *len, u64 ns)
{
    struct timeval time = { (s64)(ns / NS_PER_SECOND), (s64)(ns % NS_PER_SECOND / NS_PER_US) };

    return give(value, len, &time, sizeof(time));
}

static int ask_kind(struct socket *socket, int level, int name, void *value, u32 *len)
{
    if (!socket->ops->get_option)
        return -ENOPROTOOPT;
    return socket->ops->get_option(socket, level, name, value, len);
}

static int get_socket_level(struct socket *socket, int name, void *value, u32 *len)
{
    struct abi_linger linger = { socket_has(socket, SOCKET_LINGER), socket->linger_seconds };
    int err;

    switch (name) {
    case SO_TYPE:
        return give_number(value, len, socket->type);
    case SO_DOMAIN:
        return give_number(value, len, socket->domain);
    case SO_PROTOCOL:
        return give_number(value, len, socket->protocol);
    case SO_ACCEPTCONN:
        return give_number(value, len, socket_has(socket, SOCKET_LISTENING));
    case SO_LINGER:
        return give(value, len, &linger, sizeof(linger));
    case SO_RCVTIMEO:
        return give_timeout(value, len, socket->receive_timeout_ns);
    case SO_SNDTIMEO:
        return give_timeout(value, len, socket->send_timeout_ns);
    case SO_RCVLOWAT:
        return give_number(value, len, (int)socket->receive_low_water);
    case SO_SNDLOWAT:
        return give_number(value, len, 1);
    case SO_PRIORITY:
        return give_number(value, len, (int)socket->priority);
    case SO_MARK:
        return give_number(value, len, (int)socket->mark);
    case SO_DEBUG:
    case SO_BSDCOMPAT:
    case SO_NO_CHECK:
    case SO_BUSY_POLL:
    case SO_ZEROCOPY:
        return give_number(value, len, 0);
    case SO_INCOMING_CPU:
        return give_number(value, len, -1);
    case SO_BINDTODEVICE:
        *len = 0;
        return 0;
    case SO_ERROR:
        err = ask_kind(socket, SOL_SOCKET, name, value, len);
        return err == -ENOPROTOOPT ? give_number(value, len, 0) : err;
    default:
        return ask_kind(socket, SOL_SOCKET, name, value, len);
    }
}

int socket_get_option(struct socket *socket, int level, int name, void *value, u32 *len)
{
    const struct flag_option *option = find_flag(socket, level, name);

    if (option)
        return give_number(value, len, socket_has(socket, option->flag));
    if (level == SOL_SOCKET)
        return get_socket_level(socket, name, value, len);
    if (level == IPPROTO_IP && socket->domain == AF_INET && is_ip_hint(name))
        return give_number(value, len, name == IP_MTU_DISCOVER ? 1 : 0);
    if (socket->domain == AF_UNIX)
        return -EOPNOTSUPP;
    return ask_kind(socket, level, name, value, len);
}
