# SPDX-License-Identifier: Apache-2.0
kernel-y += kernel/arch/x86_64/boot.S kernel/arch/x86_64/entry.S kernel/arch/x86_64/uaccess_copy.S
kernel-y += kernel/arch/x86_64/apic.c kernel/arch/x86_64/clock.c kernel/arch/x86_64/context.c
kernel-y += kernel/arch/x86_64/cpu_info.c kernel/arch/x86_64/cpu_local.c kernel/arch/x86_64/early.c kernel/arch/x86_64/features.c
kernel-y += kernel/arch/x86_64/irq.c kernel/arch/x86_64/main.c kernel/arch/x86_64/mmu.c
kernel-y += kernel/arch/x86_64/power.c kernel/arch/x86_64/pvclock.c kernel/arch/x86_64/restart.c
kernel-y += kernel/arch/x86_64/signal.c
kernel-y += kernel/arch/x86_64/smp.c kernel/arch/x86_64/tlb.c kernel/arch/x86_64/traps.c
kernel-y += kernel/arch/x86_64/uaccess.c kernel/arch/x86_64/vector.c

unit-sets += mmu
unit-mmu-y += kernel/arch/x86_64/mmu.c kernel/arch/x86_64/mmu_test.c test/unit/fake_kernel.c
