/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Page tables for unit tests of kernel/vm. See fake_mmu.c. */

#include "lib/base/types.h"

extern long fake_mmu_tables;                     /* Tables in existence. */
extern long fake_tlb_flushes;                    /* Calls of tlb_flush(). */
extern void (*fake_tlb_flush_hook)(u64 address); /* During each, if not NULL. */

/* The byte that `address` is mapped to, or NULL. */
u8 *fake_mmu_byte(u64 address);

/* The flags of its entry, 0 when there is none. */
u32 fake_mmu_flags(u64 address);
