/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Into the kernel and back: system calls, traps, interrupts.
 *
 * GS points to this CPU's struct cpu_local while the kernel runs, and to the program's while the
 * program does; swapgs changes over. Traps that can come between entry and swapgs (NMI, machine
 * check, debug, double fault) have stacks of their own and set GS without looking: the bottom word
 * of such a stack is the address of its cpu_local.
 *
 * Everywhere the program's registers lie at the top of the thread's kernel stack as a struct
 * user_regs (include/machine/context.h).
 */
#include "kernel/arch/x86_64/layout.h"

    .text

.macro PUSH_REGS_BELOW_RDI
    pushq %rsi
    pushq %rdx
    pushq %rcx
    pushq %rax
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
.endm

.macro PUSH_REGS
    pushq %rdi
    PUSH_REGS_BELOW_RDI
.endm

.macro POP_REGS
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rax
    popq %rcx
    popq %rdx
    popq %rsi
    popq %rdi                       /* orig_rax is next. */
.endm

/*
 * A struct user_regs is an odd number of words: the C functions called on top of it want 16 bytes.
 */
.macro CALL_ALIGNED function
    subq $8, %rsp
    call \function
    addq $8, %rsp
.endm

/* What the program left in registers must not steer the kernel's speculation. */
.macro CLEAR_REGS
    xorl %ebx, %ebx
    xorl %ebp, %ebp
    xorl %r12d, %r12d
    xorl %r13d, %r13d
    xorl %r14d, %r14d
    xorl %r15d, %r15d
.endm

/* Interrupts off, unless the thread has something to do before it returns to the program. */
.macro CHECK_WORK work, vector
    cli
    movq %gs:CPU_LOCAL_THREAD, %rax
    cmpl $0, THREAD_WORK(%rax)
    jne \work
    cmpb $0, %gs:CPU_LOCAL_VECTOR_STALE
    jne \vector
.endm

/* What that is; then `again`. */
.macro DO_WORK work, vector, again
\work:
    sti
    movq %rsp, %rdi
    CALL_ALIGNED upcall_user_return
    jmp \again

\vector:
    CALL_ALIGNED vector_restore
    jmp \again
.endm

    .global syscall_entry
syscall_entry:
    swapgs
    movq %rsp, %gs:CPU_LOCAL_USER_SP
    movq %gs:CPU_LOCAL_STACK_TOP, %rsp
    pushq $USER_SS
    pushq %gs:CPU_LOCAL_USER_SP
    pushq %r11
    pushq $USER_CS
    pushq %rcx
    pushq %rax                      /* orig_rax */
    PUSH_REGS
    CLEAR_REGS
    sti
    movq %rsp, %rdi
    cld
    CALL_ALIGNED upcall_syscall

/*
 * Back to the program after a system call. Interrupts may be on. What came by a trap or an
 * interrupt goes back by iret, always: only that lets the CPU take the next NMI.
 */
    .global user_return
user_return:
    CHECK_WORK user_return_work, user_return_vector

    /*
     * sysret where the program cannot tell: RIP and flags as the syscall left them in RCX and R11,
     * and RIP in the lower half (or sysret would fault in the kernel, with the program's stack).
     */
    movq REGS_RIP(%rsp), %rcx
    cmpq %rcx, REGS_RCX(%rsp)
    jne user_return_iret
    movq REGS_FLAGS(%rsp), %r11
    cmpq %r11, REGS_R11(%rsp)
    jne user_return_iret
    shrq $47, %rcx
    jnz user_return_iret
    testl $0x10100, %r11d           /* RF or TF: iret sets them right. */
    jnz user_return_iret

    POP_REGS
    movq REGS_RSP - REGS_ORIG(%rsp), %rsp
    swapgs
    sysretq

    DO_WORK user_return_work, user_return_vector, user_return

trap_return:
    CHECK_WORK trap_return_work, trap_return_vector
user_return_iret:
    POP_REGS
    addq $8, %rsp
    swapgs
    iretq                           /* Cannot fault: nobody puts RIP beyond USER_END. */

    DO_WORK trap_return_work, trap_return_vector, trap_return

    .global context_enter_user
context_enter_user:                 /* (struct user_regs *regs), at the top of the own stack */
    movq %rdi, %rsp
    jmp user_return

    .global context_switch_stacks
context_switch_stacks:              /* (u64 *save_rsp, u64 rsp) */
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret

    .global context_first
context_first:                      /* A new thread: r12 is its function, r13 the argument. */
    sti
    movq %r13, %rdi
    xorl %ebp, %ebp
    subq $8, %rsp
    call *%r12
    ud2

/* Traps and interrupts. Each stub pushes an error code where the CPU does not, then its number. */
.macro STUB number, has_code
    .align 16
stub_\number:
    .if \has_code == 0
    pushq $0
    .endif
    pushq $\number
    .if \number >= 32
    jmp interrupt_common
    .elseif \number == 1 || \number == 2 || \number == 8 || \number == 18
    jmp paranoid_common
    .else
    jmp trap_common
    .endif
.endm

    .altmacro
    .set i, 0
    .rept 256
    .if i == 8 || (i >= 10 && i <= 14) || i == 17 || i == 21 || i == 29 || i == 30
    STUB %i, 1
    .else
    STUB %i, 0
    .endif
    .set i, i + 1
    .endr

/*
 * On the stack: number, error code, then what the CPU pushed. They become a struct user_regs whose
 * orig_rax is the error code, with the number in RDI's place until it has been read.
 */
.macro SAVE_TRAP
    /* number -> rdi slot: exchange it with the live rdi. */
    xchgq %rdi, (%rsp)
    PUSH_REGS_BELOW_RDI
    movq %rdi, %rsi                 /* Second argument: the number. */
    movq %rsp, %rdi                 /* First: the registers. */
    cld
.endm

trap_common:
    testb $3, 24(%rsp)              /* CS */
    jz 1f
    swapgs
trap_swapped:
    SAVE_TRAP
    movq REGS_ORIG(%rsp), %rdx      /* Third: the error code. */
    movq $-1, REGS_ORIG(%rsp)
    CLEAR_REGS
    CALL_ALIGNED trap_from_user
    jmp trap_return
1:  SAVE_TRAP
    movq REGS_ORIG(%rsp), %rdx
    CALL_ALIGNED trap_from_kernel           /* RBP is the interrupted function's: backtraces go on. */
    POP_REGS
    addq $8, %rsp
    iretq

interrupt_common:
    testb $3, 24(%rsp)
    jz 1f
    swapgs
    SAVE_TRAP
    movq $-1, REGS_ORIG(%rsp)
    CLEAR_REGS
    movl %esi, %edi
    CALL_ALIGNED interrupt_entry
    jmp trap_return
1:  SAVE_TRAP
    movl %esi, %edi
    CALL_ALIGNED interrupt_entry
    POP_REGS
    addq $8, %rsp
    iretq

paranoid_common:
    testb $3, 24(%rsp)
    jz 1f
    /*
     * From the program it is a trap like others: over to the thread's stack, where one may sleep.
     */
    swapgs
    pushq %rax
    movq %rsp, %rax
    movq %gs:CPU_LOCAL_STACK_TOP, %rsp
    pushq 56(%rax)
    pushq 48(%rax)
    pushq 40(%rax)
    pushq 32(%rax)
    pushq 24(%rax)
    pushq 16(%rax)
    pushq 8(%rax)
    movq (%rax), %rax
    jmp trap_swapped

1:  SAVE_TRAP
    movq REGS_ORIG(%rsp), %rdx
    movq %rdi, %r12
    movq %rsi, %r13
    movq %rdx, %r14
    movl $0xc0000101, %ecx          /* GS base, whosever it is. */
    rdmsr
    shlq $32, %rdx
    orq %rax, %rdx
    movq %rdx, %rbx
    movq %rsp, %rax
    andq $-IST_STACK_SIZE, %rax
    movq (%rax), %rax               /* Ours. */
    movq %rax, %rdx
    shrq $32, %rdx
    wrmsr
    movq %r12, %rdi
    movq %r13, %rsi
    movq %r14, %rdx
    CALL_ALIGNED trap_paranoid
    movq %rbx, %rax
    movq %rbx, %rdx
    shrq $32, %rdx
    movl $0xc0000101, %ecx
    wrmsr
    POP_REGS
    addq $8, %rsp
    iretq

    .section .data.rel.ro, "aw"
    .align 8
    .global trap_stubs
trap_stubs:
    .altmacro
    .macro STUB_ADDRESS number
    .quad stub_\number
    .endm
    .set i, 0
    .rept 256
    STUB_ADDRESS %i
    .set i, i + 1
    .endr

    .section .note.GNU-stack, "", @progbits
