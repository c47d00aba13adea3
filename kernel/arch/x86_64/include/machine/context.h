/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/base/types.h"

/* The program's registers at entry, in the order of Linux' struct pt_regs. */
struct user_regs {
    u64 r15, r14, r13, r12, rbp, rbx;
    u64 r11, r10, r9, r8;
    u64 rax, rcx, rdx, rsi, rdi;
    u64 orig_rax; /* The system call's number; UINT64_MAX when it was not one. */
    u64 rip, cs, flags, rsp, ss;
};

/* What a thread keeps while another one runs. */
struct arch_context {
    u64 rsp;
    u64 fs_base;
    u64 gs_base;       /* The program's. */
    u8 *vector;        /* XSAVE or FXSAVE area; NULL for threads that never run the program. */
    u32 vector_cpu;    /* Whose registers may still hold this state: see vector.c. */
    u64 fault_address; /* Of the program's latest fault, for signal frames, as on Linux. */
    u64 fault_error;
    u64 fault_vector;
};

static inline u64 regs_syscall_nr(const struct user_regs *regs)
{
    return regs->orig_rax;
}

static inline u64 regs_argument(const struct user_regs *regs, u32 index)
{
    switch (index) {
    case 0:
        return regs->rdi;
    case 1:
        return regs->rsi;
    case 2:
        return regs->rdx;
    case 3:
        return regs->r10;
    case 4:
        return regs->r8;
    default:
        return regs->r9;
    }
}

static inline long regs_result(const struct user_regs *regs)
{
    return (long)regs->rax;
}

static inline void regs_set_result(struct user_regs *regs, long result)
{
    regs->rax = (u64)result;
}

/* Back to the system call instruction, with number `nr`: it will run again. */
static inline void regs_restart_syscall(struct user_regs *regs, u64 nr)
{
    regs->rax = nr;
    regs->rip -= 2;
}

static inline u64 regs_ip(const struct user_regs *regs)
{
    return regs->rip;
}

static inline u64 regs_sp(const struct user_regs *regs)
{
    return regs->rsp;
}

static inline u64 regs_frame_pointer(const struct user_regs *regs)
{
    return regs->rbp;
}

static inline void regs_set_ip(struct user_regs *regs, u64 ip)
{
    regs->rip = ip;
}

static inline void regs_set_sp(struct user_regs *regs, u64 sp)
{
    regs->rsp = sp;
}
