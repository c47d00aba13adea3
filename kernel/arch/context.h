/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Switching between kernel stacks, and the registers of the program that a thread carries.
 *
 * A thread that runs the program has its registers at entry saved as a `struct user_regs` at the
 * top of its kernel stack; vector registers stay in the CPU until another thread needs them.
 */

#include "lib/base/types.h"

/*
 * <machine/context.h> defines struct arch_context (what a switch keeps: stack pointer, the
 * program's segment bases, where its vector state lies) and struct user_regs (the program's general
 * registers, in the layout of the entry code), and inline:
 *
 *   u64  regs_syscall_nr(regs), regs_argument(regs, i)     before the call
 *   void regs_set_result(regs, long)                        its result
 *   u64  regs_ip(regs), regs_sp(regs); void regs_set_ip(regs, u64), regs_set_sp(regs, u64)
 */
/* IWYU pragma: no_include "machine/context.h" */
#include <machine/context.h> /* IWYU pragma: export */

/*
 * Prepares `context` so that the first switch to it runs `entry(arg)` on the stack that ends at
 * `stack_top`, interrupts on. `entry` never returns.
 */
void context_init(struct arch_context *context, void *stack_top, void (*entry)(void *arg),
                  void *arg);

/* Gives a context room for the program's vector registers, in their initial state. Or -ENOMEM. */
int context_user_init(struct arch_context *context) MUST_USE;
void context_user_fini(struct arch_context *context);

/* Copies segment bases and vector registers of the running thread, for a new thread. */
void context_user_copy(struct arch_context *to);

/*
 * Leaves `from` and goes on in `to`; returns when somebody switches back. Interrupts are off on
 * both sides. `stack_top` is where the next entry from the program finds `to`'s stack.
 */
void context_switch(struct arch_context *from, struct arch_context *to, void *stack_top);

/* Where a thread whose stack ends at `stack_top` keeps the program's registers. */
struct user_regs *context_user_regs(void *stack_top);

/* Enters the program with `regs`, never to return. The caller runs on the thread's own stack. */
_Noreturn void context_enter_user(struct user_regs *regs);

/* Starting values: `ip`, `sp`, flags as the ABI wants them, all else 0. */
void user_regs_init(struct user_regs *regs, u64 ip, u64 sp);

/* Puts the registers into words, line by line, for a report. */
void regs_emit(const struct user_regs *regs, void (*put)(const char *line));

/* The program's thread pointer (FS base on x86-64) of the running thread. */
void context_set_thread_pointer(u64 base);
u64 context_thread_pointer(void);
/* A second base the program may set (GS on x86-64). */
void context_set_segment_base(u64 base);
u64 context_segment_base(void);
/* The first of a context that has not run yet. */
void context_init_thread_pointer(struct arch_context *context, u64 base);

/*
 * Signal frames. Lays out the machine's part (registers, vector state, mask) for the running
 * thread; task/signal decides which signal, and where on which stack. See kernel/arch/signal.h.
 */

/* Bytes of vector state in a signal frame, and its alignment there. */
u32 context_vector_size(void);
