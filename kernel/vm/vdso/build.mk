# SPDX-License-Identifier: Apache-2.0
kernel-y += kernel/vm/vdso/vdso.c kernel/vm/vdso/vdso_image.S
vdso-y   += kernel/vm/vdso/vdso_user.c
