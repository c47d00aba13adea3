/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files that read ACPI tables share. Others see acpi_tables.h. */

#include "lib/base/mem.h"
#include "lib/base/types.h"

struct acpi_tables;

/* A table in memory, its length checked. */
struct acpi_table {
    const u8 *bytes;
    u32 size;
};

/* Fields past the end of a table read as 0: older revisions are shorter. */
static inline u64 acpi_field(const struct acpi_table *table, u32 off, u32 width)
{
    u64 value = 0;

    if (off + width > table->size)
        return 0;
    mem_copy(&value, table->bytes + off, width);
    return value;
}

static inline u8 acpi_get8(const struct acpi_table *table, u32 off)
{
    return (u8)acpi_field(table, off, 1);
}

static inline u16 acpi_get16(const struct acpi_table *table, u32 off)
{
    return (u16)acpi_field(table, off, 2);
}

static inline u32 acpi_get32(const struct acpi_table *table, u32 off)
{
    return (u32)acpi_field(table, off, 4);
}

static inline u64 acpi_get64(const struct acpi_table *table, u32 off)
{
    return acpi_field(table, off, 8);
}

/*
 * Reads what is of use in the DSDT: the value for powering off, virtio devices in memory, and on a
 * machine without fixed hardware its event device.
 */
void acpi_dsdt_read(const struct acpi_table *dsdt, struct acpi_tables *out);
