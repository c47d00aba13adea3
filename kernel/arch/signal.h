/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The machine's part of delivering a signal: the frame that sigreturn takes apart again. */

#include "kernel/arch/context.h"
#include "lib/base/types.h"

struct signal_frame_request {
    u32 signal;
    uaddr_t handler;
    uaddr_t restorer;
    uaddr_t stack_top;  /* Build below this; 0: below the interrupted stack pointer. */
    bool wants_siginfo; /* SA_SIGINFO; x86-64 passes the arguments regardless. */
    u64 mask;           /* Blocked signals to come back to. */
    u8 siginfo[128];    /* Linux siginfo_t. */
    u64 altstack_sp;    /* uc_stack as the program set it. */
    u64 altstack_size;
    u32 altstack_flags;
};

/*
 * Builds the frame in the program's memory, and points `regs` at the handler. Returns 0, or -EFAULT
 * when the frame does not fit there: `regs` is unchanged then. May sleep.
 */
int signal_frame_push(struct user_regs *regs, const struct signal_frame_request *request) MUST_USE;

struct signal_frame_restored {
    u64 mask;
    u64 altstack_sp;
    u64 altstack_size;
    u32 altstack_flags;
};

/*
 * Takes the frame at `regs`' stack pointer apart: registers (only those a program may set), vector
 * state, mask. Returns 0, or -EFAULT when it cannot be read or is malformed. May sleep.
 */
int signal_frame_pop(struct user_regs *regs, struct signal_frame_restored *restored) MUST_USE;
