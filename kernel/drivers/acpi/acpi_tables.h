/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reads ACPI's static tables. Pure: memory is reached through a function of the caller's. Firmware
 * is foreign: lengths, checksums and counts are checked, and what is damaged is left out.
 */

#include "kernel/arch/acpi_info.h"
#include "lib/base/types.h"

/* The generic event device of machines without fixed hardware; `selected` is not present: none. */
struct acpi_events {
    struct acpi_register selected; /* Reading it says what happened, and clears that. */
    u32 gsi;
    bool level;
    bool active_low;
};

struct acpi_tables {
    struct acpi_info info; /* Registers in memory are not mapped yet. */
    struct acpi_events events;
    u8 pm1_event_size; /* Status and enable registers together. */
    u32 smi_command;   /* Port that switches the machine to ACPI by `acpi_enable`; 0: it is. */
    u8 acpi_enable;
};

/* `size` bytes of physical memory at `address`, readable as long as the tables are; or NULL. */
typedef const void *acpi_map_fn(void *context, u64 address, size_t size);

/*
 * Fills `tables`, zeroed before, from the root pointer at `rsdp`. False when that is none; what
 * else is missing or damaged stays zero.
 */
bool acpi_tables_read(u64 rsdp, acpi_map_fn *map, void *context, struct acpi_tables *tables);

/* The root pointer in the area [address, address + size) that BIOSes use, or 0. */
u64 acpi_rsdp_find(u64 address, size_t size, acpi_map_fn *map, void *context);
