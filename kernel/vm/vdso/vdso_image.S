/* SPDX-License-Identifier: Apache-2.0 */
/* The vDSO as bytes of the kernel's; VDSO_IMAGE is the shared object the Makefile has built. */
    .section .rodata.vdso, "a"
    .balign 8
    .global vdso_image, vdso_image_end
vdso_image:
    .incbin VDSO_IMAGE
vdso_image_end:
    .section .note.GNU-stack, "", @progbits
