/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First instructions: the PVH entry (32-bit protected mode, paging off, %ebx the start info), and
 * where other CPUs come up (16-bit real mode). Both go to 64-bit mode and on to C.
 *
 * The image runs wherever it was loaded: addresses are taken relative to the program counter.
 */
#include "kernel/arch/x86_64/layout.h"

    .section .note.pvh, "a", @note
    .align 4
    .long 4                         /* Size of the name, of the value; type. */
    .long 8
    .long 18                        /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .quad 0x200000                  /* LOAD_ADDRESS: boot_start comes first in the image. */

    .section .boot.text, "ax"
    .code32
    .global boot_start
boot_start:
    cld
    cli
    /* Before anything is touched: when did we begin? */
    rdtsc
    movl %eax, %esi
    movl %edx, %edi

    /* A stack for one call: the start info's first word is saved and put back. */
    movl (%ebx), %ecx
    leal 4(%ebx), %esp
    call 1f
1:  popl %ebp                       /* Where label 1 really is. */
    movl %ecx, (%ebx)
    leal (boot_stack_end - 1b)(%ebp), %esp
    pushl %edi                      /* Entry time, for early_main(). */
    pushl %esi

    /* Identity map of the low 4 GiB by 2 MiB pages. */
    leal (early_pd - 1b)(%ebp), %edi
    movl $0x83, %eax                /* Present, writable, large. */
    movl $2048, %ecx
2:  movl %eax, (%edi)
    movl $0, 4(%edi)
    addl $0x200000, %eax
    addl $8, %edi
    decl %ecx
    jnz 2b

    leal (early_pd - 1b)(%ebp), %eax
    orl $3, %eax
    leal (early_pdpt - 1b)(%ebp), %edi
    movl $4, %ecx
3:  movl %eax, (%edi)
    movl $0, 4(%edi)
    addl $0x1000, %eax
    addl $8, %edi
    decl %ecx
    jnz 3b

    leal (early_pdpt - 1b)(%ebp), %eax
    orl $3, %eax
    leal (kernel_pml4 - 1b)(%ebp), %edi
    movl %eax, (%edi)
    movl $0, 4(%edi)
    movl %edi, %cr3

    movl $0x20, %eax                /* CR4.PAE */
    movl %eax, %cr4
    movl $0xc0000080, %ecx          /* EFER */
    xorl %edx, %edx
    movl $0x100, %eax               /* LME; early.c adds NXE where there is one. */
    wrmsr
    movl $0x80010033, %eax          /* PG WP NE ET MP PE */
    movl %eax, %cr0

    leal (boot_gdt - 1b)(%ebp), %eax
    leal (boot_gdt_pointer - 1b)(%ebp), %ecx
    movl %eax, 2(%ecx)
    lgdt (%ecx)
    leal (boot_64 - 1b)(%ebp), %eax
    pushl $0x10
    pushl %eax
    lretl

    .code64
boot_64:
    movl $0x18, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    popq %rsi                       /* The two halves pushed above, as one. */
    movl %ebx, %edi
    andq $-16, %rsp
    xorl %ebp, %ebp
    call early_main                 /* Returns the image's virtual base, everything mapped. */

    /* On to the virtual addresses: the same place in the image, and the same stack. */
    leaq image_start(%rip), %rcx
    subq %rcx, %rax                 /* virtual - physical */
    leaq boot_high(%rip), %rcx
    addq %rax, %rcx
    addq %rax, %rsp
    jmp *%rcx
boot_high:
    xorl %ebp, %ebp
    call arch_main
    ud2

/*
 * From machine_restart(), on the identity map: %rdi is the start info's address. Puts .data back,
 * goes to where a loader would have left the CPU, zeroes .bss, page tables and all, and starts
 * anew.
 */
    .global restart_enter
restart_enter:
    movl %edi, %ebx
    cld
    leaq kept_data(%rip), %rsi
    leaq data_start(%rip), %rdi
    leaq data_end(%rip), %rcx
    subq %rdi, %rcx
    shrq $3, %rcx
    rep movsq

    leaq boot_start(%rip), %rbp
    leaq bss_start(%rip), %rdi
    leaq image_end(%rip), %rsi
    subq %rdi, %rsi
    shrq $2, %rsi
    lgdt boot_gdt_pointer(%rip)
    leaq restart_32(%rip), %rax
    pushq $0x08
    pushq %rax
    lretq
    .code32
restart_32:
    movl $0x18, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $0x11, %eax                /* PE ET: paging is off, and with it long mode. */
    movl %eax, %cr0
    movl $0xc0000080, %ecx          /* EFER */
    xorl %eax, %eax
    xorl %edx, %edx
    wrmsr
    movl %eax, %cr4                 /* Global translations go, too. */
    movl %esi, %ecx
    rep stosl
    jmp *%ebp
    .code64

    .align 8
boot_gdt:
    .quad 0
    .quad 0x00cf9b000000ffff        /* 0x08: 32-bit code */
    .quad 0x00af9b000000ffff        /* 0x10: 64-bit code */
    .quad 0x00cf93000000ffff        /* 0x18: data */
boot_gdt_end:
    .global boot_gdt_pointer
boot_gdt_pointer:
    .word boot_gdt_end - boot_gdt - 1
    .quad 0

/*
 * Other CPUs. smp.c copies this to a page below 1 MiB, TRAMPOLINE_ADDRESS, and fills in the words
 * at its end. A CPU comes in real mode at its first byte.
 */
#define TRAMPOLINE(label) (label - trampoline_start + TRAMPOLINE_ADDRESS)
    .section .rodata.trampoline, "a"
    .code16
    .global trampoline_start
trampoline_start:
    cli
    cld
    xorw %ax, %ax
    movw %ax, %ds
    lgdtl TRAMPOLINE(trampoline_gdt_pointer)
    movl $0x11, %eax                /* PE ET */
    movl %eax, %cr0
    ljmpl $0x08, $TRAMPOLINE(trampoline_32)
    .code32
trampoline_32:
    movl $0x18, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl TRAMPOLINE(trampoline_cr4), %eax
    movl %eax, %cr4
    movl TRAMPOLINE(trampoline_cr3), %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    xorl %edx, %edx
    movl TRAMPOLINE(trampoline_efer), %eax
    wrmsr
    movl $0x80010033, %eax
    movl %eax, %cr0
    ljmpl $0x10, $TRAMPOLINE(trampoline_64)
    .code64
trampoline_64:
    movl $1, %edi
    lock xaddl %edi, TRAMPOLINE(trampoline_next)  /* This CPU's number. */
    cmpl TRAMPOLINE(trampoline_limit), %edi
    jae 1f
    movq TRAMPOLINE(trampoline_stacks), %rax
    movq (%rax, %rdi, 8), %rsp
    xorl %ebp, %ebp
    movq TRAMPOLINE(trampoline_entry), %rax
    call *%rax
1:  cli
    hlt
    jmp 1b

    .align 8
trampoline_gdt:
    .quad 0
    .quad 0x00cf9b000000ffff        /* 0x08: 32-bit code */
    .quad 0x00af9b000000ffff        /* 0x10: 64-bit code */
    .quad 0x00cf93000000ffff        /* 0x18: data */
trampoline_gdt_pointer:
    .word . - trampoline_gdt - 1
    .long TRAMPOLINE(trampoline_gdt)
    .align 8
    .global trampoline_data
trampoline_data:                    /* struct trampoline_data of smp.c */
trampoline_cr3:    .quad 0
trampoline_stacks: .quad 0
trampoline_entry:  .quad 0
trampoline_cr4:    .long 0
trampoline_efer:   .long 0
trampoline_next:   .long 0
trampoline_limit:  .long 0
    .global trampoline_end
trampoline_end:

    .section .bss.page_aligned, "aw", @nobits
    .align 4096
    .global kernel_pml4
kernel_pml4: .skip 4096
    .global early_pdpt
early_pdpt:  .skip 4096
early_pd:    .skip 4 * 4096
    .global boot_stack
boot_stack:  .skip 16384
    .global boot_stack_end
boot_stack_end:
    .section .note.GNU-stack, "", @progbits
