/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the vDSO knows of the clock: one page that the kernel writes and the program reads, right in
 * front of the vDSO's code.
 */

#include "lib/base/types.h"

struct vvar {
    u32 sequence; /* [atomic] Odd while the rest is being changed. */
    u32 is_valid; /* The clock can be computed from the cycle counter. */
    u32 mult;     /* ns since boot = ((cycles - base_cycles) * mult >> shift) + offset_ns */
    u32 shift;
    u64 base_cycles;
    u64 offset_ns;
    u64 wall_ns;    /* 1970 to boot. */
    u32 has_rdtscp; /* RDTSCP tells the CPU's number. */
};
