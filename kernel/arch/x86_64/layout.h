/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Numbers that assembly and C share: where the boot code lies, selectors, and the fields of structs
 * that entry code touches. C asserts the offsets in cpu_local.c.
 */

#define TRAMPOLINE_ADDRESS 0x8000

/* Selectors, where Linux has them: programs and debuggers look at CS and SS. */
#define KERNEL_CS    0x10
#define KERNEL_SS    0x18
#define USER_CS32    0x23
#define USER_SS      0x2b
#define USER_CS      0x33
#define TSS_SELECTOR 0x40

/* struct cpu_local, based at GS. 40 is also what the compiler's stack protector reads. */
#define CPU_LOCAL_SELF         0
#define CPU_LOCAL_THREAD       8
#define CPU_LOCAL_USER_SP      16
#define CPU_LOCAL_STACK_TOP    24
#define CPU_LOCAL_ID           32
#define CPU_LOCAL_VECTOR_STALE 36 /* The vector registers are not those of the thread. */
#define CPU_LOCAL_CANARY       40
#define CPU_LOCAL_LOCK_WORD    60

/* struct thread */
#define THREAD_WORK 0

/* struct user_regs */
#define REGS_RAX   80
#define REGS_RCX   88
#define REGS_R11   48
#define REGS_ORIG  120
#define REGS_RIP   128
#define REGS_CS    136
#define REGS_FLAGS 144
#define REGS_RSP   152
#define REGS_SIZE  168

#define IST_STACK_SIZE 8192
