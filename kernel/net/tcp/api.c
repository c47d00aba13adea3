/* SPDX-License-Identifier: Apache-2.0 */
/* What the socket layer calls, but for moving bytes and for options. */
#include "abi/linux/errors.h"
#include "abi/linux/poll.h"
#include "kernel/core/spinlock.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/net.h"
#include "kernel/net/tcp.h"
#include "kernel/net/tcp/connection.h"
#include "kernel/net/tcp/listener.h"
#include "kernel/net/tcp/queue.h"
#include "kernel/net/tcp/table.h"
#include "kernel/net/tcp/transfer.h"
#include "lib/base/list.h"
#include "lib/base/types.h"

void tcp_init(void)
{
    connection_init();
    tcp_table_init();
    tcp_ports_init();
    tcp_input_init();
    timewait_init();
    request_init();
    cookie_init();
}

struct tcp *tcp_create(tcp_notify_fn *notify, void *arg)
{
    struct tcp *tcp = connection_create();

    if (tcp) {
        tcp->notify = notify;
        tcp->notify_arg = arg;
    }
    return tcp;
}

void tcp_set_notify(struct tcp *tcp, tcp_notify_fn *notify, void *arg)
{
    spin_lock(&tcp->lock);
    tcp->notify = notify;
    tcp->notify_arg = arg;
    spin_unlock(&tcp->lock);
}

void tcp_put(struct tcp *tcp)
{
    tcp_set_notify(tcp, NULL, NULL);
    connection_put(tcp);
}

int tcp_bind(struct tcp *tcp, struct inet_address local)
{
    bool in_use = tcp_ports_in_use(tcp, local);
    int err = -EINVAL;

    if (local.ip != 0 && !ipv4_is_local(local.ip))
        return -EADDRNOTAVAIL;
    spin_lock(&tcp->lock);
    if (tcp->state == TCP_CLOSED && !tcp_has(tcp, TCP_F_BOUND | TCP_F_CONNECTED))
        err = in_use ? -EADDRINUSE : tcp_ports_bind(tcp, local);
    spin_unlock(&tcp->lock);
    return err;
}

static int listen_locked(struct tcp *tcp, u32 backlog)
{
    int err;

    if (tcp->state == TCP_LISTEN)
        return 0;
    if (tcp->state != TCP_CLOSED || tcp_has(tcp, TCP_F_CONNECTED))
        return -EINVAL;
    if (!tcp_has(tcp, TCP_F_BOUND)) {
        err = tcp_ports_bind(tcp, (struct inet_address){ 0 });
        if (err < 0)
            return err;
    }
    if (!tcp->listener)
        tcp->listener = listener_create(tcp, backlog);
    if (!tcp->listener)
        return -ENOMEM;
    return tcp_ports_listen(tcp);
}

int tcp_listen(struct tcp *tcp, u32 backlog)
{
    int err;

    spin_lock(&tcp->lock);
    err = listen_locked(tcp, backlog);
    spin_unlock(&tcp->lock);
    if (err == 0)
        listener_set_backlog(tcp->listener, backlog);
    return err;
}

struct tcp *tcp_accept(struct tcp *listener)
{
    return listener->listener ? listener_accept(listener->listener) : NULL;
}

static int connect_check(const struct tcp *tcp, struct inet_address remote)
{
    if (tcp->state == TCP_SYN_SENT || tcp->state == TCP_SYN_RECEIVED)
        return -EALREADY;
    if (tcp->state != TCP_CLOSED || tcp_has(tcp, TCP_F_CONNECTED))
        return -EISCONN;
    if (remote.port == 0)
        return -EADDRNOTAVAIL;
    if (ipv4_is_multicast(remote.ip) || ipv4_is_broadcast(remote.ip))
        return -ENETUNREACH;
    return 0;
}

/* A SYN is in flight from here on. */
static void connect_start(struct tcp *tcp)
{
    tcp->ts_offset = tcp_timestamp_offset(&tcp->node.tuple);
    tcp->snd_nxt = tcp->snd_una + 1;
    tcp->snd_end = tcp->snd_nxt;
    tcp->state = TCP_SYN_SENT;
    tcp->error = 0;
    tcp->soft_error = 0;
    tcp->retransmits = 0;
    tcp->backoff = 0;
    tcp->progress_at = tcp_coarse(tcp->now_ns);
    tcp->rtt_start_ns = tcp->now_ns;
    net_count(NET_TCP_ACTIVE_OPENS);
    segment_send_syn(tcp);
    connection_rto_start(tcp);
    connection_timer_update(tcp);
}

static int connect_locked(struct tcp *tcp, struct inet_address remote)
{
    struct tcp_tuple *tuple = &tcp->node.tuple;
    u32 bound_ip = tcp_has(tcp, TCP_F_BOUND) && !tcp->bound_any ? tuple->local_ip : 0;
    int err = connect_check(tcp, remote);

    if (err < 0)
        return err;
    tuple->remote_ip = remote.ip != 0 ? remote.ip : IPV4_LOOPBACK; /* As Linux has it. */
    tuple->remote_port = remote.port;
    err = connection_route(tcp);
    if (err == 0) {
        tuple->local_ip = bound_ip != 0 ? bound_ip : tcp->route.source;
        err = tcp_ports_connect(tcp);
    }
    if (err < 0) {
        tuple->remote_ip = 0;
        tuple->remote_port = 0;
        tuple->local_ip = bound_ip;
        return err;
    }
    connect_start(tcp);
    return -EINPROGRESS;
}

int tcp_connect(struct tcp *tcp, struct inet_address remote)
{
    int err;

    connection_lock(tcp);
    err = connect_locked(tcp, remote);
    connection_unlock(tcp);
    return err;
}

static void abort_locked(struct tcp *tcp)
{
    if (tcp->state != TCP_SYN_SENT)
        segment_send_reset(tcp);
    connection_done(tcp, 0);
}

/* The owner is gone: what is left to do the connection does by itself. */
static void orphan(struct tcp *tcp)
{
    tcp->flags |= TCP_F_SHUT_READ;
    if (!connection_orphan(tcp)) {
        abort_locked(tcp);
        return;
    }
    connection_send_fin(tcp);
    connection_output(tcp);
    if (tcp->state == TCP_FIN_WAIT_2) {
        connection_keepalive_start(tcp);
        connection_timer_update(tcp);
    }
}

static void close_locked(struct tcp *tcp, bool abort)
{
    bool unread = tcp->rcv_queued > 0 || !list_is_empty(&tcp->out_of_order);

    switch (tcp->state) {
    case TCP_CLOSED:
        tcp_ports_unbind(tcp);
        return;
    case TCP_SYN_SENT:
        connection_done(tcp, 0);
        return;
    default:
        if (abort || unread) {
            abort_locked(tcp);
        } else {
            orphan(tcp);
        }
        return;
    }
}

void tcp_close(struct tcp *tcp, bool abort)
{
    bool listening;

    connection_lock(tcp);
    listening = tcp->state == TCP_LISTEN;
    if (listening) {
        tcp_ports_unbind(tcp);
        tcp->state = TCP_CLOSED;
    } else if (!tcp_has(tcp, TCP_F_ORPHAN)) {
        close_locked(tcp, abort);
    }
    connection_unlock(tcp);
    if (listening)
        listener_close(tcp->listener);
}

int tcp_disconnect(struct tcp *tcp)
{
    struct inet_address local;
    bool was_bound;
    bool was_open;
    int err = 0;

    if (tcp_state_of(tcp) == TCP_LISTEN)
        return tcp_shutdown(tcp, TCP_SHUTDOWN_READ);
    connection_lock(tcp);
    was_bound = tcp_has(tcp, TCP_F_BOUND);
    local.ip = tcp->bound_any ? 0 : tcp->node.tuple.local_ip;
    local.port = tcp->bind_port;
    was_open = tcp->state != TCP_CLOSED;
    if (was_open)
        abort_locked(tcp);
    tcp_ports_unbind(tcp);
    connection_renew(tcp);
    tcp->error = was_open ? ECONNRESET : 0; /* As Linux says it to who reads on. */
    if (was_bound)
        err = tcp_ports_bind(tcp, local);
    connection_unlock(tcp);
    return err;
}

static int shutdown_locked(struct tcp *tcp, u32 how)
{
    if (tcp->state == TCP_CLOSED || tcp->state == TCP_LISTEN)
        return -ENOTCONN;
    if (tcp->state == TCP_SYN_SENT) { /* As on Linux: it ends the attempt. */
        connection_done(tcp, ECONNRESET);
        return 0;
    }
    if (how & TCP_SHUTDOWN_READ)
        tcp->flags |= TCP_F_SHUT_READ;
    if (how & TCP_SHUTDOWN_WRITE && !tcp_has(tcp, TCP_F_SHUT_WRITE)) {
        connection_send_fin(tcp);
        connection_output(tcp);
    }
    connection_notify(tcp, connection_poll(tcp));
    return 0;
}

int tcp_shutdown(struct tcp *tcp, u32 how)
{
    bool listening;
    int err = 0;

    connection_lock(tcp);
    listening = tcp->state == TCP_LISTEN;
    if (!listening) {
        err = shutdown_locked(tcp, how);
    } else if (how & TCP_SHUTDOWN_READ) { /* As on Linux: it stops to listen, but stays bound. */
        tcp->state = TCP_CLOSED;
        connection_notify(tcp, POLLIN | POLLHUP);
    }
    connection_unlock(tcp);
    if (listening && how & TCP_SHUTDOWN_READ)
        listener_close(tcp->listener);
    return err;
}

static u32 poll_readable(const struct tcp *tcp)
{
    u32 events = 0;

    if (tcp->rcv_queued > 0)
        events |= POLLIN | POLLRDNORM;
    if (tcp_has(tcp, TCP_F_FIN_RECEIVED | TCP_F_SHUT_READ))
        events |= POLLIN | POLLRDNORM | POLLRDHUP;
    return events;
}

/* Room worth a wake-up: a third of the buffer, and below the program's low-water mark. */
static bool is_writable(const struct tcp *tcp)
{
    u32 queued = tcp->snd_end - tcp->snd_una;
    u32 unsent = tcp->snd_end - tcp->snd_nxt;

    if (queued == 0 || tcp_has(tcp, TCP_F_SHUT_WRITE))
        return true;
    return queued <= tcp->sndbuf - tcp->sndbuf / 3 && tcp->queue.count < TCP_QUEUE_PIECES_MAX / 2 &&
           (unsent == 0 || unsent < tcp_settings_of(tcp)->notsent_lowat);
}

u32 connection_poll(const struct tcp *tcp)
{
    u32 events = tcp->error != 0 ? POLLERR : 0;

    switch (tcp->state) {
    case TCP_LISTEN:
        return events | (listener_is_ready(tcp->listener) ? POLLIN | POLLRDNORM : 0);
    case TCP_CLOSED:
        /* Never connected, failed or over: none of these blocks (Linux says OUT and HUP). */
        if (tcp_has(tcp, TCP_F_CONNECTED) || tcp->error != 0)
            events |= POLLIN | POLLRDNORM | POLLRDHUP;
        return events | poll_readable(tcp) | POLLOUT | POLLWRNORM | POLLHUP;
    case TCP_SYN_SENT:
    case TCP_SYN_RECEIVED:
        return events;
    default:
        break;
    }
    events |= poll_readable(tcp);
    if (is_writable(tcp))
        events |= POLLOUT | POLLWRNORM;
    if (tcp_has(tcp, TCP_F_FIN_RECEIVED | TCP_F_SHUT_READ) && tcp_has(tcp, TCP_F_SHUT_WRITE))
        events |= POLLHUP;
    return events;
}

/*
 * Nearly always an established connection that has room, and then without its lock: each event
 * said was true at some time during the call, and whoever changes something afterwards wakes those
 * who wait (invariant 1 of kernel/core/wait.c orders the two). What has no room needs the lock to
 * say so.
 */
u32 tcp_poll(struct tcp *tcp)
{
    u32 events;

    if (__atomic_load_n(&tcp->state, __ATOMIC_RELAXED) == TCP_ESTABLISHED) {
        events = connection_poll(tcp);
        if (events & POLLOUT)
            return events;
    }
    spin_lock(&tcp->lock);
    events = connection_poll(tcp);
    if (!(events & POLLOUT))
        tcp->flags |= TCP_F_NO_SPACE; /* Who looked may wait for it. */
    spin_unlock(&tcp->lock);
    return events;
}

int tcp_take_error(struct tcp *tcp)
{
    int error;

    spin_lock(&tcp->lock);
    error = tcp->error;
    tcp->error = 0;
    spin_unlock(&tcp->lock);
    return error;
}

enum tcp_state tcp_state_of(struct tcp *tcp)
{
    enum tcp_state state;

    spin_lock(&tcp->lock);
    state = tcp->state;
    spin_unlock(&tcp->lock);
    return state;
}

struct inet_address tcp_local(struct tcp *tcp)
{
    struct inet_address local;

    spin_lock(&tcp->lock);
    local.ip = tcp->node.tuple.local_ip;
    local.port = tcp->node.tuple.local_port;
    spin_unlock(&tcp->lock);
    return local;
}

struct inet_address tcp_remote(struct tcp *tcp)
{
    struct inet_address remote;

    spin_lock(&tcp->lock);
    remote.ip = tcp->node.tuple.remote_ip;
    remote.port = tcp->node.tuple.remote_port;
    spin_unlock(&tcp->lock);
    return remote;
}

u64 tcp_count(void)
{
    return connection_count() + timewait_count();
}

void tcp_totals(struct tcp_totals *totals)
{
    totals->connections = connection_count();
    totals->orphans = connection_orphan_count();
    totals->time_waits = timewait_count();
}
