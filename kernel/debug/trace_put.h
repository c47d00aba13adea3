/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How arguments are put into a line: a function for each kind. Everything is copied in from the
 * program; what cannot be read is shown as its address, as strace does.
 */

#include "kernel/debug/trace_call.h"
#include "kernel/debug/trace_names.h"
#include "lib/base/types.h"

struct abi_siginfo;

/* Puts argument `index`; `names` are those of its kind. */
typedef void trace_put_fn(struct trace_call *call, u32 index, const struct trace_names *names);

/* NULL or 0x... */
void trace_put_address(struct text *text, u64 address);

/* The bytes in quotes, escaped as strace does; all of them. */
void trace_put_quoted(struct text *text, const u8 *bytes, size_t len);

/* `size` bytes of the program, cut to TRACE_STRING_MAX. */
void trace_put_buffer(struct text *text, uaddr_t from, u64 size);

/* A NUL-ended text of the program: all of it, or cut to TRACE_STRING_MAX. */
void trace_put_path(struct text *text, uaddr_t from);
void trace_put_string(struct text *text, uaddr_t from);

/* `count` pieces of memory, of whose bytes `bytes_max` mean something. */
void trace_put_pieces(struct text *text, uaddr_t pieces, u64 count, u64 bytes_max);

/* A signal by its name, and a set of them. */
void trace_put_signal(struct text *text, u64 signal);
void trace_put_signal_set(struct text *text, u64 set);
void trace_put_siginfo(struct text *text, const struct abi_siginfo *info);

/* A socket's name of `len` bytes. */
void trace_put_name(struct text *text, uaddr_t from, u64 len);

void trace_put_timespec(struct text *text, uaddr_t from);

/* open(2)'s flags, the access mode first. */
void trace_put_open_flags(struct text *text, u64 flags);

/* select(2): whether a set holds anything, and the time that was left. */
bool trace_fd_set_has(const struct trace_call *call, u32 index);
void trace_put_time_left(struct trace_call *call);
bool trace_is_pselect(const struct trace_call *call);

/* An octal number with a leading 0, as of a mode. */
void trace_put_octal(struct text *text, u64 value);

/* Argument `index` shown plainly as an address. */
void trace_put_argument_address(struct trace_call *call, u32 index);

/*
 * Copies in what argument `index` points to. False, and the address is put, when nothing can be
 * read there, or when the call has failed: what it should have filled in was not.
 */
bool trace_fetch(struct trace_call *call, u32 index, void *to, size_t size);

/* True when the call is over and has failed: what it should have filled in was not. */
static inline bool trace_has_failed(const struct trace_call *call)
{
    return call->is_over && call->result < 0 && call->result >= -4095;
}

/* The functions of trace_kinds.def. */
#define KIND(kind, fn, names, when) trace_put_fn trace_arg_##fn;
#include "kernel/debug/trace_kinds.def"
#undef KIND
