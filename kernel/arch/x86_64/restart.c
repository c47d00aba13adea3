/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel starts itself again. What boot and running have changed of the image is put back in
 * boot.S, which then goes on at the PVH entry; here is what a loader would have brought: the start
 * info, from what the last boot was told. The image stays where it is in physical memory.
 */
#include "abi/boot/pvh.h"
#include "kernel/arch/boot_info.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/power.h"
#include "kernel/arch/time.h"
#include "kernel/arch/x86_64/early.h"
#include "kernel/arch/x86_64/msr.h"
#include "kernel/arch/x86_64/pvclock.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"

extern const u8 restart_enter[];

struct machine_kept *machine_kept(void)
{
    return &kept.machine;
}

static void start_info_fill(const struct boot_info *info)
{
    for (u32 i = 0; i < info->ram_count; i++) {
        kept.map[i] = (struct pvh_memory_entry){
            .address = info->ram[i].start,
            .size = info->ram[i].size,
            .type = PVH_MEMORY_RAM,
        };
    }
    mem_copy(kept.command_line, info->command_line, sizeof(kept.command_line));
    kept.start = (struct pvh_start_info){
        .magic = PVH_START_MAGIC,
        .version = 1,
        .command_line_address = virt_to_phys(kept.command_line),
        .rsdp_address = info->rsdp,
        .memory_map_address = virt_to_phys(kept.map),
        .memory_map_entries = info->ram_count,
    };
}

_Noreturn void machine_restart(void)
{
    irq_disable();
    start_info_fill(boot_info());
    pvclock_stop();
    arch_timer_arm(UINT64_MAX);

    /* boot.S's map, in the program's place. Nothing of the program's is global. */
    kernel_pml4[0] = virt_to_phys(early_pdpt) | 3; /* Present, writable. */
    cr3_write(cr3_read());
    __asm__ volatile("jmp *%0"
                     :
                     : "r"(virt_to_phys(restart_enter)), "D"(virt_to_phys(&kept.start)));
    __builtin_unreachable();
}
