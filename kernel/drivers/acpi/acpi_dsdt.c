/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The DSDT is a program for a machine of its own. We interpret none of it: what we want is constant
 * in practice, and found by its name.
 */
#include "abi/acpi/tables.h"
#include "kernel/arch/acpi_info.h"
#include "kernel/drivers/acpi/acpi_table.h"
#include "kernel/drivers/acpi/acpi_tables.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"

/* An integer of an AML package at `*off`; moves past it. False when it is no integer. */
static bool aml_integer(const struct acpi_table *table, u32 *off, u64 *value)
{
    u8 op = acpi_get8(table, *off);
    u32 width;

    *off += 1;
    switch (op) {
    case 0x00: /* ZeroOp */
    case 0x01: /* OneOp */
        *value = op;
        return true;
    case 0x0a: /* BytePrefix */
        width = 1;
        break;
    case 0x0b: /* WordPrefix */
        width = 2;
        break;
    case 0x0c: /* DWordPrefix */
        width = 4;
        break;
    default:
        return false;
    }
    *value = acpi_field(table, *off, width);
    *off += width;
    return true;
}

enum {
    AML_MEMORY32_FIXED = 0x86, /* Section 6.4.3.4: tag, length, access, base, length. */
    AML_MEMORY32_SIZE = 12,
    AML_INTERRUPT = 0x89, /* Section 6.4.3.6: tag, length, flags, count, numbers. */
    AML_INTERRUPT_FLAGS = 3,
    AML_INTERRUPT_EDGE = 1 << 1, /* Of the flags. */
    AML_INTERRUPT_LOW = 1 << 2,
    AML_INTERRUPT_NUMBER = 5,
    AML_INTERRUPT_SIZE = 9, /* With one number. */
    AML_EXTENDED = 0x5b,    /* Section 20.2.5.2: ExtOpPrefix, OpRegionOp, name, space, ... */
    AML_REGION = 0x80,
    AML_REGION_SPACE = 6,
    AML_REGION_SIZE_MIN = 9,
    AML_CRS_DISTANCE_MAX = 160, /* From a device's _HID to its resources. */
};

/* How far to look for what belongs to the device whose _HID is at `off`. */
static u32 device_end(const struct acpi_table *dsdt, u32 off)
{
    return dsdt->size - off < AML_CRS_DISTANCE_MAX ? dsdt->size : off + AML_CRS_DISTANCE_MAX;
}

/* The resources of the device whose _HID is at `off`: a fixed memory range, then an interrupt. */
static bool read_virtio_mmio(struct acpi_virtio_mmio *device, const struct acpi_table *dsdt,
                             u32 off)
{
    u32 end = device_end(dsdt, off);

    for (; off + AML_MEMORY32_SIZE + AML_INTERRUPT_NUMBER + 4 <= end; off++) {
        u32 interrupt = off + AML_MEMORY32_SIZE;

        if (acpi_get8(dsdt, off) != AML_MEMORY32_FIXED ||
            acpi_get8(dsdt, interrupt) != AML_INTERRUPT)
            continue;
        device->address = acpi_get32(dsdt, off + 4);
        device->size = acpi_get32(dsdt, off + 8);
        device->gsi = acpi_get32(dsdt, interrupt + AML_INTERRUPT_NUMBER);
        return true;
    }
    return false;
}

/*
 * Devices of kind LNRO0005. Like _S5_ they are found by looking for their name: what QEMU and
 * Firecracker write is always the same, and a machine language is too much for it.
 */
static void find_virtio_mmio(struct acpi_info *info, const struct acpi_table *dsdt)
{
    static const char name[] = "LNRO0005";

    for (u32 off = 0; off + sizeof(name) <= dsdt->size; off++) {
        if (dsdt->bytes[off] != 'L' || !mem_equal(dsdt->bytes + off, name, sizeof(name)))
            continue;
        if (info->virtio_mmio_count == ACPI_VIRTIO_MMIO_MAX)
            return;
        if (read_virtio_mmio(&info->virtio_mmio[info->virtio_mmio_count], dsdt, off))
            info->virtio_mmio_count++;
    }
}

/* An operation region of the device whose _HID is at `off`: the register that tells events. */
static bool read_event_register(struct acpi_events *events, const struct acpi_table *dsdt, u32 off,
                                u32 end)
{
    for (; off + AML_REGION_SIZE_MIN <= end; off++) {
        u32 at = off + AML_REGION_SPACE;
        u8 space = acpi_get8(dsdt, at++);
        u64 address;
        u64 size;

        if (acpi_get8(dsdt, off) != AML_EXTENDED || acpi_get8(dsdt, off + 1) != AML_REGION ||
            space != ACPI_SPACE_MEMORY)
            continue;
        if (aml_integer(dsdt, &at, &address) && aml_integer(dsdt, &at, &size) && address != 0 &&
            size == ACPI_EVENT_REGISTER_SIZE) {
            events->selected = (struct acpi_register){ .present = true, .address = address };
            return true;
        }
    }
    return false;
}

/* The device whose _HID is at `off`: an interrupt, then the register. */
static bool read_event_device(struct acpi_events *events, const struct acpi_table *dsdt, u32 off)
{
    u32 end = device_end(dsdt, off);

    for (; off + AML_INTERRUPT_SIZE <= end; off++) {
        u8 flags = acpi_get8(dsdt, off + AML_INTERRUPT_FLAGS);

        if (acpi_get8(dsdt, off) != AML_INTERRUPT ||
            acpi_get16(dsdt, off + 1) != AML_INTERRUPT_SIZE - AML_INTERRUPT_FLAGS)
            continue;
        events->gsi = acpi_get32(dsdt, off + AML_INTERRUPT_NUMBER);
        events->level = (flags & AML_INTERRUPT_EDGE) == 0;
        events->active_low = (flags & AML_INTERRUPT_LOW) != 0;
        return read_event_register(events, dsdt, off + AML_INTERRUPT_SIZE, end);
    }
    return false;
}

/* The generic event device (section 5.6.9), which stands in for the fixed power button. */
static void find_event_device(struct acpi_events *events, const struct acpi_table *dsdt)
{
    static const char name[] = "ACPI0013";

    for (u32 off = 0; off + sizeof(name) <= dsdt->size; off++) {
        if (dsdt->bytes[off] == 'A' && mem_equal(dsdt->bytes + off, name, sizeof(name)) &&
            read_event_device(events, dsdt, off))
            return;
    }
}

/* Name (_S5_, Package { a, b, ... }): `off` is just behind the name. Section 20.2.5.4. */
static bool read_s5_package(struct acpi_info *info, const struct acpi_table *dsdt, u32 off)
{
    u64 type_a;
    u64 type_b;

    if (acpi_get8(dsdt, off) != 0x12) /* PackageOp */
        return false;
    off += 1;
    off += 1 + (acpi_get8(dsdt, off) >> 6); /* PkgLength: its top bits say how many bytes follow. */
    if (acpi_get8(dsdt, off) < 1)           /* NumElements */
        return false;
    off += 1;
    if (off >= dsdt->size || !aml_integer(dsdt, &off, &type_a))
        return false;
    if (!aml_integer(dsdt, &off, &type_b))
        type_b = type_a;
    info->has_s5 = true;
    info->s5_type_a = (u8)(type_a & 7);
    info->s5_type_b = (u8)(type_b & 7);
    return true;
}

/* Looks for the name itself: we interpret no AML, and the package is constant in practice. */
static void find_s5(struct acpi_info *info, const struct acpi_table *dsdt)
{
    u32 off = ACPI_TABLE_HEADER_SIZE;

    /* Every fourth byte: one of the four of the name, if it is there. */
    for (; off + 4 <= dsdt->size; off += 4) {
        u8 byte = dsdt->bytes[off];

        if (byte != '_' && byte != 'S' && byte != '5')
            continue;
        for (u32 start = off - 3; start <= off; start++) {
            if (start + 4 <= dsdt->size && mem_equal(dsdt->bytes + start, "_S5_", 4) &&
                read_s5_package(info, dsdt, start + 4))
                return;
        }
    }
}

void acpi_dsdt_read(const struct acpi_table *dsdt, struct acpi_tables *out)
{
    find_s5(&out->info, dsdt);
    find_virtio_mmio(&out->info, dsdt);
    if (out->info.hardware_reduced)
        find_event_device(&out->events, dsdt);
}
