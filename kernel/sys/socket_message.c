/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sendmsg, recvmsg and their many-message forms: struct msghdr, its pieces and its control data,
 * which all come from the program and may be anything.
 */
#include "abi/linux/errors.h"
#include "abi/linux/socket.h"
#include "kernel/core/clock.h"
#include "kernel/core/thread.h"
#include "kernel/file/fdtable.h"
#include "kernel/file/file.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/uaccess.h"
#include "kernel/socket/socket.h"
#include "kernel/sys/dispatch.h"
#include "kernel/sys/file_io.h"
#include "kernel/sys/socket_call.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    MESSAGES_MAX = 1024,     /* Of one call, as UIO_MAXIOV. */
    CONTROL_SIZE_MAX = 4096, /* Room for SCM_MAX_FD descriptors three times over. */
};

/* ---- Control data from the program. ---- */

static int take_files(struct socket_message *message, const u8 *data, u64 len)
{
    u32 count = (u32)(len / sizeof(int));

    if (count == 0)
        return 0;
    if (count > SCM_MAX_FD)
        return -EINVAL;
    if (!message->files) {
        message->files = heap_alloc(sizeof(*message->files));
        if (!message->files)
            return -ENOMEM;
        message->files->count = 0;
    }
    if (message->files->count + count > SCM_MAX_FD)
        return -EINVAL;
    for (u32 i = 0; i < count; i++) {
        struct file *file;
        int fd;

        mem_copy(&fd, data + i * sizeof(fd), sizeof(fd));
        file = fdtable_get(current_fdtable(), fd);
        if (!file)
            return -EBADF;
        message->files->file[message->files->count++] = file;
    }
    return 0;
}

/* There is one process, and it is root: it may claim to be nobody else without harm. */
static int take_creds(struct socket_message *message, const u8 *data, u64 len)
{
    if (len != sizeof(message->creds))
        return -EINVAL;
    mem_copy(&message->creds, data, sizeof(message->creds));
    message->has_creds = true;
    return 0;
}

static int take_item(struct socket_message *message, const struct socket *socket,
                     const struct abi_cmsghdr *header, const u8 *data)
{
    u64 len = header->len - sizeof(*header);

    if (header->level == SOL_SOCKET && socket->domain == AF_UNIX) {
        if (header->type == SCM_RIGHTS)
            return take_files(message, data, len);
        if (header->type == SCM_CREDENTIALS)
            return take_creds(message, data, len);
    }
    if (header->level == SOL_SOCKET && header->type != SCM_RIGHTS)
        return -EINVAL;
    if (header->level == IPPROTO_UDP && socket->type == SOCK_DGRAM)
        return -EINVAL; /* UDP_SEGMENT: a datagram that should have been many must not go. */
    /* Where to send from: there is one way. Others are not for this kind of socket. */
    return header->level == IPPROTO_IP && header->type != IP_PKTINFO ? -EINVAL : 0;
}

static int take_items(struct socket_message *message, const struct socket *socket, const u8 *bytes,
                      u64 len)
{
    u64 off = 0;

    while (len - off >= sizeof(struct abi_cmsghdr)) {
        struct abi_cmsghdr header;
        int err;

        mem_copy(&header, bytes + off, sizeof(header));
        if (header.len < sizeof(header) || header.len > len - off)
            return -EINVAL;
        err = take_item(message, socket, &header, bytes + off + sizeof(header));
        if (err < 0)
            return err;
        off = u64_min(off + align_up(header.len, 8), len);
    }
    return 0;
}

static int control_in(struct socket_message *message, const struct socket *socket, uaddr_t control,
                      u64 len)
{
    u8 *bytes;
    int err;

    if (control == 0 || len == 0)
        return 0;
    if (len > CONTROL_SIZE_MAX)
        return -ENOBUFS;
    bytes = heap_alloc(len);
    if (!bytes)
        return -ENOMEM;
    err = copy_in(bytes, control, len);
    if (err == 0)
        err = take_items(message, socket, bytes, len);
    heap_free(bytes);
    return err;
}

/* ---- Control data to the program. ---- */

struct control_out {
    uaddr_t at;
    u64 room;
    u64 used;
    u32 flags; /* MSG_CTRUNC */
    int err;
};

static void put_item(struct control_out *out, int level, int type, const void *data, u64 size)
{
    struct abi_cmsghdr header = { .len = sizeof(header) + size, .level = level, .type = type };

    if (out->err < 0)
        return;
    if (out->room < sizeof(header)) {
        out->flags |= MSG_CTRUNC;
        return;
    }
    if (header.len > out->room) {
        out->flags |= MSG_CTRUNC;
        header.len = out->room;
    }
    out->err = copy_out(out->at + out->used, &header, sizeof(header));
    if (out->err == 0) {
        out->err =
            copy_out(out->at + out->used + sizeof(header), data, header.len - sizeof(header));
    }
    size = u64_min(align_up(header.len, 8), out->room);
    out->used += size;
    out->room -= size;
}

/* Descriptors for as many of the files as there is room for; the others are closed. */
static void put_files(struct control_out *out, struct socket_files *files, bool cloexec)
{
    u64 room = out->room > sizeof(struct abi_cmsghdr)
                   ? (out->room - sizeof(struct abi_cmsghdr)) / sizeof(int)
                   : 0;
    u32 given = 0;
    u32 wanted = (u32)u64_min(files->count, room);
    int *fds = heap_alloc(SCM_MAX_FD * sizeof(*fds));

    while (fds && given < wanted) {
        int fd = fdtable_insert(current_fdtable(), files->file[given], 0, cloexec);

        if (fd < 0)
            break;
        fds[given++] = fd;
    }
    if (given < files->count)
        out->flags |= MSG_CTRUNC;
    if (given > 0)
        put_item(out, SOL_SOCKET, SCM_RIGHTS, fds, given * sizeof(fds[0]));
    files->count -= given;
    mem_move(files->file, files->file + given, files->count * sizeof(struct file *));
    heap_free(fds);
}

static void control_out(struct control_out *out, struct socket_message *message, u32 flags)
{
    if (message->has_stamp) {
        u64 time[2] = { message->stamp_ns / NS_PER_SECOND,
                        message->stamp_ns % NS_PER_SECOND / NS_PER_US };

        put_item(out, SOL_SOCKET, SO_TIMESTAMP, time, sizeof(time));
    }
    if (message->has_creds)
        put_item(out, SOL_SOCKET, SCM_CREDENTIALS, &message->creds, sizeof(message->creds));
    if (message->has_pktinfo)
        put_item(out, IPPROTO_IP, IP_PKTINFO, &message->pktinfo, sizeof(message->pktinfo));
    if (message->has_ttl)
        put_item(out, IPPROTO_IP, IP_TTL, &message->ttl, sizeof(message->ttl));
    if (message->has_tos)
        put_item(out, IPPROTO_IP, IP_TOS, &message->tos, sizeof(message->tos));
    if (message->files)
        put_files(out, message->files, (flags & MSG_CMSG_CLOEXEC) != 0);
}

/* ---- One message. ---- */

static int header_in(struct abi_msghdr *header, uaddr_t from)
{
    int err = copy_in(header, from, sizeof(*header));

    if (err < 0)
        return err;
    if (header->name == 0)
        header->name_len = 0;
    if (header->name_len < 0)
        return -EINVAL;
    header->name_len = (int)u32_min((u32)header->name_len, sizeof(struct abi_sockaddr));
    return header->piece_count > MESSAGES_MAX ? -EMSGSIZE : 0;
}

static long send_one(struct socket *socket, uaddr_t from, u32 flags)
{
    struct socket_message message;
    struct user_pieces pieces;
    struct abi_msghdr header;
    long result = header_in(&header, from);

    if (result < 0)
        return result;
    socket_message_init(&message);
    message.name_len = (u32)header.name_len;
    result = socket_name_in(&message.name, header.name, header.name_len);
    if (result == 0)
        result = control_in(&message, socket, header.control, header.control_len);
    if (result == 0)
        result = user_pieces_init(&pieces, header.pieces, header.piece_count);
    if (result == 0) {
        result = socket_send(socket, &message, &pieces.iter, flags);
        user_pieces_fini(&pieces);
    }
    socket_files_destroy(message.files);
    return result;
}

/* What the message brought goes out: the name, control data, flags and lengths. */
static long message_out(struct abi_msghdr *header, struct socket_message *message, uaddr_t to,
                        u32 flags, long result)
{
    struct control_out out = { .at = header->control,
                               .room = header->control ? header->control_len : 0 };
    int err = 0;

    if (header->name != 0 && message->name_len > 0) {
        err = copy_out(header->name, &message->name,
                       u32_min(message->name_len, (u32)header->name_len));
    }
    control_out(&out, message, flags);
    if (err < 0 || out.err < 0)
        return err < 0 ? err : out.err;
    header->name_len = (int)message->name_len;
    header->control_len = out.used;
    header->flags = message->flags | out.flags | (flags & MSG_CMSG_CLOEXEC);
    err = copy_out(to, header, sizeof(*header));
    return err < 0 ? err : result;
}

static long receive_one(struct socket *socket, uaddr_t to, u32 flags)
{
    struct socket_message message;
    struct user_pieces pieces;
    struct abi_msghdr header;
    long result = header_in(&header, to);

    if (result < 0)
        return result;
    result = user_pieces_init(&pieces, header.pieces, header.piece_count);
    if (result < 0)
        return result;
    socket_message_init(&message);
    result = socket_receive(socket, &message, &pieces.iter, flags);
    user_pieces_fini(&pieces);
    if (result >= 0)
        result = message_out(&header, &message, to, flags, result);
    socket_files_destroy(message.files);
    return result;
}

/* ---- The calls. ---- */

static u32 call_flags(const struct file *file, u32 flags)
{
    return socket_is_nonblocking(file, flags) ? flags | MSG_DONTWAIT : flags;
}

long sys_sendmsg(int fd, uaddr_t message, u32 flags)
{
    struct socket *socket;
    struct file *file;
    long result = socket_get(fd, &file, &socket);

    if (result < 0)
        return result;
    result = socket_sent(socket, send_one(socket, message, call_flags(file, flags)), flags);
    result = socket_interrupted(socket->send_timeout_ns, result);
    file_put(file);
    return result;
}

long sys_recvmsg(int fd, uaddr_t message, u32 flags)
{
    struct socket *socket;
    struct file *file;
    long result = socket_get(fd, &file, &socket);

    if (result < 0)
        return result;
    result = receive_one(socket, message, call_flags(file, flags));
    result = socket_interrupted(socket->receive_timeout_ns, result);
    file_put(file);
    return result;
}

/* Message `index` of an array moved `result` bytes: its length field says so. */
static long note_len(uaddr_t messages, u32 index, long result)
{
    u32 len = (u32)result;

    return copy_out(messages + index * sizeof(struct abi_mmsghdr) +
                        offsetof(struct abi_mmsghdr, len),
                    &len, sizeof(len));
}

long sys_sendmmsg(int fd, uaddr_t messages, u32 count, u32 flags)
{
    struct socket *socket;
    struct file *file;
    long result = socket_get(fd, &file, &socket);
    u32 done = 0;

    if (result < 0)
        return result;
    count = u32_min(count, MESSAGES_MAX);
    while (done < count && result >= 0) {
        result =
            send_one(socket, messages + done * sizeof(struct abi_mmsghdr), call_flags(file, flags));
        result = socket_sent(socket, result, flags);
        if (result >= 0)
            result = note_len(messages, done, result);
        if (result >= 0)
            done++;
        sched_yield_if_due();
    }
    result = socket_interrupted(socket->send_timeout_ns, result);
    file_put(file);
    return done > 0 ? (long)done : result;
}

static int timeout_in(uaddr_t timeout, u64 *deadline_ns)
{
    s64 time[2];

    *deadline_ns = DEADLINE_NONE;
    if (timeout == 0)
        return 0;
    if (copy_in(time, timeout, sizeof(time)) < 0)
        return -EFAULT;
    if (time[0] < 0 || time[1] < 0 || time[1] >= (s64)NS_PER_SECOND)
        return -EINVAL;
    if ((u64)time[0] < UINT64_MAX / NS_PER_SECOND - 1)
        *deadline_ns = clock_deadline((u64)time[0] * NS_PER_SECOND + (u64)time[1]);
    return 0;
}

/* The timeout is looked at between messages only: recvmmsg(2) lists that under BUGS. */
long sys_recvmmsg(int fd, uaddr_t messages, u32 count, u32 flags, uaddr_t timeout)
{
    struct socket *socket;
    struct file *file;
    u64 deadline_ns;
    u32 done = 0;
    long result = timeout_in(timeout, &deadline_ns);

    if (result < 0)
        return result;
    result = socket_get(fd, &file, &socket);
    if (result < 0)
        return result;
    count = u32_min(count, MESSAGES_MAX);
    flags = call_flags(file, flags);
    while (done < count && result >= 0 && (done == 0 || clock_now_ns() < deadline_ns)) {
        result = receive_one(socket, messages + done * sizeof(struct abi_mmsghdr),
                             flags & ~MSG_WAITFORONE);
        if (result >= 0)
            result = note_len(messages, done, result);
        if (result >= 0)
            done++;
        if (flags & MSG_WAITFORONE)
            flags |= MSG_DONTWAIT;
        sched_yield_if_due();
    }
    result = socket_interrupted(socket->receive_timeout_ns, result);
    file_put(file);
    return done > 0 ? (long)done : result;
}
