/* SPDX-License-Identifier: Apache-2.0 */
/* What all sockets have in common: their file, and waiting. */
#include "kernel/socket/socket.h"

#include "abi/linux/errors.h"
#include "abi/linux/poll.h"
#include "abi/linux/socket.h"
#include "kernel/core/clock.h"
#include "kernel/core/wait.h"
#include "kernel/file/file.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/iter.h"
#include "lib/base/types.h"

static u64 count; /* [atomic] */

struct socket_limits socket_limits = {
    .somaxconn = SOMAXCONN,
    .rmem_max = 6 << 20,
    .wmem_max = 4 << 20,
    .rmem_default = 212992,
    .wmem_default = 212992,
};

void socket_init(struct socket *socket, const struct socket_ops *ops, u32 domain, u32 type,
                 u32 protocol, u32 flags)
{
    socket->ops = ops;
    wait_queue_init(&socket->queue);
    socket->domain = (u16)domain;
    socket->type = (u16)type;
    socket->protocol = (u16)protocol;
    socket->flags = flags;
    socket->receive_low_water = 1;
    __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);
}

void socket_inherit(struct socket *socket, const struct socket *from)
{
    const u32 inherited = SOCKET_REUSEADDR | SOCKET_REUSEPORT | SOCKET_KEEPALIVE |
                          SOCKET_OOBINLINE | SOCKET_PASSCRED | SOCKET_LINGER | SOCKET_DONTROUTE;

    socket_set(socket, __atomic_load_n(&from->flags, __ATOMIC_RELAXED) & inherited, true);
    socket->linger_seconds = from->linger_seconds;
    socket->receive_low_water = from->receive_low_water;
    socket->priority = from->priority;
    socket->mark = from->mark;
    socket->receive_timeout_ns = from->receive_timeout_ns;
    socket->send_timeout_ns = from->send_timeout_ns;
}

void socket_fini(struct socket *socket)
{
    (void)socket;
    __atomic_fetch_sub(&count, 1, __ATOMIC_RELAXED);
}

u64 socket_count(void)
{
    return __atomic_load_n(&count, __ATOMIC_RELAXED);
}

void socket_notify(void *arg, u32 events)
{
    struct socket *socket = arg;

    /* An end is there for everybody who waits, not for the first of them. */
    if (events & (POLLERR | POLLHUP | POLLRDHUP)) {
        wait_wake_all(&socket->queue, events);
    } else {
        wait_wake(&socket->queue, events);
    }
}

/* Only what the kinds look at: the struct is large, and this the busy path. */
void socket_message_init(struct socket_message *message)
{
    message->name_len = 0;
    message->flags = 0;
    message->files = NULL;
    message->has_creds = false;
    message->has_pktinfo = false;
    message->has_ttl = false;
    message->has_tos = false;
    message->has_stamp = false;
}

void socket_files_destroy(struct socket_files *files)
{
    if (!files)
        return;
    for (u32 i = 0; i < files->count; i++)
        file_put(files->file[i]);
    heap_free(files);
}

/* What Linux says of an address family it knows, we do not, and of one nobody does: the same. */
int socket_create(int domain, int type, int protocol, struct socket **socket)
{
    *socket = NULL;
    if (domain < 0 || domain >= AF_MAX)
        return -EAFNOSUPPORT;
    if (type < 0 || type > SOCK_PACKET)
        return -EINVAL;
    switch (domain) {
    case AF_INET:
        if (protocol < 0 || protocol >= IPPROTO_MAX)
            return -EINVAL;
        if (type == SOCK_STREAM && (protocol == 0 || protocol == IPPROTO_TCP))
            return inet_stream_create(socket);
        if (type == SOCK_DGRAM && (protocol == 0 || protocol == IPPROTO_UDP))
            return inet_dgram_create(socket);
        if (type == SOCK_STREAM || type == SOCK_DGRAM)
            return -EPROTONOSUPPORT;
        return type == SOCK_RAW && protocol == 0 ? -EPROTONOSUPPORT : -ESOCKTNOSUPPORT;
    case AF_UNIX:
        if (protocol != 0 && protocol != AF_UNIX)
            return -EPROTONOSUPPORT;
        return unix_create(type, socket);
    case AF_NETLINK:
        return netlink_create(type, protocol, socket);
    default:
        return -EAFNOSUPPORT;
    }
}

int socket_create_pair(int domain, int type, int protocol, struct socket **first,
                       struct socket **second)
{
    if (domain != AF_UNIX) {
        int err = socket_create(domain, type, protocol, first);

        if (err < 0)
            return err;
        (*first)->ops->release(*first);
        return -EOPNOTSUPP;
    }
    if (protocol != 0 && protocol != AF_UNIX)
        return -EPROTONOSUPPORT;
    return unix_create_pair(type, first, second);
}

int socket_wait(struct socket *socket, u32 events, u64 timeout_ns, bool exclusive)
{
    u64 deadline_ns = timeout_ns ? clock_deadline(timeout_ns) : DEADLINE_NONE;
    struct waiter waiter;
    int err = 0;

    events |= POLLERR | POLLHUP;
    if (exclusive) {
        wait_begin_exclusive(&socket->queue, &waiter, events);
    } else {
        wait_begin(&socket->queue, &waiter, events);
    }
    while (err == 0 && !(socket->ops->poll(socket) & events))
        err = wait_block(&waiter, deadline_ns);
    wait_end(&waiter);
    return err == -ETIMEDOUT ? -EAGAIN : err;
}

int socket_connect(struct socket *socket, const struct abi_sockaddr *name, u32 len,
                   bool nonblocking)
{
    int err;

    if (!socket->ops->connect)
        return -EOPNOTSUPP;
    for (;;) {
        err = socket->ops->connect(socket, name, len);
        if (err == -EAGAIN && !nonblocking) { /* A unix listener whose queue is full. */
            err = socket_wait(socket, POLLOUT, socket->send_timeout_ns, false);
            if (err < 0)
                return err;
            continue;
        }
        if ((err != -EINPROGRESS && err != -EALREADY) || nonblocking)
            return err;
        err = socket_wait(socket, POLLOUT, socket->send_timeout_ns, false);
        if (err < 0)
            return err == -EAGAIN ? -EINPROGRESS : err;
        return socket->ops->connected(socket);
    }
}

int socket_accept(struct socket *socket, bool nonblocking, struct socket **accepted)
{
    if (!socket->ops->accept)
        return -EOPNOTSUPP;
    for (;;) {
        int err = socket->ops->accept(socket, accepted);

        if (err != -EAGAIN || nonblocking)
            return err;
        err = socket_wait(socket, POLLIN, socket->receive_timeout_ns, true);
        if (err < 0)
            return err;
    }
}

long socket_send(struct socket *socket, struct socket_message *message, struct iter *from,
                 u32 flags)
{
    long done = 0;

    for (;;) {
        long result = socket->ops->send(socket, message, from, flags);

        if (result >= 0) {
            done += result;
            if (from->left == 0 || !socket_has(socket, SOCKET_STREAM))
                return done;
        } else if (result != -EAGAIN || (flags & MSG_DONTWAIT)) {
            return done ? done : result;
        } else {
            int err = socket_wait(socket, POLLOUT, socket->send_timeout_ns, false);

            if (err < 0)
                return done ? done : err;
        }
    }
}

long socket_receive(struct socket *socket, struct socket_message *message, struct iter *to,
                    u32 flags)
{
    bool wants_all =
        (flags & MSG_WAITALL) && !(flags & MSG_PEEK) && socket_has(socket, SOCKET_STREAM);
    long done = 0;

    for (;;) {
        long result = socket->ops->receive(socket, message, to, flags);

        if (result >= 0) {
            done += result;
            if (!wants_all || result == 0 || to->left == 0 || message->files)
                return done;
        } else if (result != -EAGAIN || (flags & (MSG_DONTWAIT | MSG_ERRQUEUE))) {
            return done ? done : result;
        } else {
            /* A message is for one; of bytes the first reader may leave some to the next. */
            int err = socket_wait(socket, POLLIN | POLLRDHUP, socket->receive_timeout_ns,
                                  !socket_has(socket, SOCKET_STREAM));

            if (err < 0)
                return done ? done : err;
        }
    }
}

static long file_socket_read(struct file *file, struct iter *to, u64 off, u32 flags)
{
    struct socket_message message;
    long result;

    (void)off;
    socket_message_init(&message);
    result = socket_receive(file->data, &message, to, flags & FILE_NONBLOCK ? MSG_DONTWAIT : 0);

    socket_files_destroy(message.files); /* read() has nowhere to put them, as on Linux. */
    return result;
}

static long file_socket_write(struct file *file, struct iter *from, u64 off, u32 flags)
{
    struct socket_message message;

    (void)off;
    socket_message_init(&message);
    return socket_send(file->data, &message, from, flags & FILE_NONBLOCK ? MSG_DONTWAIT : 0);
}

static u32 file_socket_poll(struct file *file)
{
    struct socket *socket = file->data;

    return socket->ops->poll(socket);
}

static struct wait_queue *file_socket_queue(struct file *file)
{
    struct socket *socket = file->data;

    return &socket->queue;
}

static long file_socket_ioctl(struct file *file, u32 command, uaddr_t arg)
{
    struct socket *socket = file->data;
    long result = -ENOTTY;

    if (socket->ops->ioctl)
        result = socket->ops->ioctl(socket, command, arg);
    return result == -ENOTTY ? socket_interface_ioctl(command, arg) : result;
}

static long file_socket_send_page(struct file *file, struct page *page, u32 off, u32 len, u32 flags)
{
    struct socket *socket = file->data;

    if (!socket->ops->send_page)
        return -EOPNOTSUPP;
    for (;;) {
        long result = socket->ops->send_page(socket, page, off, len, (flags & FILE_MORE) != 0);
        int err;

        if (result != -EAGAIN || (flags & FILE_NONBLOCK))
            return result;
        err = socket_wait(socket, POLLOUT, socket->send_timeout_ns, false);
        if (err < 0)
            return err;
    }
}

static void file_socket_release(struct file *file)
{
    struct socket *socket = file->data;

    socket->ops->release(socket);
}

/* Two tables: sendfile looks whether the entry is there. */
static const struct file_ops page_file_ops = {
    .name = "socket",
    .read = file_socket_read,
    .write = file_socket_write,
    .poll = file_socket_poll,
    .wait_queue = file_socket_queue,
    .ioctl = file_socket_ioctl,
    .send_page = file_socket_send_page,
    .release = file_socket_release,
};

static const struct file_ops plain_file_ops = {
    .name = "socket",
    .read = file_socket_read,
    .write = file_socket_write,
    .poll = file_socket_poll,
    .wait_queue = file_socket_queue,
    .ioctl = file_socket_ioctl,
    .release = file_socket_release,
};

struct file *socket_file(struct socket *socket, bool nonblocking)
{
    u32 flags = FILE_READABLE | FILE_WRITABLE | (nonblocking ? FILE_NONBLOCK : 0);
    struct file *file =
        file_create(socket->ops->send_page ? &page_file_ops : &plain_file_ops, socket, flags);

    if (!file)
        socket->ops->release(socket);
    return file;
}

struct socket *socket_of(struct file *file)
{
    if (file->ops != &page_file_ops && file->ops != &plain_file_ops)
        return NULL;
    return file->data;
}
