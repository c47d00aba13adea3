/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the boot path found out about the machine, the same whichever path it was. */

#include "lib/base/types.h"

enum {
    BOOT_RANGES_MAX = 64,
    BOOT_COMMAND_LINE_MAX = 4096,
};

struct boot_range {
    u64 start;
    u64 size;
};

struct boot_info {
    struct boot_range ram[BOOT_RANGES_MAX]; /* Usable, ascending, disjoint, without the kernel. */
    u32 ram_count;
    u64 rsdp; /* Physical address of ACPI's root pointer, or 0. */
    char command_line[BOOT_COMMAND_LINE_MAX];
    u64 entry_cycles; /* cpu_cycles() at the kernel's first instruction. */
    u64 kernel_start; /* The kernel's image in physical memory. */
    u64 kernel_size;

    /* Where, in the kernel's half, these regions were placed at random. */
    u64 page_array; /* For kernel/mm/page.c. */
    u64 kernel_map; /* For kernel/mm/kernel_map.c. */
    u64 kernel_map_size;
    bool is_placed_fixed; /* `noaslr` of the command line: nothing is placed at random. */
};

/* [const] after boot. */
const struct boot_info *boot_info(void);
