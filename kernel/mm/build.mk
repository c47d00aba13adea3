# SPDX-License-Identifier: Apache-2.0
kernel-y += kernel/mm/buddy.c kernel/mm/page.c kernel/mm/heap.c kernel/mm/kernel_map.c \
            kernel/mm/iter.c

unit-sets   += iter mm
unit-iter-y += kernel/mm/iter_test.c $(fake-kernel-y)
unit-mm-y   += kernel/mm/buddy.c kernel/mm/page.c kernel/mm/heap.c kernel/mm/kernel_map.c \
               kernel/mm/page_test.c kernel/mm/heap_test.c test/unit/fake_ram.c \
               $(filter-out test/unit/fake_memory.c,$(fake-kernel-y))
