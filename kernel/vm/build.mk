# SPDX-License-Identifier: Apache-2.0
vm-y := kernel/vm/area.c kernel/vm/entries.c kernel/vm/fault.c kernel/vm/map.c kernel/vm/unmap.c \
        kernel/vm/unmap_cached.c \
        kernel/vm/protect.c kernel/vm/remap.c kernel/vm/advise.c kernel/vm/sync.c \
        kernel/vm/layout.c kernel/vm/report.c
kernel-y  += $(vm-y) kernel/vm/proc_vm.c

unit-sets += vm
unit-vm-y += $(vm-y) kernel/vm/vm_test.c kernel/vm/unmap_cached_test.c \
             test/unit/fake_mmu.c test/unit/fake_files.c \
             $(fake-kernel-y)
