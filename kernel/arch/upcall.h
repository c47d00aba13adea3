/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the CPU's entry code calls above it. Each is defined once, in the folder named. */

#include "kernel/arch/context.h"
#include "lib/base/types.h"

enum fault_access {
    FAULT_WRITE = 1u << 0,
    FAULT_EXEC = 1u << 1,
    FAULT_USER = 1u << 2,    /* The program did it; else the kernel, on its behalf. */
    FAULT_PRESENT = 1u << 3, /* The page is there and forbids it. */
};

/* Faults of the program that are not page faults, in the machine's neutral terms. */
enum trap_kind {
    TRAP_DIVIDE,     /* SIGFPE FPE_INTDIV */
    TRAP_FPU,        /* SIGFPE; `code` is the FPE_ code, or 0. */
    TRAP_BREAKPOINT, /* SIGTRAP TRAP_BRKPT */
    TRAP_STEP,       /* SIGTRAP TRAP_TRACE */
    TRAP_ILLEGAL,    /* SIGILL ILL_ILLOPN */
    TRAP_PROTECTION, /* SIGSEGV SI_KERNEL: general protection, segments, overflow */
    TRAP_ALIGNMENT,  /* SIGBUS BUS_ADRALN */
};

/* kernel/sys: runs the system call in `regs` and stores its result there. Interrupts on. */
void upcall_syscall(struct user_regs *regs);

/*
 * kernel/vm: a page fault at `address` in the program's half; `access` is of enum fault_access.
 * True when the page is there now. False: for the program a signal has been queued, for the kernel
 * the copy gives up with -EFAULT. Interrupts on; may sleep.
 */
bool upcall_page_fault(u64 address, u32 access);

/* kernel/task: the program did something its CPU refuses. Interrupts on. */
void upcall_trap(struct user_regs *regs, enum trap_kind kind, u64 code);

/*
 * kernel/task: about to go back to the program, interrupts on, because thread_current() has work
 * pending: signals, a reschedule, the end. It may change `regs`.
 */
void upcall_user_return(struct user_regs *regs);

/* kernel/core: this CPU's timer fired; interrupt context. */
void upcall_timer(void);

/* kernel/core: an interrupt is over; runs bottom halves. Interrupts off; on again meanwhile. */
void upcall_irq_exit(void);

/* kernel/core: a CPU that cpus_start() woke, on its idle stack, interrupts off. Never returns. */
_Noreturn void upcall_cpu_started(void);

/* kernel/core: another CPU called cpu_kick(). Interrupt context. */
void upcall_kick(void);

/* kernel/init: the boot CPU, in its final mappings, on its boot stack, interrupts off. */
_Noreturn void kmain(void);
