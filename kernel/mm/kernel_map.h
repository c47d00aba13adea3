/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Kernel mappings beside the direct map: stacks with guard pages, device memory. */

#include "kernel/arch/mmu.h"
#include "lib/base/types.h"

/* A stack with an unmapped page below it. `size` in whole pages. Lowest byte, or NULL. */
u8 *stack_alloc(size_t size) MUST_USE;
void stack_free(u8 *stack, size_t size);

/* Maps device memory, uncached. NULL when there is no room. Never unmapped. */
void *device_map(paddr_t address, size_t size) MUST_USE;

/* Maps read-only tables that firmware left (ACPI), cached. NULL when there is no room. */
const void *firmware_map(paddr_t address, size_t size) MUST_USE;

/* Mappings lie from `base` on, up to `size` bytes. Before anything else here. */
void kernel_map_init(u64 base, u64 size);
