/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the first C code leaves behind: where things were placed. See docs/memory-map.md. */

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

enum {
    /* Low memory that is in the direct map from the start: page tables come from it. */
    EARLY_DIRECT_MAP_SIZE = 1 << 30,
};

extern u64 kernel_pml4[512];

/* Linker script. */
extern u8 image_start[], text_end[], rodata_start[], rodata_end[], data_start[], image_end[];
