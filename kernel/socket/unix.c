/* SPDX-License-Identifier: Apache-2.0 */
/* Unix sockets: who is connected to whom. See unix_internal.h for the lock and lives. */
#include "abi/linux/errors.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "abi/linux/socket.h"
#include "kernel/core/mutex.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/wait.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/uaccess.h"
#include "kernel/socket/socket.h"
#include "kernel/socket/unix_internal.h"
#include "lib/base/list.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

struct spinlock unix_lock = SPINLOCK_INIT(LOCK_RANK_UNIX);

static struct list all = LIST_INIT(all); /* Under unix_lock. */

struct unix_entry {
    struct unix_socket us;
    struct list link; /* In `all`. */
};

static const struct socket_ops unix_ops;

struct unix_socket *unix_get(struct unix_socket *us)
{
    __atomic_fetch_add(&us->refs, 1, __ATOMIC_RELAXED);
    return us;
}

void unix_put(struct unix_socket *us)
{
    struct unix_entry *entry = CONTAINER_OF(us, struct unix_entry, us);

    if (__atomic_fetch_sub(&us->refs, 1, __ATOMIC_ACQ_REL) != 1)
        return;
    spin_lock(&unix_lock);
    list_remove(&entry->link);
    spin_unlock(&unix_lock);
    unix_address_put(us->address);
    heap_free(entry);
}

static struct unix_socket *allocate(int type)
{
    struct unix_entry *entry = heap_alloc_zero(sizeof(*entry));
    struct unix_socket *us;

    if (!entry)
        return NULL;
    us = &entry->us;
    socket_init(&us->socket, &unix_ops, AF_UNIX, (u32)type, 0,
                type == SOCK_STREAM ? SOCKET_STREAM : 0);
    us->refs = 1;
    us->send_buffer = socket_limits.wmem_default;
    mutex_init(&us->read_mutex, LOCK_RANK_PIPE);
    list_init(&us->queue);
    list_init(&us->pending);
    list_init(&us->pending_link);
    list_init(&us->waiters);
    list_init(&us->waiter_link);
    list_init(&us->name_link);
    spin_lock(&unix_lock);
    list_push_back(&all, &entry->link);
    spin_unlock(&unix_lock);
    return us;
}

void unix_for_each(void (*visit)(void *arg, const struct unix_socket *us), void *arg)
{
    struct list *node;

    spin_lock(&unix_lock);
    LIST_FOR_EACH (&all, node)
        visit(arg, &LIST_ENTRY(node, struct unix_entry, link)->us);
    spin_unlock(&unix_lock);
}

static int unix_bind(struct socket *socket, const struct abi_sockaddr *name, u32 len)
{
    return unix_address_bind(unix_of(socket), name, len);
}

static void pair_locked(struct unix_socket *first, struct unix_socket *second)
{
    first->peer = unix_get(second);
    second->peer = unix_get(first);
    first->connected = true;
    second->connected = true;
}

static void wake_all_waiters_locked(struct unix_socket *us)
{
    struct list *node = list_pop_front(&us->waiters);

    while (node) {
        wait_wake(&LIST_ENTRY(node, struct unix_socket, waiter_link)->socket.queue, 0);
        node = list_pop_front(&us->waiters);
    }
}

/* ---- Connecting. ---- */

static int may_connect_locked(const struct unix_socket *us, const struct unix_socket *listener)
{
    if (us->listening)
        return -EINVAL;
    if (us->connected)
        return -EISCONN;
    if (listener->socket.type != us->socket.type)
        return -EPROTOTYPE;
    if (listener->dead || !listener->listening || listener->read_shut)
        return -ECONNREFUSED;
    /* Linux lets one more in than it was asked for. */
    return listener->pending_count > listener->backlog ? -EAGAIN : 0;
}

static int connect_stream(struct unix_socket *us, struct unix_socket *listener)
{
    struct unix_socket *server = allocate(us->socket.type);
    int err;

    if (!server)
        return -ENOMEM;
    spin_lock(&unix_lock);
    err = may_connect_locked(us, listener);
    if (err == 0) {
        pair_locked(us, server);
        server->address = unix_address_get(listener->address);
        list_push_back(&listener->pending, &server->pending_link);
        listener->pending_count++;
        wait_wake(&listener->socket.queue, POLLIN | POLLRDNORM);
        wait_wake(&us->socket.queue, POLLOUT);
    } else if (err == -EAGAIN) {
        unix_wait_for_room_locked(us, listener);
    }
    spin_unlock(&unix_lock);
    if (err < 0)
        server->socket.ops->release(&server->socket);
    return err;
}

static int connect_dgram(struct unix_socket *us, struct unix_socket *to)
{
    struct unix_socket *before;

    if (to && to->socket.type != SOCK_DGRAM)
        return -EPROTOTYPE;
    spin_lock(&unix_lock);
    if (to && to->peer && to->peer != us) {
        spin_unlock(&unix_lock);
        return -EPERM;
    }
    before = us->peer;
    us->peer = to ? unix_get(to) : NULL;
    list_remove(&us->waiter_link);
    wait_wake_all(&us->socket.queue, 0); /* Who waited for room at the one before. */
    spin_unlock(&unix_lock);
    if (before)
        unix_put(before);
    return 0;
}

static int unix_connect(struct socket *socket, const struct abi_sockaddr *name, u32 len)
{
    struct unix_socket *us = unix_of(socket);
    struct unix_socket *found;
    int err;

    if (len < sizeof(u16))
        return -EINVAL;
    if (socket->type == SOCK_DGRAM && name->family == AF_UNSPEC)
        return connect_dgram(us, NULL);
    err = unix_address_find(name, len, &found);
    if (err < 0)
        return err;
    if (socket->type == SOCK_DGRAM) {
        err = connect_dgram(us, found);
    } else {
        err = connect_stream(us, found);
    }
    unix_put(found);
    return err;
}

static int unix_listen(struct socket *socket, int backlog)
{
    struct unix_socket *us = unix_of(socket);
    u32 most = socket_limits.somaxconn;
    int err = -EINVAL;

    if (socket->type == SOCK_DGRAM)
        return -EOPNOTSUPP;
    spin_lock(&unix_lock);
    if (us->address && !us->connected) {
        us->listening = true;
        us->backlog = backlog < 0 ? most : u32_min((u32)backlog, most);
        wake_all_waiters_locked(us); /* There may be room now. */
        err = 0;
    }
    spin_unlock(&unix_lock);
    if (err == 0)
        socket_set(socket, SOCKET_LISTENING, true);
    return err;
}

static int unix_accept(struct socket *socket, struct socket **accepted)
{
    struct unix_socket *us = unix_of(socket);
    struct list *node = NULL;
    int err = -EAGAIN;

    if (socket->type == SOCK_DGRAM)
        return -EOPNOTSUPP;
    spin_lock(&unix_lock);
    if (!us->listening || us->read_shut) {
        err = -EINVAL;
    } else {
        node = list_pop_front(&us->pending);
    }
    if (node) {
        us->pending_count--;
        wake_all_waiters_locked(us);
    }
    spin_unlock(&unix_lock);
    if (!node)
        return err;
    *accepted = &LIST_ENTRY(node, struct unix_socket, pending_link)->socket;
    return 0;
}

static int unix_name(struct socket *socket, bool peer, struct abi_sockaddr *name, u32 *len)
{
    struct unix_socket *us = unix_of(socket);
    struct unix_address *address;

    spin_lock(&unix_lock);
    if (peer && !us->peer) {
        spin_unlock(&unix_lock);
        return -ENOTCONN;
    }
    address = unix_address_get(peer ? us->peer->address : us->address);
    spin_unlock(&unix_lock);
    unix_address_emit(address, name, len);
    unix_address_put(address);
    return 0;
}

static int unix_shutdown(struct socket *socket, int how)
{
    struct unix_socket *us = unix_of(socket);

    spin_lock(&unix_lock);
    if (how != SHUT_WR)
        us->read_shut = true;
    if (how != SHUT_RD)
        us->write_shut = true;
    wait_wake_all(&socket->queue, 0);
    wake_all_waiters_locked(us); /* There will be no room: they fail. */
    /* The other end sees the same from its side. */
    if (us->peer && us->socket.type != SOCK_DGRAM) {
        if (how != SHUT_RD)
            us->peer->read_shut = true;
        if (how != SHUT_WR)
            us->peer->write_shut = true;
        wait_wake_all(&us->peer->socket.queue, 0);
    }
    spin_unlock(&unix_lock);
    return 0;
}

/* ---- Readiness. ---- */

static u32 poll_stream_locked(struct unix_socket *us)
{
    bool is_gone = !us->peer || us->peer->dead;
    u32 events = 0;

    if (us->listening)
        return list_is_empty(&us->pending) ? 0 : POLLIN | POLLRDNORM;
    if (!us->connected) {
        /* A connect() that waits for the listener's queue is not ready yet. */
        return list_is_linked(&us->waiter_link) ? 0 : POLLOUT | POLLWRNORM | POLLHUP;
    }
    if (!list_is_empty(&us->queue) || us->read_shut || is_gone)
        events |= POLLIN | POLLRDNORM;
    if (us->read_shut || is_gone)
        events |= POLLRDHUP;
    if ((us->read_shut && us->write_shut) || is_gone)
        events |= POLLHUP;
    if (is_gone || us->write_shut || !unix_is_full_locked(us, us->peer)) {
        events |= POLLOUT | POLLWRNORM;
    } else {
        unix_wait_for_room_locked(us, us->peer);
    }
    return events;
}

static u32 poll_dgram_locked(struct unix_socket *us)
{
    u32 events = 0;

    if (!list_is_empty(&us->queue) || us->read_shut)
        events |= POLLIN | POLLRDNORM;
    if (us->read_shut)
        events |= POLLRDHUP;
    if (us->read_shut && us->write_shut)
        events |= POLLHUP;
    /* One that failed to send waits for that socket, wherever it was to go. */
    if (us->peer && !us->peer->dead && unix_is_full_locked(us, us->peer)) {
        unix_wait_for_room_locked(us, us->peer);
    } else if (!list_is_linked(&us->waiter_link)) {
        events |= POLLOUT | POLLWRNORM;
    }
    return events;
}

static u32 unix_poll(struct socket *socket)
{
    struct unix_socket *us = unix_of(socket);
    u32 events;

    spin_lock(&unix_lock);
    if (socket->type == SOCK_DGRAM) {
        events = poll_dgram_locked(us);
    } else {
        events = poll_stream_locked(us);
    }
    if (us->error)
        events |= POLLERR;
    spin_unlock(&unix_lock);
    return events;
}

/* ---- Options. ---- */

static int unix_set_option(struct socket *socket, int level, int name, const void *value, u32 len)
{
    int number;

    if (level != SOL_SOCKET || len < sizeof(number))
        return -ENOPROTOOPT;
    mem_copy(&number, value, sizeof(number));
    if (name == SO_SNDBUF) {
        unix_of(socket)->send_buffer = (u32)number;
    } else if (name != SO_RCVBUF) {
        return -ENOPROTOOPT;
    }
    return 0;
}

static int take_error(struct unix_socket *us)
{
    int error;

    spin_lock(&unix_lock);
    error = us->error;
    us->error = 0;
    spin_unlock(&unix_lock);
    return error;
}

static int unix_get_option(struct socket *socket, int level, int name, void *value, u32 *len)
{
    struct unix_socket *us = unix_of(socket);
    struct abi_ucred creds = { .uid = UINT32_MAX, .gid = UINT32_MAX };
    int number = 0;

    if (level != SOL_SOCKET)
        return -EOPNOTSUPP;
    switch (name) {
    case SO_PEERCRED:
        spin_lock(&unix_lock);
        if (us->peer || us->listening)
            creds = (struct abi_ucred){ .pid = 1 };
        spin_unlock(&unix_lock);
        *len = u32_min(*len, sizeof(creds));
        mem_copy(value, &creds, *len);
        return 0;
    case SO_ERROR:
        number = take_error(us);
        break;
    case SO_SNDBUF:
        number = (int)us->send_buffer;
        break;
    case SO_RCVBUF:
        number = (int)socket_limits.rmem_default;
        break;
    default:
        return -ENOPROTOOPT;
    }
    *len = u32_min(*len, sizeof(number));
    mem_copy(value, &number, *len);
    return 0;
}

static long unix_ioctl(struct socket *socket, u32 command, uaddr_t arg)
{
    struct unix_socket *us = unix_of(socket);
    int value = 0;

    spin_lock(&unix_lock);
    if (command == FIONREAD && socket->type != SOCK_DGRAM) {
        value = (int)us->payload_bytes;
    } else if (command == FIONREAD && !list_is_empty(&us->queue)) {
        value = (int)LIST_ENTRY(us->queue.next, struct unix_message, link)->len;
    } else if (command == SIOCOUTQ && us->peer) {
        value = (int)us->peer->payload_bytes;
    }
    spin_unlock(&unix_lock);
    if (command != FIONREAD && command != SIOCOUTQ && command != SIOCATMARK)
        return -ENOTTY;
    return copy_out(arg, &value, sizeof(value));
}

/* ---- Life. ---- */

/* The other end of a stream learns that this one is gone. */
static struct unix_socket *leave_peer_locked(struct unix_socket *us)
{
    struct unix_socket *peer = us->peer;

    us->peer = NULL;
    if (!peer || us->socket.type == SOCK_DGRAM)
        return peer;
    if (us->payload_bytes > 0 && !peer->dead)
        peer->error = ECONNRESET; /* What it sent was never read. */
    wait_wake_all(&peer->socket.queue, 0);
    return peer;
}

/* Connections that nobody accepted: they have no file, so no listeners below them. */
static void release_pending(struct list *pending)
{
    struct list *node = list_pop_front(pending);

    while (node) {
        struct unix_socket *server = LIST_ENTRY(node, struct unix_socket, pending_link);

        spin_lock(&unix_lock);
        if (server->peer && !server->peer->dead)
            server->peer->error = ECONNRESET; /* As Linux has it. */
        spin_unlock(&unix_lock);
        server->socket.ops->release(&server->socket);
        node = list_pop_front(pending);
    }
}

static void unix_release(struct socket *socket)
{
    struct unix_socket *us = unix_of(socket);
    struct list messages = LIST_INIT(messages);
    struct list pending = LIST_INIT(pending);
    struct unix_socket *peer;

    unix_address_drop(us);
    spin_lock(&unix_lock);
    us->dead = true;
    peer = leave_peer_locked(us);
    list_remove(&us->waiter_link);
    wake_all_waiters_locked(us);
    list_splice_back(&messages, &us->queue);
    list_splice_back(&pending, &us->pending);
    us->queue_count = 0;
    us->queued_bytes = 0;
    us->payload_bytes = 0;
    spin_unlock(&unix_lock);

    release_pending(&pending);
    unix_destroy_messages(&messages);
    if (peer)
        unix_put(peer);
    socket_fini(socket);
    unix_put(us);
}

static const struct socket_ops unix_ops = {
    .bind = unix_bind,
    .connect = unix_connect,
    .listen = unix_listen,
    .accept = unix_accept,
    .name = unix_name,
    .send = unix_send,
    .receive = unix_receive,
    .shutdown = unix_shutdown,
    .set_option = unix_set_option,
    .get_option = unix_get_option,
    .ioctl = unix_ioctl,
    .poll = unix_poll,
    .release = unix_release,
};

int unix_create(int type, struct socket **socket)
{
    struct unix_socket *us;

    if (type == SOCK_RAW)
        type = SOCK_DGRAM; /* As Linux. */
    if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET)
        return -ESOCKTNOSUPPORT;
    us = allocate(type);
    if (!us)
        return -ENOMEM;
    *socket = &us->socket;
    return 0;
}

int unix_create_pair(int type, struct socket **first, struct socket **second)
{
    int err = unix_create(type, first);

    if (err < 0)
        return err;
    err = unix_create(type, second);
    if (err < 0) {
        unix_release(*first);
        return err;
    }
    spin_lock(&unix_lock);
    pair_locked(unix_of(*first), unix_of(*second));
    spin_unlock(&unix_lock);
    return 0;
}
