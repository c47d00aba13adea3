# SPDX-License-Identifier: Apache-2.0
kernel-y += kernel/mm/buddy.c kernel/mm/page.c kernel/mm/heap.c kernel/mm/kernel_map.c \
            kernel/mm/iter.c

unit-sets   += iter
unit-iter-y += kernel/mm/iter_test.c $(fake-kernel-y)
