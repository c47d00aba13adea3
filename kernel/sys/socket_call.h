/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the handlers for sockets share. */

#include "kernel/file/file.h"
#include "kernel/socket/socket.h"
#include "lib/base/types.h"

/* The socket `fd` names, and a reference to its file: 0, -EBADF, -ENOTSOCK. */
int socket_get(int fd, struct file **file, struct socket **socket) MUST_USE;

bool socket_is_nonblocking(const struct file *file, u32 flags);

/* With a timeout set an interrupted call is not restarted (signal(7)). */
long socket_interrupted(u64 timeout_ns, long result) MUST_USE;

/* SIGPIPE, where it is due: for streams. Returns `result`. */
long socket_sent(const struct socket *socket, long result, u32 flags) MUST_USE;

/* Addresses from and to the program: 0, -EFAULT, -EINVAL. */
int socket_name_in(struct abi_sockaddr *name, uaddr_t from, int len) MUST_USE;
int socket_name_out(uaddr_t to, uaddr_t to_len, const struct abi_sockaddr *address, u32 address_len)
    MUST_USE;
