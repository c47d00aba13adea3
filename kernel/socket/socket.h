/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Sockets as files.
 *
 * A struct socket is the common part of every kind (TCP, UDP, unix, netlink), which embeds it first
 * in a struct of its own and gives it a table of operations. The file owns the socket: it goes with
 * the last reference to the file.
 *
 * The kinds below never block by themselves. Here is the one loop that does: an operation that
 * gives -EAGAIN is tried again when the socket polls ready, until the timeout of SO_RCVTIMEO or
 * SO_SNDTIMEO, or a signal.
 */

#include "abi/linux/socket.h"
#include "kernel/core/wait.h"
#include "kernel/file/file.h"
#include "kernel/mm/iter.h"
#include "lib/base/types.h"

struct socket;

/* Open files under way (SCM_RIGHTS). Each has a reference. */
struct socket_files {
    u32 count;
    struct file *file[SCM_MAX_FD];
};

/* What goes with the bytes of a message: the address, and control data in parsed form. */
struct socket_message {
    struct abi_sockaddr name;
    u32 name_len;               /* 0: none. */
    u32 flags;                  /* Out: MSG_TRUNC, MSG_CTRUNC, MSG_EOR. */
    struct socket_files *files; /* Send: taken over when the message went. Receive: the caller's. */
    bool has_creds;
    struct abi_ucred creds;
    bool has_pktinfo; /* Received with IP_PKTINFO on. */
    struct abi_in_pktinfo pktinfo;
    bool has_ttl;   /* IP_RECVTTL */
    bool has_tos;   /* IP_RECVTOS */
    bool has_stamp; /* SO_TIMESTAMP */
    int ttl;
    u8 tos;
    u64 stamp_ns;
};

struct socket_ops {
    int (*bind)(struct socket *socket, const struct abi_sockaddr *name, u32 len);
    /* -EINPROGRESS or -EALREADY: wait for POLLOUT, then `connected`. */
    int (*connect)(struct socket *socket, const struct abi_sockaddr *name, u32 len);
    int (*connected)(struct socket *socket);
    int (*listen)(struct socket *socket, int backlog);
    int (*accept)(struct socket *socket, struct socket **accepted); /* Or -EAGAIN. */
    int (*name)(struct socket *socket, bool peer, struct abi_sockaddr *name, u32 *len);
    /*
     * One attempt. The number of bytes moved, which may be fewer than there are, or an error
     * number; -EAGAIN when it would have to wait. `flags` are MSG_.
     */
    long (*send)(struct socket *socket, struct socket_message *message, struct iter *from,
                 u32 flags);
    long (*receive)(struct socket *socket, struct socket_message *message, struct iter *to,
                    u32 flags);
    long (*send_page)(struct socket *socket, struct page *page, u32 off, u32 len, bool more);
    int (*shutdown)(struct socket *socket, int how);
    /* For levels and names options.c does not know; -ENOPROTOOPT. */
    int (*set_option)(struct socket *socket, int level, int name, const void *value, u32 len);
    int (*get_option)(struct socket *socket, int level, int name, void *value, u32 *len);
    long (*ioctl)(struct socket *socket, u32 command, uaddr_t arg);
    u32 (*poll)(struct socket *socket);
    void (*release)(struct socket *socket); /* Frees it. May sleep. */
};

enum socket_flags {
    SOCKET_STREAM = 1u << 0,    /* [const] Bytes, not messages: a long send goes in pieces. */
    SOCKET_REUSEADDR = 1u << 1, /* [atomic] The rest: options that are on. */
    SOCKET_REUSEPORT = 1u << 2,
    SOCKET_BROADCAST = 1u << 3,
    SOCKET_KEEPALIVE = 1u << 4,
    SOCKET_OOBINLINE = 1u << 5,
    SOCKET_PASSCRED = 1u << 6,
    SOCKET_TIMESTAMP = 1u << 7,
    SOCKET_LINGER = 1u << 8,
    SOCKET_DONTROUTE = 1u << 9,
    SOCKET_LISTENING = 1u << 10,
    SOCKET_PKTINFO = 1u << 11,
    SOCKET_RECVTTL = 1u << 12,
    SOCKET_RECVERR = 1u << 13,
    SOCKET_FREEBIND = 1u << 14,
    SOCKET_RECVTOS = 1u << 15,
    SOCKET_CONNECTING = 1u << 16, /* A connect() has begun whose end nobody has been told of. */
};

struct socket {
    const struct socket_ops *ops; /* [const] */
    struct wait_queue queue;
    u32 flags;              /* [atomic] enum socket_flags */
    u16 domain;             /* [const] AF_ */
    u16 type;               /* [const] SOCK_ */
    u16 protocol;           /* [const] */
    u16 linger_seconds;     /* [atomic] These are set by options, and one word each. */
    u32 receive_low_water;  /* [atomic] */
    u32 priority;           /* [atomic] */
    u32 mark;               /* [atomic] */
    u64 receive_timeout_ns; /* [atomic] 0: none. */
    u64 send_timeout_ns;    /* [atomic] */
};

/* For the kinds: fills in the common part. */
void socket_init(struct socket *socket, const struct socket_ops *ops, u32 domain, u32 type,
                 u32 protocol, u32 flags);

/* What a socket that `from` has accepted takes over from it: options. */
void socket_inherit(struct socket *socket, const struct socket *from);

/* The counterpart, from `release`. */
void socket_fini(struct socket *socket);

/* A notify function for tcp and udp: `arg` is the socket. */
void socket_notify(void *arg, u32 events);

/* What socket(2) makes: 0, -EAFNOSUPPORT, -EPROTONOSUPPORT, -ESOCKTNOSUPPORT, -EINVAL, -ENOMEM. */
int socket_create(int domain, int type, int protocol, struct socket **socket) MUST_USE;
int socket_create_pair(int domain, int type, int protocol, struct socket **first,
                       struct socket **second) MUST_USE;

/* A file for it, which owns it from now on; on failure (NULL) the socket is released. */
struct file *socket_file(struct socket *socket, bool nonblocking) MUST_USE;

/* The socket a file is, or NULL. */
struct socket *socket_of(struct file *file);

/* Calls of their manual pages; blocking unless the file, or MSG_DONTWAIT, says otherwise. */
int socket_connect(struct socket *socket, const struct abi_sockaddr *name, u32 len,
                   bool nonblocking) MUST_USE;
int socket_accept(struct socket *socket, bool nonblocking, struct socket **accepted) MUST_USE;
long socket_send(struct socket *socket, struct socket_message *message, struct iter *from,
                 u32 flags) MUST_USE;
long socket_receive(struct socket *socket, struct socket_message *message, struct iter *to,
                    u32 flags) MUST_USE;

/*
 * Waits until one of `events` (or an error) holds. 0, -EINTR, -EAGAIN after the timeout.
 * `exclusive`: one of several that wait so is woken at a time.
 */
int socket_wait(struct socket *socket, u32 events, u64 timeout_ns, bool exclusive) MUST_USE;

static inline bool socket_has(const struct socket *socket, u32 flag)
{
    return (__atomic_load_n(&socket->flags, __ATOMIC_RELAXED) & flag) != 0; /* Orders nothing. */
}

static inline void socket_set(struct socket *socket, u32 flag, bool on)
{
    if (on) {
        __atomic_fetch_or(&socket->flags, flag, __ATOMIC_RELAXED);
    } else {
        __atomic_fetch_and(&socket->flags, ~flag, __ATOMIC_RELAXED);
    }
}

/* A message with nothing but bytes. */
void socket_message_init(struct socket_message *message);

/* Gives the references back and frees it; NULL is fine. May sleep. */
void socket_files_destroy(struct socket_files *files);

/* How many there are, for /proc/net/sockstat and leak tests. */
u64 socket_count(void);

/* The kinds. Each like socket_create(). */
int inet_stream_create(struct socket **socket) MUST_USE;
int inet_dgram_create(struct socket **socket) MUST_USE;
int unix_create(int type, struct socket **socket) MUST_USE;
int unix_create_pair(int type, struct socket **first, struct socket **second) MUST_USE;
int netlink_create(int type, int protocol, struct socket **socket) MUST_USE;

/*
 * options.c. `value` and `len` are in kernel memory; get: `*len` is the room, then what was used.
 */
int socket_set_option(struct socket *socket, int level, int name, const void *value, u32 len)
    MUST_USE;
int socket_get_option(struct socket *socket, int level, int name, void *value, u32 *len) MUST_USE;

/* interface.c: the ioctls about network devices, on any socket. -ENOTTY: not one of those. */
long socket_interface_ioctl(u32 command, uaddr_t arg);

/* The limits of /proc/sys/net/core. */
struct socket_limits {
    u32 somaxconn;
    u32 rmem_max, wmem_max, rmem_default, wmem_default;
};
extern struct socket_limits socket_limits; /* [atomic] Each word by itself. */

/* Registers /proc/net and /proc/sys/net. At boot. */
void sockets_init(void);
