/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the first C code leaves behind: where things were placed. See docs/memory-map.md. */

#include "abi/boot/pvh.h"
#include "kernel/arch/boot_info.h"
#include "kernel/arch/power.h"
#include "lib/base/types.h"

struct early_layout {
    u64 image_virtual;
    u64 image_physical;
    u64 direct_map; /* Physical address 0 is seen here. */
    u64 page_array; /* For kernel/mm/page.c. */
    u64 kernel_map; /* For kernel/mm/kernel_map.c. */
    u64 canary;
    u64 seed[4]; /* For the random numbers: what boot could gather. */
    u64 entry_cycles;
};

extern struct early_layout early_layout;

/* What a kernel that restarts leaves to the next one. All zeros where there was none. */
struct kept {
    struct machine_kept machine;
    struct pvh_start_info start;
    struct pvh_memory_entry map[BOOT_RANGES_MAX];
    char command_line[BOOT_COMMAND_LINE_MAX];
};

extern struct kept kept;

extern u64 kernel_pml4[512];
extern u64 early_pdpt[512]; /* The low 4 GiB, mapped to themselves, for boot and restart.c. */

/* Linker script. */
extern u8 image_start[], text_end[], rodata_start[], rodata_end[], data_start[], data_end[],
    kept_data[], image_end[];
