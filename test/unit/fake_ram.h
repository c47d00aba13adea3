/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Physical memory for tests of kernel/mm itself: `size` bytes that the real page allocator believes
 * to be RAM, and an address space of its own for what it maps. Not together with fake_memory.c.
 */

#include "lib/base/types.h"

/* RAM as boot_info() tells it. Call fake_ram_add() for each range, then fake_ram_start(). */
void fake_ram_add(u64 start, u64 size);
void fake_ram_start(void); /* page_init(), kernel_map_init() and heap_init(). */

extern bool fake_ram_map_fails; /* mmu_kernel_map() says -ENOMEM. */
extern u64 fake_ram_unmaps;
