/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP sockets.
 *
 * kernel/net/tcp.h does not lock over copies from and to the program; here readers are kept apart
 * by one mutex and writers by another, which nobody holds while he sleeps for data or room.
 */
#include "abi/linux/errors.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/socket.h"
#include "kernel/core/clock.h"
#include "kernel/core/mutex.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/wait.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/iter.h"
#include "kernel/mm/page.h"
#include "kernel/mm/uaccess.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/tcp.h"
#include "kernel/socket/inet.h"
#include "kernel/socket/socket.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

struct inet_stream {
    struct socket socket;
    struct tcp *tcp;
    struct mutex read_mutex;
    struct mutex write_mutex;
};

static struct inet_stream *stream_of(struct socket *socket)
{
    return CONTAINER_OF(socket, struct inet_stream, socket);
}

static int stream_create(struct tcp *tcp, struct socket **socket);

static int stream_bind(struct socket *socket, const struct abi_sockaddr *name, u32 len)
{
    struct inet_address address;
    int err = inet_address_parse(name, len, &address);

    return err < 0 ? err : tcp_bind(stream_of(socket)->tcp, address);
}

static int stream_disconnect(struct inet_stream *stream)
{
    int err;

    mutex_lock(&stream->read_mutex);
    err = tcp_disconnect(stream->tcp);
    mutex_unlock(&stream->read_mutex);
    return err;
}

/* How the attempt that is under way has ended; said once. */
static int stream_connected(struct socket *socket)
{
    struct tcp *tcp = stream_of(socket)->tcp;
    int err;

    switch (tcp_state_of(tcp)) {
    case TCP_SYN_SENT:
    case TCP_SYN_RECEIVED:
        return -EALREADY;
    case TCP_CLOSED:
        err = tcp_take_error(tcp);
        socket_set(socket, SOCKET_CONNECTING, false);
        return err != 0 ? -err : -ECONNABORTED;
    default:
        socket_set(socket, SOCKET_CONNECTING, false);
        return 0;
    }
}

static int stream_connect(struct socket *socket, const struct abi_sockaddr *name, u32 len)
{
    struct inet_address address;
    int err;

    if (len >= sizeof(name->family) && name->family == AF_UNSPEC) {
        socket_set(socket, SOCKET_CONNECTING, false);
        return stream_disconnect(stream_of(socket));
    }
    err = inet_address_parse(name, len, &address);
    if (err < 0)
        return err;
    if (socket_has(socket, SOCKET_CONNECTING))
        return stream_connected(socket);
    if (address.ip == 0)
        address.ip = IPV4_LOOPBACK;
    err = tcp_connect(stream_of(socket)->tcp, address);
    if (err == -EINPROGRESS)
        socket_set(socket, SOCKET_CONNECTING, true);
    return err;
}

static int stream_listen(struct socket *socket, int backlog)
{
    u32 most = socket_limits.somaxconn;
    u32 wanted = backlog < 0 || (u32)backlog > most ? most : (u32)backlog;
    int err = tcp_listen(stream_of(socket)->tcp, wanted);

    if (err == 0)
        socket_set(socket, SOCKET_LISTENING, true);
    return err;
}

static int stream_accept(struct socket *socket, struct socket **accepted)
{
    struct tcp *listener = stream_of(socket)->tcp;
    struct tcp *tcp;
    int err;

    if (tcp_state_of(listener) != TCP_LISTEN)
        return -EINVAL;
    tcp = tcp_accept(listener);
    if (!tcp)
        return -EAGAIN;
    err = stream_create(tcp, accepted);
    if (err == 0)
        socket_inherit(*accepted, socket);
    return err;
}

static bool has_peer(struct tcp *tcp)
{
    enum tcp_state state = tcp_state_of(tcp);

    return state != TCP_CLOSED && state != TCP_LISTEN && state != TCP_SYN_SENT;
}

static int stream_name(struct socket *socket, bool peer, struct abi_sockaddr *name, u32 *len)
{
    struct tcp *tcp = stream_of(socket)->tcp;

    if (peer && !has_peer(tcp))
        return -ENOTCONN;
    inet_address_emit(peer ? tcp_remote(tcp) : tcp_local(tcp), name, len);
    return 0;
}

static long send_pieces(struct inet_stream *stream, struct iter *from, bool more)
{
    long done = 0;

    while (from->left > 0) {
        void *memory;
        u64 wanted = u64_min(from->left, 1u << 20);
        long room = tcp_send_room(stream->tcp, (u32)wanted, &memory);
        size_t copied;

        if (room < 0)
            return done ? done : room;
        copied = iter_copy_from(from, memory, (size_t)room);
        tcp_send_commit(stream->tcp, (u32)copied, more || from->left > 0);
        done += (long)copied;
        if (copied < (size_t)room)
            return done ? done : -EFAULT;
    }
    return done;
}

static long stream_send(struct socket *socket, struct socket_message *message, struct iter *from,
                        u32 flags)
{
    struct inet_stream *stream = stream_of(socket);
    long result;

    (void)message; /* An address is ignored on a connected stream, as on Linux. */
    if (flags & MSG_OOB)
        return -EOPNOTSUPP;
    mutex_lock(&stream->write_mutex);
    result = send_pieces(stream, from, (flags & MSG_MORE) != 0);
    mutex_unlock(&stream->write_mutex);
    return result == -ENOTCONN ? -EPIPE : result; /* As Linux says it of TCP. */
}

static long stream_send_page(struct socket *socket, struct page *page, u32 off, u32 len, bool more)
{
    struct inet_stream *stream = stream_of(socket);
    long result;

    mutex_lock(&stream->write_mutex);
    result = tcp_send_page(stream->tcp, page, off, len, more);
    mutex_unlock(&stream->write_mutex);
    return result;
}

/* Copies what is there. With MSG_PEEK it stays there; with MSG_TRUNC it is only dropped. */
static long receive_pieces(struct inet_stream *stream, struct iter *to, u32 flags)
{
    u64 done = 0;
    u64 taken = 0; /* Of `done`, not consumed yet. */
    u64 more = 1;
    long len = 0;

    while (to->left > 0 && more > 0) {
        const void *memory;
        size_t copied;

        len = tcp_receive_peek(stream->tcp, taken, &memory, &more);
        if (len <= 0)
            break;
        len = (long)u64_min((u64)len, to->left);
        copied = (size_t)len;
        if (flags & MSG_TRUNC) {
            iter_advance(to, (u64)len);
        } else {
            copied = iter_copy_to(to, memory, (size_t)len);
        }
        done += copied;
        taken += copied;
        if (copied < (size_t)len) {
            len = -EFAULT;
            break;
        }
    }
    if (taken > 0 && !(flags & MSG_PEEK))
        tcp_receive_consume(stream->tcp, taken);
    return done > 0 ? (long)done : len;
}

static long stream_receive(struct socket *socket, struct socket_message *message, struct iter *to,
                           u32 flags)
{
    struct inet_stream *stream = stream_of(socket);
    long result;

    message->name_len = 0;
    message->flags = 0;
    if (flags & (MSG_OOB | MSG_ERRQUEUE))
        return flags & MSG_OOB ? -EINVAL : -EAGAIN;
    mutex_lock(&stream->read_mutex);
    result = receive_pieces(stream, to, flags);
    mutex_unlock(&stream->read_mutex);
    return result;
}

static int stream_shutdown(struct socket *socket, int how)
{
    static const u32 what[] = { TCP_SHUTDOWN_READ, TCP_SHUTDOWN_WRITE,
                                TCP_SHUTDOWN_READ | TCP_SHUTDOWN_WRITE };

    int err = tcp_shutdown(stream_of(socket)->tcp, what[how]);

    if (err == 0 && how != SHUT_WR)
        socket_set(socket, SOCKET_LISTENING, false);
    return err;
}

static u32 stream_poll(struct socket *socket)
{
    return tcp_poll(stream_of(socket)->tcp);
}

static long stream_ioctl(struct socket *socket, u32 command, uaddr_t arg)
{
    struct tcp *tcp = stream_of(socket)->tcp;
    int value;

    switch (command) {
    case FIONREAD:
        if (tcp_state_of(tcp) == TCP_LISTEN)
            return -EINVAL;
        value = (int)u64_min(tcp_receive_available(tcp), INT32_MAX);
        break;
    case SIOCOUTQ:
        if (tcp_state_of(tcp) == TCP_LISTEN)
            return -EINVAL;
        value = (int)u64_min(tcp_send_queued(tcp), INT32_MAX);
        break;
    case SIOCATMARK:
        value = 0;
        break;
    default:
        return -ENOTTY;
    }
    return copy_out(arg, &value, sizeof(value));
}

/* ---- Options. ---- */

struct stream_option {
    int level;
    int name;
    enum tcp_option option;
    bool is_bool;
};

static const struct stream_option stream_options[] = {
    { IPPROTO_TCP, TCP_NODELAY, TCP_OPT_NODELAY, true },
    { IPPROTO_TCP, TCP_MAXSEG, TCP_OPT_MAXSEG, false },
    { IPPROTO_TCP, TCP_CORK, TCP_OPT_CORK, true },
    { IPPROTO_TCP, TCP_KEEPIDLE, TCP_OPT_KEEPIDLE_S, false },
    { IPPROTO_TCP, TCP_KEEPINTVL, TCP_OPT_KEEPINTVL_S, false },
    { IPPROTO_TCP, TCP_KEEPCNT, TCP_OPT_KEEPCNT, false },
    { IPPROTO_TCP, TCP_SYNCNT, TCP_OPT_SYNCNT, false },
    { IPPROTO_TCP, TCP_LINGER2, TCP_OPT_LINGER2_S, false },
    { IPPROTO_TCP, TCP_DEFER_ACCEPT, TCP_OPT_DEFER_ACCEPT_S, false },
    { IPPROTO_TCP, TCP_WINDOW_CLAMP, TCP_OPT_WINDOW_CLAMP, false },
    { IPPROTO_TCP, TCP_QUICKACK, TCP_OPT_QUICKACK, true },
    { IPPROTO_TCP, TCP_USER_TIMEOUT, TCP_OPT_USER_TIMEOUT_MS, false },
    { IPPROTO_TCP, TCP_NOTSENT_LOWAT, TCP_OPT_NOTSENT_LOWAT, false },
    { SOL_SOCKET, SO_REUSEADDR, TCP_OPT_REUSEADDR, true },
    { SOL_SOCKET, SO_REUSEPORT, TCP_OPT_REUSEPORT, true },
    { SOL_SOCKET, SO_KEEPALIVE, TCP_OPT_KEEPALIVE, true },
    { SOL_SOCKET, SO_SNDBUF, TCP_OPT_SNDBUF, false },
    { SOL_SOCKET, SO_RCVBUF, TCP_OPT_RCVBUF, false },
    { IPPROTO_IP, IP_TTL, TCP_OPT_TTL, false },
    { IPPROTO_IP, IP_TOS, TCP_OPT_TOS, false },
};

static const struct stream_option *find_option(int level, int name)
{
    for (size_t i = 0; i < ARRAY_COUNT(stream_options); i++) {
        if (stream_options[i].level == level && stream_options[i].name == name)
            return &stream_options[i];
    }
    return NULL;
}

static int stream_set_option(struct socket *socket, int level, int name, const void *value, u32 len)
{
    const struct stream_option *option = find_option(level, name);
    int number;

    if (level == IPPROTO_TCP && name == TCP_CONGESTION) {
        /* The one there is. */
        return len >= 4 && mem_equal(value, "reno", 4) ? 0 : -ENOENT;
    }
    if (!option)
        return -ENOPROTOOPT;
    if (len < sizeof(number))
        return -EINVAL;
    mem_copy(&number, value, sizeof(number));
    if (option->is_bool) {
        number = number != 0;
    } else if (number < 0) {
        return -EINVAL;
    }
    return tcp_set_option(stream_of(socket)->tcp, option->option, (u64)number);
}

static void fill_info(struct tcp *tcp, struct abi_tcp_info *info)
{
    /* Linux' numbers of the states, by ours. */
    static const u8 states[] = { 7, 10, 2, 3, 1, 4, 5, 8, 11, 9, 6 };
    struct tcp_details now;

    tcp_details(tcp, &now);
    mem_zero(info, sizeof(*info));
    info->state = states[now.state];
    info->ca_state = now.ca_state;
    info->retransmits = (u8)u32_min(now.retransmits, 255);
    info->probes = (u8)u32_min(now.probes, 255);
    info->backoff = (u8)u32_min(now.backoff, 255);
    info->options = (u8)((now.timestamps ? 1 : 0) | (now.sack ? 2 : 0) | (now.wscale ? 4 : 0));
    info->wscale = (u8)(now.snd_wscale | now.rcv_wscale << 4);
    info->rto = now.rto_us;
    info->ato = now.ato_us;
    info->snd_mss = now.snd_mss;
    info->rcv_mss = now.rcv_mss;
    info->unacked = now.unacked;
    info->sacked = now.sacked;
    info->lost = now.lost;
    info->retrans = now.retrans;
    info->last_data_sent = now.last_data_sent_ms;
    info->last_data_recv = now.last_data_recv_ms;
    info->last_ack_recv = now.last_ack_recv_ms;
    info->pmtu = now.pmtu;
    info->rtt = now.rtt_us;
    info->rttvar = now.rtt_var_us;
    info->snd_ssthresh = now.snd_ssthresh;
    info->snd_cwnd = now.snd_cwnd;
    info->advmss = now.advmss;
    info->reordering = 3;
    info->rcv_space = now.rcv_space;
    info->total_retrans = now.total_retrans;
    info->bytes_acked = now.bytes_acked;
    info->bytes_received = now.bytes_received;
    info->segs_out = now.segs_out;
    info->segs_in = now.segs_in;
    info->notsent_bytes = now.notsent_bytes;
}

static int stream_get_option(struct socket *socket, int level, int name, void *value, u32 *len)
{
    const struct stream_option *option = find_option(level, name);
    struct tcp *tcp = stream_of(socket)->tcp;
    struct abi_tcp_info info;
    int number;

    if (level == IPPROTO_TCP && name == TCP_INFO) {
        fill_info(tcp, &info);
        *len = u32_min(*len, sizeof(info));
        mem_copy(value, &info, *len);
        return 0;
    }
    if (level == IPPROTO_TCP && name == TCP_CONGESTION) {
        *len = u32_min(*len, 16);
        mem_zero(value, *len);
        mem_copy(value, "reno", u32_min(*len, 4));
        return 0;
    }
    if (level == IPPROTO_IP && name == IP_MTU) {
        if (!has_peer(tcp))
            return -ENOTCONN;
        number = (int)ipv4_mtu(tcp_remote(tcp).ip);
    } else if (level == SOL_SOCKET && name == SO_ERROR) {
        number = tcp_take_error(tcp);
    } else if (option) {
        number = (int)u64_min(tcp_get_option(tcp, option->option), INT32_MAX);
    } else {
        return -ENOPROTOOPT;
    }
    *len = u32_min(*len, sizeof(number));
    mem_copy(value, &number, *len);
    return 0;
}

/* ---- Life. ---- */

static bool is_still_closing(struct tcp *tcp)
{
    enum tcp_state state = tcp_state_of(tcp);

    return state == TCP_FIN_WAIT_1 || state == TCP_CLOSING || state == TCP_LAST_ACK;
}

/* SO_LINGER: close() waits until the peer has everything, or the time is over. */
static void linger(struct inet_stream *stream)
{
    u64 deadline_ns = clock_deadline(stream->socket.linger_seconds * NS_PER_SECOND);
    struct waiter waiter;
    int err = 0;

    wait_begin(&stream->socket.queue, &waiter, 0);
    while (err == 0 && is_still_closing(stream->tcp))
        err = wait_block(&waiter, deadline_ns);
    wait_end(&waiter);
}

static void stream_release(struct socket *socket)
{
    struct inet_stream *stream = stream_of(socket);
    bool lingers = socket_has(socket, SOCKET_LINGER);

    tcp_close(stream->tcp, lingers && socket->linger_seconds == 0);
    if (lingers && socket->linger_seconds > 0)
        linger(stream);
    tcp_put(stream->tcp);
    socket_fini(socket);
    heap_free(stream);
}

static const struct socket_ops stream_ops = {
    .bind = stream_bind,
    .connect = stream_connect,
    .connected = stream_connected,
    .listen = stream_listen,
    .accept = stream_accept,
    .name = stream_name,
    .send = stream_send,
    .receive = stream_receive,
    .send_page = stream_send_page,
    .shutdown = stream_shutdown,
    .set_option = stream_set_option,
    .get_option = stream_get_option,
    .ioctl = stream_ioctl,
    .poll = stream_poll,
    .release = stream_release,
};

/* Takes `tcp` over, also when it fails; NULL makes a new one. */
static int stream_create(struct tcp *tcp, struct socket **socket)
{
    struct inet_stream *stream = heap_alloc_zero(sizeof(*stream));

    if (!stream) {
        if (tcp) {
            tcp_close(tcp, true);
            tcp_put(tcp);
        }
        return -ENOMEM;
    }
    stream->tcp = tcp ? tcp : tcp_create(socket_notify, &stream->socket);
    if (!stream->tcp) {
        heap_free(stream);
        return -ENOMEM;
    }
    socket_init(&stream->socket, &stream_ops, AF_INET, SOCK_STREAM, IPPROTO_TCP, SOCKET_STREAM);
    mutex_init(&stream->read_mutex, LOCK_RANK_PIPE);
    mutex_init(&stream->write_mutex, LOCK_RANK_PIPE);
    if (tcp)
        tcp_set_notify(tcp, socket_notify, &stream->socket);
    *socket = &stream->socket;
    return 0;
}

int inet_stream_create(struct socket **socket)
{
    return stream_create(NULL, socket);
}
