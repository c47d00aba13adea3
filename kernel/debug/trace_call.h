/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One system call on its way into a line of text, in the format of strace(1). For kernel/debug.
 *
 * The line is made in two halves: at entry the name and the arguments up to the first that only
 * the result can tell (a buffer that is read into), at the end the rest. What the program's memory
 * holds is copied, never trusted: lengths and counts are cut, and what cannot be read is shown as
 * an address.
 */

#include "lib/base/text.h"
#include "lib/base/types.h"

enum {
    TRACE_ARGS_MAX = 6,
    TRACE_LINE_SIZE = 8192 - 128, /* So that a call takes two pages. What does not fit is cut. */
    TRACE_TAIL_SIZE = 256,        /* Of it, kept for the result. */
    TRACE_STRING_MAX = 32,        /* Bytes of a buffer that are shown, as strace does. */
    TRACE_ITEMS_MAX = 32,         /* Likewise elements of an array. */
    TRACE_RESULT_COLUMN = 40,     /* Where " = " begins, if the line is shorter. */
};

struct trace_call {
    u64 nr;
    u64 args[TRACE_ARGS_MAX];
    long result;      /* [owner] Set when the call is over; then `is_over`. */
    u64 cpu_ns;       /* [owner] CPU time of the thread at entry, for the summary. */
    u32 tid;          /* [const] */
    u32 room;         /* [owner] What a length said at entry: see T_NAME_LEN. */
    u32 next;         /* [owner] The first argument that has not been put. */
    bool is_over;     /* [owner] */
    bool is_shown;    /* [const] It is to appear in the trace. */
    bool is_broken;   /* Its first half was printed by itself: under the trace's lock. */
    struct text text; /* In `line`. */
    char line[TRACE_LINE_SIZE];
};
static_assert(sizeof(struct trace_call) <= 8192, "each thread that waits in a call has one");

/* Prepares an empty line. `nr` and `args` are set. */
void trace_call_init(struct trace_call *call);

/* Puts the name and the arguments that are known at entry. */
void trace_call_begin(struct trace_call *call);

/* Puts what was left of the arguments, and the result. The text may have been emptied meanwhile. */
void trace_call_end(struct trace_call *call, long result);

/* For a call that does not come back: " = ?". */
void trace_call_end_unknown(struct trace_call *call);
