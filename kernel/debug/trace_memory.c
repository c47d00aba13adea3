/* SPDX-License-Identifier: Apache-2.0 */
/* Plain arguments and bytes of the program, in quotes as strace(1) has them. */
#include "abi/linux/errors.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/stat.h"
#include "kernel/debug/trace_call.h"
#include "kernel/debug/trace_names.h"
#include "kernel/debug/trace_put.h"
#include "kernel/mm/uaccess.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

enum {
    PATH_MAX_SHOWN = 4095,
    CHUNK = 128, /* Bytes copied from the program at a time. */
};

/* ---- Numbers. ---- */

void trace_put_address(struct text *text, u64 address)
{
    if (address == 0) {
        text_put_string(text, "NULL");
    } else {
        text_format(text, "%#llx", (unsigned long long)address);
    }
}

void trace_put_octal(struct text *text, u64 value)
{
    text_format(text, value > 077 ? "0%llo" : "%03llo", (unsigned long long)value);
}

void trace_put_argument_address(struct trace_call *call, u32 index)
{
    trace_put_address(&call->text, call->args[index]);
}

bool trace_fetch(struct trace_call *call, u32 index, void *to, size_t size)
{
    if (call->args[index] != 0 && !trace_has_failed(call) &&
        copy_in(to, call->args[index], size) == 0)
        return true;
    trace_put_argument_address(call, index);
    return false;
}

void trace_arg_int(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    text_format(&call->text, "%d", (int)call->args[index]);
}

void trace_arg_uint(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    text_format(&call->text, "%u", (u32)call->args[index]);
}

void trace_arg_long(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    text_format(&call->text, "%lld", (long long)call->args[index]);
}

void trace_arg_ulong(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    text_format(&call->text, "%llu", (unsigned long long)call->args[index]);
}

void trace_arg_hex(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    text_format(&call->text, "%#llx", (unsigned long long)call->args[index]);
}

void trace_arg_hex32(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    text_format(&call->text, "%#x", (u32)call->args[index]);
}

void trace_arg_ptr(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    trace_put_argument_address(call, index);
}

void trace_arg_nothing(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)call;
    (void)index;
    (void)names;
}

void trace_arg_dirfd(struct trace_call *call, u32 index, const struct trace_names *names)
{
    if ((int)call->args[index] == AT_FDCWD) {
        text_put_string(&call->text, "AT_FDCWD");
    } else {
        trace_arg_int(call, index, names);
    }
}

void trace_arg_mode(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    trace_put_octal(&call->text, (u16)call->args[index]);
}

void trace_arg_file_mode(struct trace_call *call, u32 index, const struct trace_names *names)
{
    u64 mode = (u16)call->args[index];
    const char *type = trace_name_find(&trace_file_type, mode & S_IFMT);

    (void)names;
    if (type)
        text_format(&call->text, "%s|", type);
    trace_put_octal(&call->text, type ? mode & ~(u64)S_IFMT : mode);
}

/* ---- Bytes. ---- */

static const char *short_escape(u8 byte)
{
    switch (byte) {
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    case '\v':
        return "\\v";
    case '\f':
        return "\\f";
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    default:
        return NULL;
    }
}

/* `next` follows in the text: a digit there would be taken for one of the number. */
static void put_byte(struct text *text, u8 byte, int next)
{
    const char *escape = short_escape(byte);

    if (escape) {
        text_put(text, escape, 2);
    } else if (byte >= ' ' && byte <= '~') {
        text_put_char(text, (char)byte);
    } else if (next >= '0' && next <= '7') {
        text_format(text, "\\%03o", byte);
    } else {
        text_format(text, "\\%o", byte);
    }
}

static void put_bytes(struct text *text, const u8 *bytes, size_t len, int next)
{
    for (size_t i = 0; i < len; i++)
        put_byte(text, bytes[i], i + 1 < len ? bytes[i + 1] : next);
}

void trace_put_quoted(struct text *text, const u8 *bytes, size_t len)
{
    text_put_char(text, '"');
    put_bytes(text, bytes, len, -1);
    text_put_char(text, '"');
}

void trace_put_buffer(struct text *text, uaddr_t from, u64 size)
{
    u8 bytes[TRACE_STRING_MAX];
    size_t len = u64_min(size, sizeof(bytes));

    if (from == 0 || copy_in(bytes, from, len) < 0) {
        trace_put_address(text, from);
        return;
    }
    trace_put_quoted(text, bytes, len);
    if (size > len)
        text_put_string(text, "...");
}

/* The length of the program's text in `bytes`; `size` when it goes on; -1: cannot be read. */
static long chunk_read(u8 *bytes, uaddr_t from, size_t size)
{
    long len = copy_in_text((char *)bytes, from, size);

    if (len == -ENAMETOOLONG)
        return (long)size;
    return len < 0 ? -1 : len;
}

static void put_text(struct text *text, uaddr_t from, u64 max)
{
    u8 bytes[CHUNK];
    size_t start_len = text->len;
    u64 done = 0;

    if (from == 0) {
        text_put_string(text, "NULL");
        return;
    }
    text_put_char(text, '"');
    while (done < max) {
        size_t size = u64_min(max - done, sizeof(bytes));
        long len = chunk_read(bytes, from + done, size);

        if (len < 0 && text->dropped == 0) {
            text->len = start_len; /* Not a text: all of it is an address. */
            trace_put_address(text, from);
            return;
        }
        put_bytes(text, bytes, (size_t)(len < 0 ? 0 : len), -1);
        if (len < (long)size)
            break;
        done += size;
    }
    text_put_char(text, '"');
    if (done >= max)
        text_put_string(text, "...");
}

void trace_put_path(struct text *text, uaddr_t from)
{
    put_text(text, from, PATH_MAX_SHOWN);
}

void trace_put_string(struct text *text, uaddr_t from)
{
    put_text(text, from, TRACE_STRING_MAX);
}

void trace_arg_path(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    trace_put_path(&call->text, call->args[index]);
}

void trace_arg_string(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    trace_put_string(&call->text, call->args[index]);
}

void trace_arg_buffer_in(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    trace_put_buffer(&call->text, call->args[index], call->args[index + 1]);
}

void trace_arg_buffer_out(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    if (trace_has_failed(call)) {
        trace_put_argument_address(call, index);
    } else {
        trace_put_buffer(&call->text, call->args[index], (u64)call->result);
    }
}

void trace_arg_random_out(struct trace_call *call, u32 index, const struct trace_names *names)
{
    u8 bytes[TRACE_STRING_MAX];
    size_t len = u64_min((u64)call->result, sizeof(bytes));

    (void)names;
    if (trace_has_failed(call) || copy_in(bytes, call->args[index], len) < 0) {
        trace_put_argument_address(call, index);
        return;
    }
    text_put_char(&call->text, '"');
    for (size_t i = 0; i < len; i++)
        text_format(&call->text, "\\x%02x", bytes[i]);
    text_put_char(&call->text, '"');
    if ((u64)call->result > len)
        text_put_string(&call->text, "...");
}

void trace_arg_cwd_out(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    if (trace_has_failed(call)) {
        trace_put_argument_address(call, index);
    } else {
        trace_put_path(&call->text, call->args[index]);
    }
}

/* ---- Arrays. ---- */

struct piece {
    u64 base;
    u64 len;
};

void trace_put_pieces(struct text *text, uaddr_t pieces, u64 count, u64 bytes_max)
{
    struct piece piece;

    if (copy_in(&piece, pieces, sizeof(piece)) < 0 && count > 0) {
        trace_put_address(text, pieces);
        return;
    }
    text_put_char(text, '[');
    for (u64 i = 0; i < count; i++) {
        if (i == TRACE_ITEMS_MAX || text->dropped > 0) {
            text_put_string(text, ", ...");
            break;
        }
        if (i > 0)
            text_put_string(text, ", ");
        if (copy_in(&piece, pieces + i * sizeof(piece), sizeof(piece)) < 0) {
            text_put_string(text, "...");
            break;
        }
        text_put_string(text, "{iov_base=");
        trace_put_buffer(text, piece.base, u64_min(piece.len, bytes_max));
        text_format(text, ", iov_len=%llu}", (unsigned long long)piece.len);
        bytes_max -= u64_min(piece.len, bytes_max);
    }
    text_put_char(text, ']');
}

void trace_arg_pieces_in(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    trace_put_pieces(&call->text, call->args[index], call->args[index + 1], UINT64_MAX);
}

void trace_arg_pieces_out(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    if (trace_has_failed(call)) {
        trace_put_argument_address(call, index);
    } else {
        trace_put_pieces(&call->text, call->args[index], call->args[index + 1], (u64)call->result);
    }
}

/* How many directory entries lie in what getdents64(2) filled in. */
static u32 entries_count(uaddr_t from, u64 size)
{
    u32 count = 0;
    u64 off = 0;

    while (off < size) {
        struct linux_dirent64 entry;

        if (copy_in(&entry, from + off, sizeof(entry)) < 0 || entry.d_reclen < sizeof(entry))
            break;
        off += entry.d_reclen;
        count++;
    }
    return count;
}

void trace_arg_dirents(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    trace_put_argument_address(call, index);
    if (!trace_has_failed(call)) {
        text_format(&call->text, " /* %u entries */",
                    entries_count(call->args[index], (u64)call->result));
    }
}

static u32 strings_count(uaddr_t from)
{
    u32 count = 0;
    u64 address;

    while (count < 1000 &&
           copy_in(&address, from + count * sizeof(address), sizeof(address)) == 0 && address != 0)
        count++;
    return count;
}

void trace_arg_strings_count(struct trace_call *call, u32 index, const struct trace_names *names)
{
    u32 count = call->args[index] != 0 ? strings_count(call->args[index]) : 0;

    (void)names;
    trace_put_argument_address(call, index);
    if (call->args[index] != 0)
        text_format(&call->text, " /* %u var%s */", count, count == 1 ? "" : "s");
}

void trace_arg_strings(struct trace_call *call, u32 index, const struct trace_names *names)
{
    uaddr_t from = call->args[index];
    u64 address;

    (void)names;
    if (from == 0 || copy_in(&address, from, sizeof(address)) < 0) {
        trace_put_argument_address(call, index);
        return;
    }
    text_put_char(&call->text, '[');
    for (u32 i = 0; address != 0; i++) {
        if (i > 0)
            text_put_string(&call->text, ", ");
        if (i == TRACE_ITEMS_MAX) {
            text_put_string(&call->text, "...");
            break;
        }
        trace_put_string(&call->text, address);
        if (copy_in(&address, from + (i + 1) * sizeof(address), sizeof(address)) < 0)
            break;
    }
    text_put_char(&call->text, ']');
}

/* `count` numbers that the call stored: "[3, 4]". */
static void put_numbers_out(struct trace_call *call, u32 index, u32 count)
{
    u32 numbers[2];

    if (!trace_fetch(call, index, numbers, count * sizeof(u32)))
        return;
    text_put_char(&call->text, '[');
    for (u32 i = 0; i < count; i++) {
        if (i > 0)
            text_put_string(&call->text, ", ");
        text_format(&call->text, "%d", (int)numbers[i]);
    }
    text_put_char(&call->text, ']');
}

void trace_arg_uint_out(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    put_numbers_out(call, index, 1);
}

void trace_arg_fds_out(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    put_numbers_out(call, index, 2);
}

/* sendfile(2): what the offset became. What it was is not kept. */
void trace_arg_off_in_out(struct trace_call *call, u32 index, const struct trace_names *names)
{
    u64 off;

    (void)names;
    if (!trace_fetch(call, index, &off, sizeof(off)))
        return;
    text_format(&call->text, "[%llu] => [%llu]", (unsigned long long)(off - (u64)call->result),
                (unsigned long long)off);
}
