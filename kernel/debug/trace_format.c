/* SPDX-License-Identifier: Apache-2.0 */
/* The line of a system call as a whole: name, arguments by the table of their kinds, result. */
#include "abi/linux/nr_x86_64.h"
#include "kernel/debug/trace.h"
#include "kernel/debug/trace_call.h"
#include "kernel/debug/trace_put.h"
#include "kernel/debug/trace_result.h"
#include "kernel/mm/uaccess.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

enum trace_when {
    IN,
    OUT,
    REST,
};

enum trace_kind {
    T_NONE,
#define KIND(kind, fn, names, when) kind,
#include "kernel/debug/trace_kinds.def"
#undef KIND
};

struct kind {
    trace_put_fn *put;
    const struct trace_names *names;
    enum trace_when when;
};

static const struct kind kinds[] = {
#define KIND(kind, fn, its_names, its_when) [kind] = { trace_arg_##fn, its_names, its_when },
#include "kernel/debug/trace_kinds.def"
#undef KIND
};

/* Which call has which kinds. An array of small numbers: no pointer to relocate. */
static const struct call {
    u8 is_known;
    u8 result; /* enum trace_result */
    u8 kinds[TRACE_ARGS_MAX];
} calls[NR_COUNT] = {
#define TRACE(name, its_result, ...) [NR_##name] = { 1, its_result, { __VA_ARGS__ } },
#include "kernel/debug/trace_calls.def"
#undef TRACE
};

/* The names one after the other, and where each begins, from 1: no pointers to relocate. */
#define NR(number, name) char name[sizeof(#name)];
static const struct names {
    char none[1];
#include "abi/linux/nr_x86_64.def"
#undef NR
} names = {
#define NR(number, its_name) .its_name = #its_name,
#include "abi/linux/nr_x86_64.def"
#undef NR
};

#define NR(number, name) [number] = offsetof(struct names, name),
static const u16 name_offs[NR_COUNT] = {
#include "abi/linux/nr_x86_64.def"
};
#undef NR

const char *trace_call_name(u64 nr)
{
    return nr < NR_COUNT && name_offs[nr] != 0 ? (const char *)&names + name_offs[nr] : NULL;
}

static void put_name(struct trace_call *call)
{
    const char *name = trace_call_name(call->nr);

    if (name) {
        text_format(&call->text, "%s(", name);
    } else {
        text_format(&call->text, "syscall_%#llx(", (unsigned long long)call->nr);
    }
}

/* A call that the kernel lacks: nobody says how many arguments mean something. */
static void put_raw_arguments(struct trace_call *call)
{
    for (u32 i = 0; i < TRACE_ARGS_MAX; i++) {
        text_format(&call->text, "%s%#llx", i > 0 ? ", " : "", (unsigned long long)call->args[i]);
    }
    call->next = TRACE_ARGS_MAX;
}

static const struct call *call_find(const struct trace_call *call)
{
    return call->nr < NR_COUNT && calls[call->nr].is_known ? &calls[call->nr] : NULL;
}

/* The kind of argument `index`; one that puts nothing when there is none. */
static const struct kind *kind_at(const struct call *known, u32 index)
{
    static const struct kind none = { .when = REST };

    if (index >= TRACE_ARGS_MAX || known->kinds[index] == T_NONE)
        return &none;
    return &kinds[known->kinds[index]];
}

/* Puts arguments from `next` on, until one that is not known yet. */
static void put_arguments(struct trace_call *call)
{
    const struct call *known = call_find(call);

    if (!known) {
        if (call->next == 0)
            put_raw_arguments(call);
        return;
    }
    for (; call->next < TRACE_ARGS_MAX; call->next++) {
        const struct kind *kind = kind_at(known, call->next);

        if (kind->when == OUT && !call->is_over)
            return;
        if (kind->put)
            kind->put(call, call->next, kind->names);
        if (kind_at(known, call->next + 1)->when != REST)
            text_put_string(&call->text, ", ");
    }
}

void trace_call_init(struct trace_call *call)
{
    text_init(&call->text, call->line, sizeof(call->line) - TRACE_TAIL_SIZE);
}

/* What a length says before the call changes it. */
static void keep_room(struct trace_call *call)
{
    const struct call *known = call_find(call);

    for (u32 i = 0; known && i < TRACE_ARGS_MAX; i++) {
        if (known->kinds[i] == T_NAME_LEN &&
            copy_in(&call->room, call->args[i], sizeof(call->room)) < 0)
            call->room = 0;
    }
}

void trace_call_begin(struct trace_call *call)
{
    keep_room(call);
    put_name(call);
    put_arguments(call);
}

static void put_end(struct trace_call *call)
{
    size_t column;

    call->text.size = sizeof(call->line); /* What was kept for this. */
    if (call->text.dropped > 0)
        text_put_string(&call->text, "...");
    text_put_char(&call->text, ')');
    for (column = call->text.len; column < TRACE_RESULT_COLUMN - 1; column++)
        text_put_char(&call->text, ' ');
    text_put_string(&call->text, " = ");
}

void trace_call_end(struct trace_call *call, long result)
{
    const struct call *known = call_find(call);

    call->result = result;
    call->is_over = true;
    put_arguments(call);
    put_end(call);
    trace_put_result(call, known ? (enum trace_result)known->result : R_DEC);
}

void trace_call_end_unknown(struct trace_call *call)
{
    put_end(call);
    text_put_char(&call->text, '?');
}
