/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How the trace shows what a system call returned. */

#include "kernel/debug/trace_call.h"

enum trace_result {
    R_DEC,
    R_HEX,
    R_OCT,
    R_POLL,   /* And which of the descriptors are ready. */
    R_SELECT, /* Likewise, and the time left. */
    R_FCNTL,  /* What F_GETFL and F_GETFD say, by names. */
    R_NEVER,  /* It does not come back. */
};

/* "3", or "-1 ENOENT (No such file or directory)", or "? ERESTARTSYS (...)". */
void trace_put_result(struct trace_call *call, enum trace_result kind);
