/* SPDX-License-Identifier: Apache-2.0 */
/* System calls on sockets, but for messages with control data (socket_message.c). */
#include "abi/linux/socket.h"

#include "abi/linux/errors.h"
#include "abi/linux/signal.h"
#include "kernel/file/fdtable.h"
#include "kernel/file/file.h"
#include "kernel/mm/iter.h"
#include "kernel/mm/uaccess.h"
#include "kernel/socket/socket.h"
#include "kernel/sys/dispatch.h"
#include "kernel/sys/socket_call.h"
#include "kernel/task/signal.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    OPTION_SIZE_MAX = 256, /* TCP_INFO is the largest we know. */
};

int socket_get(int fd, struct file **file, struct socket **socket)
{
    int err;

    *file = fdtable_get(current_fdtable(), fd);
    if (!*file)
        return -EBADF;
    *socket = socket_of(*file);
    if (*socket)
        return 0;
    err = file_flags(*file) & FILE_PATH ? -EBADF : -ENOTSOCK;
    file_put(*file);
    return err;
}

bool socket_is_nonblocking(const struct file *file, u32 flags)
{
    return (flags & MSG_DONTWAIT) || (file_flags(file) & FILE_NONBLOCK);
}

long socket_interrupted(u64 timeout_ns, long result)
{
    return timeout_ns == 0 ? signal_restartable(result) : result;
}

long socket_sent(const struct socket *socket, long result, u32 flags)
{
    if (result == -EPIPE && !(flags & MSG_NOSIGNAL) && socket_has(socket, SOCKET_STREAM))
        signal_send_self(SIGPIPE);
    return result;
}

int socket_name_in(struct abi_sockaddr *name, uaddr_t from, int len)
{
    if (len < 0 || len > (int)sizeof(*name))
        return -EINVAL;
    mem_zero(name, sizeof(*name));
    return len == 0 ? 0 : copy_in(name, from, (size_t)len);
}

int socket_name_out(uaddr_t to, uaddr_t to_len, const struct abi_sockaddr *address, u32 address_len)
{
    int room;
    int err;

    if (to == 0)
        return 0;
    err = copy_in(&room, to_len, sizeof(room));
    if (err < 0)
        return err;
    if (room < 0)
        return -EINVAL;
    err = copy_out(to, address, u32_min(address_len, (u32)room));
    return err < 0 ? err : copy_out(to_len, &address_len, sizeof(address_len));
}

/* ---- Making them. ---- */

static long install(struct socket *socket, int flags)
{
    struct file *file = socket_file(socket, (flags & SOCK_NONBLOCK) != 0);
    int fd;

    if (!file)
        return -ENOMEM;
    fd = fdtable_insert(current_fdtable(), file, 0, (flags & SOCK_CLOEXEC) != 0);
    if (fd < 0)
        file_put(file);
    return fd;
}

long sys_socket(int domain, int type, int protocol)
{
    int flags = type & ~SOCK_TYPE_MASK;
    struct socket *socket;
    int err;

    if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
        return -EINVAL;
    err = socket_create(domain, type & SOCK_TYPE_MASK, protocol, &socket);
    return err < 0 ? err : install(socket, flags);
}

/* Takes a descriptor that was made a moment ago away again. */
static void uninstall(int fd)
{
    struct file *file;

    if (fdtable_replace(current_fdtable(), fd, NULL, false, &file) == 0 && file)
        file_put(file);
}

long sys_socketpair(int domain, int type, int protocol, uaddr_t fds)
{
    int flags = type & ~SOCK_TYPE_MASK;
    struct socket *first;
    struct socket *second;
    int pair[2];
    int err;

    if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
        return -EINVAL;
    err = socket_create_pair(domain, type & SOCK_TYPE_MASK, protocol, &first, &second);
    if (err < 0)
        return err;
    pair[0] = (int)install(first, flags);
    pair[1] = (int)install(second, flags);
    err = pair[0] < 0 ? pair[0] : pair[1] < 0 ? pair[1] : 0;
    if (err == 0)
        err = copy_out(fds, pair, sizeof(pair));
    if (err < 0) {
        if (pair[0] >= 0)
            uninstall(pair[0]);
        if (pair[1] >= 0)
            uninstall(pair[1]);
    }
    return err;
}

/* ---- Names and connections. ---- */

long sys_bind(int fd, uaddr_t name, int len)
{
    struct abi_sockaddr address;
    struct socket *socket;
    struct file *file;
    int err = socket_get(fd, &file, &socket);

    if (err < 0)
        return err;
    err = socket_name_in(&address, name, len);
    if (err == 0)
        err = socket->ops->bind ? socket->ops->bind(socket, &address, (u32)len) : -EOPNOTSUPP;
    file_put(file);
    return err;
}

long sys_listen(int fd, int backlog)
{
    struct socket *socket;
    struct file *file;
    int err = socket_get(fd, &file, &socket);

    if (err < 0)
        return err;
    err = socket->ops->listen ? socket->ops->listen(socket, backlog) : -EOPNOTSUPP;
    file_put(file);
    return err;
}

long sys_connect(int fd, uaddr_t name, int len)
{
    struct abi_sockaddr address;
    struct socket *socket;
    struct file *file;
    long result = socket_get(fd, &file, &socket);

    if (result < 0)
        return result;
    result = socket_name_in(&address, name, len);
    if (result == 0)
        result = socket_connect(socket, &address, (u32)len, socket_is_nonblocking(file, 0));
    result = socket_interrupted(socket->send_timeout_ns, result);
    file_put(file);
    return result;
}

static long accept_one(struct file *file, struct socket *socket, uaddr_t name, uaddr_t len,
                       int flags)
{
    struct abi_sockaddr address;
    struct socket *accepted;
    u32 address_len = 0;
    long fd;

    /* Out of descriptors, the connection stays where it is, and so does its peer's hope. */
    if (fdtable_is_full(current_fdtable()))
        return -EMFILE;
    fd = socket_accept(socket, socket_is_nonblocking(file, 0), &accepted);
    if (fd < 0)
        return socket_interrupted(socket->receive_timeout_ns, fd);
    /* The peer may be gone already: then its name is. Linux says ECONNABORTED. */
    if (name != 0 && accepted->ops->name(accepted, true, &address, &address_len) < 0) {
        accepted->ops->release(accepted);
        return -ECONNABORTED;
    }
    fd = install(accepted, flags);
    if (fd >= 0 && name != 0) {
        int err = socket_name_out(name, len, &address, address_len);

        if (err < 0) {
            uninstall((int)fd);
            return err;
        }
    }
    return fd;
}

long sys_accept4(int fd, uaddr_t name, uaddr_t len, int flags)
{
    struct socket *socket;
    struct file *file;
    long result;

    if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
        return -EINVAL;
    result = socket_get(fd, &file, &socket);
    if (result < 0)
        return result;
    result = accept_one(file, socket, name, len, flags);
    file_put(file);
    return result;
}

long sys_accept(int fd, uaddr_t name, uaddr_t len)
{
    return sys_accept4(fd, name, len, 0);
}

static long give_name(int fd, uaddr_t name, uaddr_t len, bool peer)
{
    struct abi_sockaddr address;
    struct socket *socket;
    struct file *file;
    u32 address_len;
    int err = socket_get(fd, &file, &socket);

    if (err < 0)
        return err;
    mem_zero(&address, sizeof(address));
    err = socket->ops->name(socket, peer, &address, &address_len);
    file_put(file);
    if (err < 0)
        return err;
    return name == 0 ? -EFAULT : socket_name_out(name, len, &address, address_len);
}

long sys_getsockname(int fd, uaddr_t name, uaddr_t len)
{
    return give_name(fd, name, len, false);
}

long sys_getpeername(int fd, uaddr_t name, uaddr_t len)
{
    return give_name(fd, name, len, true);
}

long sys_shutdown(int fd, int how)
{
    struct socket *socket;
    struct file *file;
    int err = socket_get(fd, &file, &socket);

    if (err < 0)
        return err;
    if (how < SHUT_RD || how > SHUT_RDWR) {
        err = -EINVAL;
    } else {
        err = socket->ops->shutdown ? socket->ops->shutdown(socket, how) : -EOPNOTSUPP;
    }
    file_put(file);
    return err;
}

/* ---- Bytes. ---- */

/* A length beyond what any call may move (as Linux: a page less than 2 GiB) is cut. */
static int user_buffer(struct iter *iter, uaddr_t buffer, u64 size)
{
    size = u64_min(size, INT32_MAX & ~4095u);
    if (!user_range_ok(buffer, size))
        return -EFAULT;
    iter_init_user(iter, buffer, size);
    return 0;
}

long sys_sendto(int fd, uaddr_t buffer, u64 size, u32 flags, uaddr_t name, int len)
{
    struct socket_message message;
    struct socket *socket;
    struct file *file;
    struct iter iter;
    long result = user_buffer(&iter, buffer, size);

    if (result < 0)
        return result;
    result = socket_get(fd, &file, &socket);
    if (result < 0)
        return result;
    socket_message_init(&message);
    if (name != 0) {
        result = socket_name_in(&message.name, name, len);
        message.name_len = (u32)len;
    }
    if (result == 0) {
        if (file_flags(file) & FILE_NONBLOCK)
            flags |= MSG_DONTWAIT;
        result = socket_send(socket, &message, &iter, flags);
        result = socket_interrupted(socket->send_timeout_ns, socket_sent(socket, result, flags));
    }
    file_put(file);
    return result;
}

long sys_recvfrom(int fd, uaddr_t buffer, u64 size, u32 flags, uaddr_t name, uaddr_t len)
{
    struct socket_message message;
    struct socket *socket;
    struct file *file;
    struct iter iter;
    long result = user_buffer(&iter, buffer, size);
    int err = 0;

    if (result < 0)
        return result;
    result = socket_get(fd, &file, &socket);
    if (result < 0)
        return result;
    socket_message_init(&message);
    if (file_flags(file) & FILE_NONBLOCK)
        flags |= MSG_DONTWAIT;
    result = socket_receive(socket, &message, &iter, flags);
    result = socket_interrupted(socket->receive_timeout_ns, result);
    file_put(file);
    socket_files_destroy(message.files);
    if (result >= 0 && name != 0)
        err = socket_name_out(name, len, &message.name, message.name_len);
    return err < 0 ? err : result;
}

/* ---- Options. ---- */

long sys_setsockopt(int fd, int level, int name, uaddr_t value, int len)
{
    u8 bytes[OPTION_SIZE_MAX];
    struct socket *socket;
    struct file *file;
    int err = socket_get(fd, &file, &socket);

    if (err < 0)
        return err;
    err = -EINVAL;
    if (len >= 0) {
        u32 size = u32_min((u32)len, sizeof(bytes));

        err = copy_in(bytes, value, size);
        if (err == 0)
            err = socket_set_option(socket, level, name, bytes, size);
    }
    file_put(file);
    return err;
}

long sys_getsockopt(int fd, int level, int name, uaddr_t value, uaddr_t len)
{
    u8 bytes[OPTION_SIZE_MAX];
    struct socket *socket;
    struct file *file;
    int room = 0;
    u32 size;
    int err = socket_get(fd, &file, &socket);

    if (err < 0)
        return err;
    err = copy_in(&room, len, sizeof(room));
    if (err == 0 && room < 0)
        err = -EINVAL;
    size = u32_min((u32)room, sizeof(bytes));
    if (err == 0)
        err = socket_get_option(socket, level, name, bytes, &size);
    file_put(file);
    if (err == 0)
        err = copy_out(value, bytes, size);
    return err < 0 ? err : copy_out(len, &size, sizeof(size));
}
