/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* ACPI 6.5: offsets and values in the static tables. Fields are unaligned, little-endian. */

enum {
    ACPI_RSDP_REVISION = 15, /* Section 5.2.5.3. */
    ACPI_RSDP_RSDT = 16,
    ACPI_RSDP_LENGTH = 20,
    ACPI_RSDP_XSDT = 24,
    ACPI_RSDP_SIZE_1 = 20, /* Of revision 0. */
    ACPI_RSDP_SIZE_2 = 36,

    ACPI_TABLE_LENGTH = 4, /* Section 5.2.6. */
    ACPI_TABLE_HEADER_SIZE = 36,

    ACPI_MADT_LAPIC = 36, /* Section 5.2.12. */
    ACPI_MADT_ENTRIES = 44,
    ACPI_MADT_TYPE_LAPIC = 0,
    ACPI_MADT_TYPE_IOAPIC = 1,
    ACPI_MADT_TYPE_OVERRIDE = 2,
    ACPI_MADT_TYPE_LAPIC_ADDRESS = 5,
    ACPI_MADT_TYPE_X2APIC = 9,
    ACPI_MADT_CPU_ENABLED = 1,

    ACPI_FADT_DSDT = 40, /* Section 5.2.9. */
    ACPI_FADT_SCI = 46,
    ACPI_FADT_SMI_COMMAND = 48,
    ACPI_FADT_ACPI_ENABLE = 52,
    ACPI_FADT_PM1A_EVENT = 56,
    ACPI_FADT_PM1A_CONTROL = 64,
    ACPI_FADT_PM1B_CONTROL = 68,
    ACPI_FADT_PM_TIMER = 76,
    ACPI_FADT_PM1_EVENT_LEN = 88,
    ACPI_FADT_FLAGS = 112,
    ACPI_FADT_RESET = 116,
    ACPI_FADT_RESET_VALUE = 128,
    ACPI_FADT_X_DSDT = 140,
    ACPI_FADT_X_PM1A_EVENT = 148,
    ACPI_FADT_X_PM1A_CONTROL = 172,
    ACPI_FADT_X_PM1B_CONTROL = 184,
    ACPI_FADT_X_PM_TIMER = 208,
    ACPI_FADT_SLEEP_CONTROL = 244,
    ACPI_FADT_FLAG_TIMER_32BIT = 1 << 8,
    ACPI_FADT_FLAG_RESET = 1 << 10,
    ACPI_FADT_FLAG_HARDWARE_REDUCED = 1 << 20,

    ACPI_MCFG_ENTRIES = 44,
    ACPI_MCFG_ENTRY_SIZE = 16,
    ACPI_HPET_ADDRESS = 40,

    ACPI_GAS_SIZE = 12, /* A generic address, section 5.2.3.2. */
    ACPI_GAS_ADDRESS = 4,
    ACPI_SPACE_MEMORY = 0,
    ACPI_SPACE_PORT = 1,

    ACPI_PM1_POWER_BUTTON = 1 << 8, /* Of the PM1 status and enable registers, section 4.8.3. */
    ACPI_PM1_WAKE = 1 << 15,        /* Of the status alone. */
    ACPI_PM1_CONTROL_ENABLED = 1,   /* SCI_EN. */

    /* Of the generic event device; its bits are QEMU's (docs/specs/acpi_hw_reduced_hotplug). */
    ACPI_EVENT_REGISTER_SIZE = 4,
    ACPI_EVENT_POWER_BUTTON = 1 << 1,
};
