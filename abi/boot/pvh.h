/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The PVH boot protocol: Xen's public/arch-x86/hvm/start_info.h, version 1. */

#include "lib/base/types.h"

#define PVH_START_MAGIC 0x336ec578u

enum {
    PVH_MEMORY_RAM = 1,
};

/* All addresses are physical. */
struct pvh_start_info {
    u32 magic;
    u32 version;
    u32 flags;
    u32 module_count;
    u64 modules_address;
    u64 command_line_address; /* NUL-ended, or 0. */
    u64 rsdp_address;         /* Or 0. */
    u64 memory_map_address;   /* From version 1 on. */
    u32 memory_map_entries;
    u32 reserved;
};

struct pvh_memory_entry {
    u64 address;
    u64 size;
    u32 type; /* As in E820. */
    u32 reserved;
};
