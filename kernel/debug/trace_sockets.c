/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets: their names, messages and options. */
#include "abi/linux/socket.h"
#include "kernel/debug/trace_call.h"
#include "kernel/debug/trace_names.h"
#include "kernel/debug/trace_put.h"
#include "kernel/mm/uaccess.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

enum {
    IPV6_NAME_SIZE = 28, /* sizeof(struct sockaddr_in6) */
    IPV6_WORDS = 8,
    SOL_IP = 0,
    SOL_TCP = 6,
};

void trace_arg_sock_type_arg(struct trace_call *call, u32 index, const struct trace_names *names)
{
    u32 type = (u32)call->args[index];

    (void)names;
    if (!trace_name_find(&trace_sock_type, type & SOCK_TYPE_MASK)) {
        trace_put_choice(&call->text, &trace_sock_type, type);
        return;
    }
    trace_put_choice(&call->text, &trace_sock_type, type & SOCK_TYPE_MASK);
    trace_put_more_flags(&call->text, &trace_sock_flags, type & ~(u32)SOCK_TYPE_MASK);
}

void trace_arg_protocol(struct trace_call *call, u32 index, const struct trace_names *names)
{
    u32 protocol = (u32)call->args[index];
    u32 family = (u32)call->args[0];

    (void)names;
    if (family == AF_INET || family == AF_INET6) {
        trace_put_choice(&call->text, &trace_ip_protocol, protocol);
    } else if (family == AF_NETLINK) {
        trace_put_choice(&call->text, &trace_netlink_protocol, protocol);
    } else {
        text_format(&call->text, "%u", protocol);
    }
}

/* ---- Names. ---- */

static void put_ipv4(struct text *text, const struct abi_sockaddr *name)
{
    struct abi_sockaddr_in in;
    u32 ip;

    mem_copy(&in, name, sizeof(in));
    ip = be32_get(in.address);
    text_format(text, ", sin_port=htons(%u), sin_addr=inet_addr(\"%u.%u.%u.%u\")",
                be16_get(in.port), ip >> 24, ip >> 16 & 0xff, ip >> 8 & 0xff, ip & 0xff);
}

static u32 word_at(const u8 *bytes, size_t index)
{
    return (u32)bytes[2 * index] << 8 | bytes[2 * index + 1];
}

/* As inet_ntop(3) does: the longest run of zeros, two at least, is left out. */
static void put_ipv6_address(struct text *text, const u8 *bytes)
{
    size_t best = IPV6_WORDS;
    size_t best_len = 1;

    for (size_t i = 0; i < IPV6_WORDS; i++) {
        size_t len = 0;

        while (i + len < IPV6_WORDS && word_at(bytes, i + len) == 0)
            len++;
        if (len > best_len) {
            best = i;
            best_len = len;
        }
    }
    for (size_t i = 0; i < IPV6_WORDS; i++) {
        if (i == best) {
            i += best_len - 1;
            text_format(text, "%s", i + 1 == IPV6_WORDS ? "::" : ":");
        } else {
            text_format(text, "%s%x", i > 0 ? ":" : "", word_at(bytes, i));
        }
    }
}

static void put_ipv6(struct text *text, const struct abi_sockaddr *name)
{
    const u8 *bytes = (const u8 *)name;

    text_format(text, ", sin6_port=htons(%u), sin6_flowinfo=htonl(%u), inet_pton(AF_INET6, \"",
                bytes[2] << 8 | bytes[3],
                (u32)bytes[4] << 24 | (u32)bytes[5] << 16 | (u32)bytes[6] << 8 | bytes[7]);
    put_ipv6_address(text, bytes + 8);
    text_format(text, "\", &sin6_addr), sin6_scope_id=%u",
                (u32)bytes[24] | (u32)bytes[25] << 8 | (u32)bytes[26] << 16 | (u32)bytes[27] << 24);
}

static void put_unix(struct text *text, const struct abi_sockaddr *name, size_t len)
{
    const u8 *path = (const u8 *)name + 2;
    size_t path_len = size_min(len - 2, UNIX_PATH_MAX);

    if (path_len == 0)
        return;
    text_put_string(text, ", sun_path=");
    if (path[0] == '\0' && path_len > 1) {
        text_put_char(text, '@');
        trace_put_quoted(text, path + 1, path_len - 1);
    } else {
        trace_put_quoted(text, path, str_len_max((const char *)path, path_len));
    }
}

static void put_netlink(struct text *text, const struct abi_sockaddr *name)
{
    struct abi_sockaddr_nl netlink;

    mem_copy(&netlink, name, sizeof(netlink));
    text_format(text, ", nl_pid=%u, nl_groups=%08x", netlink.pid, netlink.groups);
}

void trace_put_name(struct text *text, uaddr_t from, u64 len)
{
    struct abi_sockaddr name;

    mem_zero(&name, sizeof(name));
    if (from == 0 || len < 2 || copy_in(&name, from, u64_min(len, sizeof(name))) < 0) {
        trace_put_address(text, from);
        return;
    }
    len = u64_min(len, sizeof(name));
    text_put_string(text, "{sa_family=");
    trace_put_choice(text, &trace_af, name.family);
    if (name.family == AF_INET && len >= sizeof(struct abi_sockaddr_in)) {
        put_ipv4(text, &name);
    } else if (name.family == AF_INET6 && len >= IPV6_NAME_SIZE) {
        put_ipv6(text, &name);
    } else if (name.family == AF_UNIX) {
        put_unix(text, &name, len);
    } else if (name.family == AF_NETLINK && len >= sizeof(struct abi_sockaddr_nl)) {
        put_netlink(text, &name);
    } else if (len > 2) {
        text_put_string(text, ", sa_data=");
        trace_put_quoted(text, name.bytes, len - 2);
    }
    text_put_char(text, '}');
}

void trace_arg_name_in(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    trace_put_name(&call->text, call->args[index], (u32)call->args[index + 1]);
}

void trace_arg_name_out(struct trace_call *call, u32 index, const struct trace_names *names)
{
    u32 len;

    (void)names;
    if (call->args[index] == 0 || trace_has_failed(call) ||
        copy_in(&len, call->args[index + 1], sizeof(len)) < 0) {
        trace_put_argument_address(call, index);
    } else {
        trace_put_name(&call->text, call->args[index], len);
    }
}

/* The room there was, and the length that it became. */
void trace_arg_name_len(struct trace_call *call, u32 index, const struct trace_names *names)
{
    u32 len;

    (void)names;
    if (call->args[index] == 0 || copy_in(&len, call->args[index], sizeof(len)) < 0) {
        trace_put_argument_address(call, index);
    } else if (len != call->room && !trace_has_failed(call)) {
        text_format(&call->text, "[%d => %d]", (int)call->room, (int)len);
    } else {
        text_format(&call->text, "[%d]", (int)len);
    }
}

/* ---- Messages. ---- */

static void put_message(struct trace_call *call, u32 index, u64 bytes_max)
{
    struct text *text = &call->text;
    struct abi_msghdr header;

    if (copy_in(&header, call->args[index], sizeof(header)) < 0) {
        trace_put_argument_address(call, index);
        return;
    }
    text_put_string(text, "{msg_name=");
    trace_put_name(text, header.name, (u32)header.name_len);
    text_format(text, ", msg_namelen=%d, msg_iov=", header.name_len);
    trace_put_pieces(text, header.pieces, header.piece_count, bytes_max);
    text_format(text, ", msg_iovlen=%llu", (unsigned long long)header.piece_count);
    if (header.control_len > 0) {
        text_put_string(text, ", msg_control=");
        trace_put_address(text, header.control);
    }
    text_format(text, ", msg_controllen=%llu, msg_flags=", (unsigned long long)header.control_len);
    trace_put_flags(text, &trace_msg, header.flags);
    text_put_char(text, '}');
}

void trace_arg_msghdr_in(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    put_message(call, index, UINT64_MAX);
}

void trace_arg_msghdr_out(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    if (trace_has_failed(call)) {
        trace_put_argument_address(call, index);
    } else {
        put_message(call, index, (u64)call->result);
    }
}

/* ---- Options. ---- */

void trace_arg_option(struct trace_call *call, u32 index, const struct trace_names *names)
{
    u32 option = (u32)call->args[index];

    (void)names;
    switch ((u32)call->args[index - 1]) {
    case SOL_SOCKET:
        trace_put_choice(&call->text, &trace_socket_option, option);
        break;
    case SOL_TCP:
        trace_put_choice(&call->text, &trace_tcp_option, option);
        break;
    case SOL_IP:
        trace_put_choice(&call->text, &trace_ip_option, option);
        break;
    default:
        text_format(&call->text, "%#x", option);
    }
}

static bool is_linger(const struct trace_call *call)
{
    return call->args[1] == SOL_SOCKET && call->args[2] == SO_LINGER;
}

/* A number in brackets, what is known by name, else bytes. */
static void put_value(struct trace_call *call, u32 index, u64 len)
{
    struct text *text = &call->text;
    u32 numbers[2];

    if (is_linger(call) && len >= sizeof(numbers) &&
        copy_in(numbers, call->args[index], sizeof(numbers)) == 0) {
        text_format(text, "{l_onoff=%d, l_linger=%d}", (int)numbers[0], (int)numbers[1]);
    } else if (len == sizeof(u32) && copy_in(numbers, call->args[index], sizeof(u32)) == 0) {
        text_format(text, "[%d]", (int)numbers[0]);
    } else {
        trace_put_buffer(text, call->args[index], len);
    }
}

void trace_arg_option_in(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    put_value(call, index, (u32)call->args[index + 1]);
}

void trace_arg_option_out(struct trace_call *call, u32 index, const struct trace_names *names)
{
    u32 len;

    (void)names;
    if (trace_has_failed(call) || copy_in(&len, call->args[index + 1], sizeof(len)) < 0) {
        trace_put_argument_address(call, index);
    } else {
        put_value(call, index, len);
    }
}
