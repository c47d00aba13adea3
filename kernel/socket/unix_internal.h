/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Unix sockets: what unix.c, unix_io.c and unix_address.c share.
 *
 * One lock, unix_lock, guards who is connected to whom, every queue and every name. It is held for
 * a few pointers at a time: copies, allocations and the drop of references happen outside.
 *
 * A socket lives while its file does or another socket points to it. Messages that hold open files
 * (SCM_RIGHTS) may hold sockets that hold messages: they are destroyed by one thread at a time from
 * a list, never recursively. Sockets that are in flight only in each other's queues are never
 * freed: UNIX_FILES_IN_FLIGHT_MAX bounds what a program can lose that way, and then sending gives
 * -ETOOMANYREFS.
 */

#include "kernel/core/mutex.h"
#include "kernel/core/spinlock.h"
#include "kernel/socket/socket.h"
#include "lib/base/list.h"
#include "lib/base/types.h"

struct inode;
struct path_node;

enum {
    UNIX_FILES_IN_FLIGHT_MAX = 16384,
    UNIX_DGRAM_QUEUE_MAX = 512, /* Datagrams; Linux: net.unix.max_dgram_qlen. */
    /* A stream's bytes travel in pieces up to this: with their header 32 KiB, a whole block. */
    UNIX_CHUNK_MAX = 32768 - 40,
    UNIX_CHUNK_MIN = 1024, /* When memory is in pieces, theirs get smaller down to this. */
};

/* A name, in the form the program gave it; shared by a listener and what it accepts. */
struct unix_address {
    u32 refs; /* [atomic] */
    u32 len;  /* With the family. */
    struct abi_sockaddr_un name;
};

struct unix_message {
    struct list link;
    struct unix_address *source; /* One reference, or NULL. */
    struct socket_files *files;
    u32 len;
    u32 off; /* Bytes a stream's reader has had. */
    u8 bytes[];
};
static_assert(sizeof(struct unix_message) == 32768 - UNIX_CHUNK_MAX, "more takes twice the memory");

struct unix_socket {
    struct socket socket;
    u32 refs;                /* [atomic] */
    struct mutex read_mutex; /* Readers; they alone take messages off the queue. */

    /* All else under unix_lock. */
    struct unix_socket *peer; /* One reference. Stream: both ways. Datagrams: where they go. */
    struct list queue;        /* Of struct unix_message. */
    u32 queue_count;
    u32 queued_bytes;  /* Charged: with what a message costs. */
    u32 payload_bytes; /* Not read yet. */
    u32 send_buffer;

    struct list pending; /* A listener's connections that nobody accepted, by pending_link. */
    struct list pending_link;
    u32 pending_count;
    u32 backlog;

    struct list waiters; /* Sockets that wait for room in our queue, by waiter_link. */
    struct list waiter_link;

    struct unix_address *address; /* One reference, or NULL. */
    struct path_node *path;       /* Of a bound path: holds its inode. */
    struct list name_link;        /* In the table of abstract names. */

    bool binding; /* A thread is giving it its name just now. */
    bool listening;
    bool connected; /* Was, ever (stream). */
    bool read_shut;
    bool write_shut;
    bool dead; /* Its file is gone. */
    int error; /* To report once, positive. */
};

extern struct spinlock unix_lock;

static inline struct unix_socket *unix_of(struct socket *socket)
{
    return CONTAINER_OF(socket, struct unix_socket, socket);
}

struct unix_socket *unix_get(struct unix_socket *us);
void unix_put(struct unix_socket *us);

/* True while `to` takes no more from `from`. */
bool unix_is_full_locked(const struct unix_socket *from, const struct unix_socket *to);

/* Has `from` woken (POLLOUT) when there is room in `to`. */
void unix_wait_for_room_locked(struct unix_socket *from, struct unix_socket *to);

/* unix_io.c */
long unix_send(struct socket *socket, struct socket_message *message, struct iter *from, u32 flags);
long unix_receive(struct socket *socket, struct socket_message *message, struct iter *to,
                  u32 flags);
/* Empties the list, which may close files and with them other sockets. No lock is held. */
void unix_destroy_messages(struct list *messages);
u64 unix_files_in_flight(void);

/* unix_address.c */
int unix_address_bind(struct unix_socket *us, const struct abi_sockaddr *name, u32 len) MUST_USE;
/* Who is bound to that name: a reference. -ECONNREFUSED, -ENOENT, -EINVAL, ... */
int unix_address_find(const struct abi_sockaddr *name, u32 len, struct unix_socket **found)
    MUST_USE;
/* Gives the name up; with no lock held. */
void unix_address_drop(struct unix_socket *us);
struct unix_address *unix_address_get(struct unix_address *address);
void unix_address_put(struct unix_address *address);
void unix_address_emit(const struct unix_address *address, struct abi_sockaddr *name, u32 *len);

/* For /proc/net/unix. Visits every socket, with unix_lock held. */
void unix_for_each(void (*visit)(void *arg, const struct unix_socket *us), void *arg);
