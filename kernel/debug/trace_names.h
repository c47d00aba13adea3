/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Names of Linux' constants, for the trace: tables without a pointer in every row. */

#include "lib/base/text.h"
#include "lib/base/types.h"

struct trace_names {
    const u32 *values;
    const char *text; /* The names in the order of the values, each ended by a NUL. */
    u32 count;
    const char *unknown; /* What strace puts in a comment beside a value without a name. */
};

/* One of the names, or the number with the comment. */
void trace_put_choice(struct text *text, const struct trace_names *names, u64 value);

/* "A|B|0x40", or "0". A name of value 0 stands for an empty rest. */
void trace_put_flags(struct text *text, const struct trace_names *names, u64 value);

/* The same after something: "|A|B", or nothing. */
void trace_put_more_flags(struct text *text, const struct trace_names *names, u64 value);

/* The name of `value`, or NULL. */
const char *trace_name_find(const struct trace_names *names, u64 value);

#define BEGIN(name, unknown) extern const struct trace_names trace_##name;
#define NAME(name, value)
#define END(name)
#include "kernel/debug/trace_names.def"
#undef BEGIN
#undef NAME
#undef END
