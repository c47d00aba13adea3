/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies that may fault on the program's side, and atomic operations on its words.
 *
 * Each instruction that touches the program has a line in .extable: when its fault cannot be
 * resolved, traps.c goes on at the second address. With SMAP the program's pages are open to the
 * kernel between STAC and CLAC only.
 */
    .text

.macro OPEN
    cmpb $0, uaccess_smap(%rip)
    je 7f
    stac
7:
.endm
.macro CLOSE
    cmpb $0, uaccess_smap(%rip)
    je 8f
    clac
8:
.endm
.macro FAULT at, fixup
    .pushsection .extable, "a"
    .balign 4
    .long \at - ., \fixup - .
    .popsection
.endm

/* The end of what touches one word, at `at`: 0, or -1 if it could not. */
.macro WORD_DONE at
    xorl %eax, %eax
    CLOSE
    ret
9:  movl $-1, %eax
    CLOSE
    ret
    FAULT \at, 9b
.endm

/* size_t uaccess_copy(void *to, const void *from, size_t size): how many bytes were not copied. */
    .global uaccess_copy
uaccess_copy:
    OPEN
    movq %rdx, %rcx
    shrq $3, %rcx
    andl $7, %edx
1:  rep movsq
    movl %edx, %ecx
2:  rep movsb
    movq %rcx, %rax
    CLOSE
    ret
3:  leaq (%rdx, %rcx, 8), %rcx      /* What is left, tried again by bytes up to the fault. */
    jmp 2b
4:  movq %rcx, %rax
    CLOSE
    ret
    FAULT 1b, 3b
    FAULT 2b, 4b

/* size_t uaccess_zero(void *to, size_t size): how many bytes were not zeroed. */
    .global uaccess_zero
uaccess_zero:
    OPEN
    xorl %eax, %eax
    movq %rsi, %rcx
    shrq $3, %rcx
    andl $7, %esi
1:  rep stosq
    movl %esi, %ecx
2:  rep stosb
    movq %rcx, %rax
    CLOSE
    ret
3:  leaq (%rsi, %rcx, 8), %rcx
    jmp 2b
4:  movq %rcx, %rax
    CLOSE
    ret
    FAULT 1b, 3b
    FAULT 2b, 4b

/* long uaccess_text(char *to, const char *from, size_t size): length, size if no NUL, or -1. */
    .global uaccess_text
uaccess_text:
    OPEN
    xorl %eax, %eax
1:  cmpq %rdx, %rax
    jae 3f
2:  movb (%rsi, %rax), %cl
    movb %cl, (%rdi, %rax)
    testb %cl, %cl
    jz 3f
    incq %rax
    jmp 1b
3:  CLOSE
    ret
4:  movq $-1, %rax
    CLOSE
    ret
    FAULT 2b, 4b

/* int uaccess_load32(const u32 *from, u32 *value): 0, or -1. */
    .global uaccess_load32
uaccess_load32:
    OPEN
1:  movl (%rdi), %eax
    movl %eax, (%rsi)
    WORD_DONE 1b

/* int uaccess_exchange32(u32 *word, u32 value, u32 *old): 0, or -1. */
    .global uaccess_exchange32
uaccess_exchange32:
    OPEN
1:  xchgl %esi, (%rdi)
    movl %esi, (%rdx)
    WORD_DONE 1b

/* int uaccess_replace32(u32 *word, u32 expected, u32 value, u32 *old): 0, or -1. */
    .global uaccess_replace32
uaccess_replace32:
    OPEN
    movl %esi, %eax
1:  lock cmpxchgl %edx, (%rdi)
    movl %eax, (%rcx)
    WORD_DONE 1b

    .section .note.GNU-stack, "", @progbits
