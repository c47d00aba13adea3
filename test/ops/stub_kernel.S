/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for the kernel when ops is tested: boots by PVH, says "console" on the serial port,
 * copies its command line to the report port with each % as a newline, and resets the machine. At a
 * `!`, or with a command line that starts with "hang", it stays, after the word "hanging" on the
 * console.
 */
    .section .note.pvh, "a", @note
    .long 4, 8, 18 /* Name and descriptor sizes, XEN_ELFNOTE_PHYS32_ENTRY. */
    .asciz "Xen"
    .quad entry

    .text
    .code32
    .globl entry
entry:
    movl 24(%ebx), %esi /* cmdline_paddr of struct hvm_start_info. */
    cmpl $0x676e6168, (%esi)
    je hang
    movl $console, %edi
    call say
    movw $0xe9, %dx
copy:
    movb (%esi), %al
    testb %al, %al
    jz reset
    cmpb $'!', %al
    je hang
    cmpb $'%', %al
    jne put
    movb $'\n', %al
put:
    outb %al, %dx
    incl %esi
    jmp copy
reset:
    lidt nothing
    ud2
hang:
    movl $hanging, %edi
    call say
wait:
    cli
    hlt
    jmp wait

/* Writes the string at %edi to the first serial port. */
say:
    movw $0x3f8, %dx
next:
    movb (%edi), %al
    testb %al, %al
    jz said
    outb %al, %dx
    incl %edi
    jmp next
said:
    ret

console: .asciz "console\n"
hanging: .asciz "hanging\n"
    .align 8
nothing: .word 0
    .long 0

    .section .note.GNU-stack, "", @progbits
