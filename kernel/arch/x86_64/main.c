/* SPDX-License-Identifier: Apache-2.0 */
/* The boot CPU's own start, in its final mappings; then kernel/init/main.c takes over. */
#include "kernel/arch/machine_init.h"

#include "kernel/arch/mmu.h"
#include "kernel/arch/time.h"
#include "kernel/arch/upcall.h"
#include "kernel/arch/x86_64/apic.h"
#include "kernel/arch/x86_64/clock_init.h"
#include "kernel/arch/x86_64/cpu_local.h"
#include "kernel/arch/x86_64/early.h"
#include "kernel/arch/x86_64/features.h"
#include "kernel/arch/x86_64/irq_init.h"
#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/uaccess_init.h"
#include "kernel/core/entropy.h"
#include "kernel/core/thread.h"
#include "lib/base/types.h"

extern u8 boot_stack_end[];

static u8 boot_ist_stacks[(IST_COUNT - 1) * IST_STACK_SIZE]
    __attribute__((aligned(IST_STACK_SIZE), section(".bss.page_aligned")));

/* Until sched_init() makes it the idle thread of CPU 0. */
static struct thread boot_thread;

_Noreturn void arch_main(void);

__attribute__((no_stack_protector)) _Noreturn void arch_main(void)
{
    struct cpu_local *local = cpu_local_of(0);

    clock_calibration_start();
    features_init();
    local->canary = early_layout.canary;
    local->thread = &boot_thread;
    local->stack_top = (u64)boot_stack_end;
    cpu_local_load(0, boot_ist_stacks);
    uaccess_init();
    kernel_pml4[0] = 0; /* The identity map has served. */
    tlb_flush_local(0, UINT64_MAX);
    kmain();
}

void machine_init(void)
{
    irq_init();
    apic_init();
    cpu_local()->apic_id = apic_id();
    arch_clock_init();
    entropy_add(early_layout.seed, sizeof(early_layout.seed));
}
