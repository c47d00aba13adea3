/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between unix sockets. See unix_internal.h for the lock. */
#include "abi/linux/errors.h"
#include "abi/linux/poll.h"
#include "abi/linux/socket.h"
#include "kernel/core/mutex.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/wait.h"
#include "kernel/file/file.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/iter.h"
#include "kernel/socket/socket.h"
#include "kernel/socket/unix_internal.h"
#include "lib/base/list.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    MESSAGE_CHARGE = 256, /* What one costs beside its bytes, about. */
};

static struct list garbage = LIST_INIT(garbage); /* Messages to destroy. Under unix_lock. */
static bool destroying;                          /* Somebody does. Under unix_lock. */
static u64 in_flight;                            /* [atomic] Open files in messages. */

u64 unix_files_in_flight(void)
{
    return __atomic_load_n(&in_flight, __ATOMIC_RELAXED);
}

/* ---- Messages. ---- */

static struct unix_message *message_create(struct iter *from, u32 len, int *err)
{
    struct unix_message *message = heap_alloc(sizeof(*message) + len);

    *err = -ENOBUFS;
    if (!message)
        return NULL;
    list_init(&message->link);
    message->source = NULL;
    message->files = NULL;
    message->len = len;
    message->off = 0;
    *err = -EFAULT;
    if (iter_copy_from(from, message->bytes, len) != len) {
        heap_free(message);
        return NULL;
    }
    *err = 0;
    return message;
}

/* Any part of a stream's bytes will do: less than `*len` where memory is in small pieces. */
static struct unix_message *chunk_create(struct iter *from, u32 *len, int *err)
{
    struct unix_message *message = message_create(from, *len, err);

    while (!message && *err == -ENOBUFS && *len > UNIX_CHUNK_MIN) {
        *len /= 2;
        message = message_create(from, *len, err);
    }
    return message;
}

static void message_destroy(struct unix_message *message)
{
    unix_address_put(message->source);
    if (message->files)
        __atomic_fetch_sub(&in_flight, message->files->count, __ATOMIC_RELAXED);
    socket_files_destroy(message->files);
    heap_free(message);
}

/*
 * Closing a file in a message may close a socket with messages, and so on: whoever comes here while
 * somebody is at it leaves his to him, so nothing nests.
 */
void unix_destroy_messages(struct list *messages)
{
    bool mine;

    spin_lock(&unix_lock);
    list_splice_back(&garbage, messages);
    mine = !destroying;
    while (mine) {
        struct list *node = list_pop_front(&garbage);

        if (!node)
            break;
        destroying = true;
        spin_unlock(&unix_lock);
        message_destroy(LIST_ENTRY(node, struct unix_message, link));
        spin_lock(&unix_lock);
        destroying = false;
    }
    spin_unlock(&unix_lock);
}

static u32 charge_of(const struct unix_message *message)
{
    return MESSAGE_CHARGE + message->len;
}

static void queue_locked(struct unix_socket *to, struct unix_message *message)
{
    list_push_back(&to->queue, &message->link);
    to->queue_count++;
    to->queued_bytes += charge_of(message);
    to->payload_bytes += message->len;
    wait_wake(&to->socket.queue, POLLIN | POLLRDNORM);
}

static void unqueue_locked(struct unix_socket *us, struct unix_message *message)
{
    list_remove(&message->link);
    us->queue_count--;
    us->queued_bytes -= charge_of(message);
    us->payload_bytes -= message->len - message->off;
}

bool unix_is_full_locked(const struct unix_socket *from, const struct unix_socket *to)
{
    if (from->socket.type == SOCK_DGRAM && to->queue_count >= UNIX_DGRAM_QUEUE_MAX)
        return true;
    return to->queued_bytes >= from->send_buffer;
}

void unix_wait_for_room_locked(struct unix_socket *from, struct unix_socket *to)
{
    list_remove(&from->waiter_link);
    list_push_back(&to->waiters, &from->waiter_link);
}

/* There is room: who waited for it looks again. */
static void wake_waiters_locked(struct unix_socket *us)
{
    struct list *node = list_pop_front(&us->waiters);

    while (node) {
        struct unix_socket *waiter = LIST_ENTRY(node, struct unix_socket, waiter_link);

        wait_wake(&waiter->socket.queue, POLLOUT | POLLWRNORM);
        node = list_pop_front(&us->waiters);
    }
}

/* ---- Sending. ---- */

/* Whether `us` may put something into `to`'s queue now: 0, or an error number. */
static int may_send_locked(struct unix_socket *us, struct unix_socket *to)
{
    bool is_stream = us->socket.type != SOCK_DGRAM;

    if (us->write_shut)
        return -EPIPE;
    if (to->dead)
        return is_stream ? -EPIPE : -ECONNREFUSED;
    if (to->read_shut)
        return -EPIPE;
    if (!is_stream && to->peer && to->peer != us)
        return -EPERM; /* It talks to another one only. */
    if (unix_is_full_locked(us, to)) {
        unix_wait_for_room_locked(us, to);
        return -EAGAIN;
    }
    return 0;
}

static int find_destination(struct unix_socket *us, const struct socket_message *message,
                            struct unix_socket **to)
{
    int err = 0;

    *to = NULL;
    if (message->name_len > 0 && us->socket.type != SOCK_SEQPACKET) { /* Which ignores it. */
        if (us->socket.type != SOCK_DGRAM)
            return us->connected ? -EISCONN : -EOPNOTSUPP;
        err = unix_address_find(&message->name, message->name_len, to);
        if (err == 0 && (*to)->socket.type != SOCK_DGRAM) {
            unix_put(*to);
            return -EPROTOTYPE;
        }
        return err;
    }
    spin_lock(&unix_lock);
    if (us->peer) {
        *to = unix_get(us->peer);
    } else if (us->write_shut || (us->socket.type != SOCK_DGRAM && us->connected)) {
        err = -EPIPE;
    } else {
        err = -ENOTCONN;
    }
    spin_unlock(&unix_lock);
    return err;
}

static int take_files(struct unix_message *queued, struct socket_message *message)
{
    struct socket_files *files = message->files;

    if (!files)
        return 0;
    if (__atomic_fetch_add(&in_flight, files->count, __ATOMIC_RELAXED) + files->count >
        UNIX_FILES_IN_FLIGHT_MAX) {
        __atomic_fetch_sub(&in_flight, files->count, __ATOMIC_RELAXED);
        return -ETOOMANYREFS;
    }
    queued->files = files;
    message->files = NULL;
    return 0;
}

/* The files go back to the caller: the message did not go. */
static void give_files_back(struct unix_message *queued, struct socket_message *message)
{
    if (!queued->files)
        return;
    __atomic_fetch_sub(&in_flight, queued->files->count, __ATOMIC_RELAXED);
    message->files = queued->files;
    queued->files = NULL;
}

static long send_to(struct unix_socket *us, struct unix_socket *to, struct socket_message *message,
                    struct iter *from)
{
    bool is_stream = socket_has(&us->socket, SOCKET_STREAM);
    u32 len = (u32)u64_min(from->left, is_stream ? UNIX_CHUNK_MAX : UINT32_MAX);
    struct unix_message *queued;
    struct iter start = *from;
    int err;

    if (is_stream && len == 0)
        return 0;
    if (!is_stream && (u64)len + sizeof(*queued) > us->send_buffer)
        return -EMSGSIZE;
    spin_lock(&unix_lock);
    err = may_send_locked(us, to);
    spin_unlock(&unix_lock);
    if (err < 0)
        return err;
    queued = is_stream ? chunk_create(from, &len, &err) : message_create(from, len, &err);
    if (!queued)
        return err;
    err = take_files(queued, message);
    if (err < 0) {
        message_destroy(queued);
        return err;
    }
    spin_lock(&unix_lock);
    err = may_send_locked(us, to);
    if (err == 0) {
        queued->source = unix_address_get(us->address);
        queue_locked(to, queued);
    }
    spin_unlock(&unix_lock);
    if (err < 0) {
        give_files_back(queued, message);
        message_destroy(queued);
        *from = start;
        return err;
    }
    return len;
}

long unix_send(struct socket *socket, struct socket_message *message, struct iter *from, u32 flags)
{
    struct unix_socket *us = unix_of(socket);
    struct unix_socket *to;
    long result;
    int err;

    if (flags & MSG_OOB)
        return -EOPNOTSUPP;
    err = find_destination(us, message, &to);
    if (err < 0)
        return err;
    result = send_to(us, to, message, from);
    unix_put(to);
    return result;
}

/* ---- Receiving. ---- */

/* The first message, which only a reader (read_mutex) takes away; or why there is none. */
static struct unix_message *first_message(struct unix_socket *us, long *result)
{
    bool is_stream = us->socket.type != SOCK_DGRAM;
    struct unix_message *message = NULL;

    spin_lock(&unix_lock);
    if (!list_is_empty(&us->queue)) {
        message = LIST_ENTRY(us->queue.next, struct unix_message, link);
    } else if (us->error) {
        *result = -us->error;
        us->error = 0;
    } else if (us->read_shut) { /* NOLINT(bugprone-branch-clone): an order of precedence. */
        *result = 0;
    } else if (is_stream && us->listening) {
        *result = -EINVAL;
    } else if (is_stream && !us->connected) {
        *result = us->socket.type == SOCK_STREAM ? -EINVAL : -ENOTCONN;
    } else if (is_stream && (!us->peer || us->peer->dead || us->peer->write_shut)) {
        *result = 0;
    } else {
        *result = -EAGAIN;
    }
    spin_unlock(&unix_lock);
    return message;
}

static struct unix_message *next_message(struct unix_socket *us, struct unix_message *message)
{
    struct unix_message *next = NULL;

    spin_lock(&unix_lock);
    if (message->link.next != &us->queue)
        next = LIST_ENTRY(message->link.next, struct unix_message, link);
    spin_unlock(&unix_lock);
    return next;
}

/* A reader has had `len` more bytes of `message`: all of it goes away when that was the last. */
static void consume(struct unix_socket *us, struct unix_message *message, u32 len, bool is_stream)
{
    bool is_done;

    spin_lock(&unix_lock);
    message->off += len;
    us->payload_bytes -= len;
    is_done = !is_stream || message->off == message->len;
    if (is_done) {
        unqueue_locked(us, message);
        wake_waiters_locked(us);
    }
    spin_unlock(&unix_lock);
    if (is_done)
        message_destroy(message);
}

/* The open files of a message are the reader's now; a peek gets references of its own. */
static void hand_over(struct unix_message *queued, struct socket_message *message, bool peek)
{
    struct socket_files *files = queued->files;

    message->has_creds = true;
    message->creds = (struct abi_ucred){ .pid = 1 };
    if (!files)
        return;
    if (peek) {
        message->files = heap_alloc(sizeof(*files));
        if (!message->files)
            return;
        *message->files = *files;
        for (u32 i = 0; i < files->count; i++)
            file_get(files->file[i]);
        return;
    }
    __atomic_fetch_sub(&in_flight, files->count, __ATOMIC_RELAXED);
    message->files = files;
    queued->files = NULL;
}

/* Bytes run on from message to message, but not across one that brings files. */
static long receive_stream(struct unix_socket *us, struct socket_message *message, struct iter *to,
                           bool peek)
{
    long result = 0;
    long done = 0;
    struct unix_message *queued = first_message(us, &result);

    if (!queued)
        return result;
    while (queued && to->left > 0) {
        u32 len = (u32)u64_min(queued->len - queued->off, to->left);
        bool brought_files = queued->files != NULL;
        struct unix_message *next = next_message(us, queued);
        size_t copied;

        if (done > 0 && brought_files)
            break;
        copied = iter_copy_to(to, queued->bytes + queued->off, len);
        if (copied < len && copied + (size_t)done == 0)
            return -EFAULT;
        hand_over(queued, message, peek);
        done += (long)copied;
        if (!peek)
            consume(us, queued, (u32)copied, true);
        if (brought_files || copied < len)
            break;
        /* A short read of this message means that there is no room left. */
        queued = next;
    }
    return done;
}

static long receive_message(struct unix_socket *us, struct socket_message *message, struct iter *to,
                            u32 flags)
{
    long result = 0;
    struct unix_message *queued = first_message(us, &result);
    u32 len;

    if (!queued)
        return result;
    len = (u32)u64_min(queued->len, to->left);
    if (iter_copy_to(to, queued->bytes, len) != len)
        return -EFAULT;
    result = flags & MSG_TRUNC ? queued->len : len;
    message->flags = len < queued->len ? MSG_TRUNC : 0;
    if (us->socket.type == SOCK_SEQPACKET)
        message->flags |= MSG_EOR;
    if (queued->source)
        unix_address_emit(queued->source, &message->name, &message->name_len);
    hand_over(queued, message, (flags & MSG_PEEK) != 0);
    if (!(flags & MSG_PEEK))
        consume(us, queued, queued->len, false);
    return result;
}

long unix_receive(struct socket *socket, struct socket_message *message, struct iter *to, u32 flags)
{
    struct unix_socket *us = unix_of(socket);
    long result;

    message->name_len = 0;
    message->flags = 0;
    if (flags & MSG_OOB)
        return -EOPNOTSUPP;
    mutex_lock(&us->read_mutex);
    if (socket_has(socket, SOCKET_STREAM)) {
        result = receive_stream(us, message, to, (flags & MSG_PEEK) != 0);
    } else {
        result = receive_message(us, message, to, flags);
    }
    mutex_unlock(&us->read_mutex);
    message->has_creds = message->has_creds && socket_has(socket, SOCKET_PASSCRED);
    return result;
}
