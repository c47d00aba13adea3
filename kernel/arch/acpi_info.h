/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What ACPI's static tables say of the machine: filled once at boot by kernel/drivers/acpi, which
 * parses them; used by the CPU's code and by drivers. All zeros where there is no ACPI.
 */

#include "lib/base/types.h"

enum {
    ACPI_CPUS_MAX = 64,
    ACPI_IOAPICS_MAX = 8,
    ACPI_OVERRIDES_MAX = 24,
    ACPI_VIRTIO_MMIO_MAX = 32,
};

struct acpi_ioapic {
    u32 address;
    u32 gsi_base;
};

/* ISA interrupt `source` arrives at `gsi`. */
struct acpi_override {
    u8 source;
    u32 gsi;
    bool level;
    bool active_low;
};

/* A generic address: where a register is. */
struct acpi_register {
    bool present;
    bool is_port; /* Else memory. */
    u64 address;
    volatile void *mapped; /* A register in memory, mapped; NULL when that failed. */
};

/* A virtio device in memory, as the DSDT declares it (LNRO0005). */
struct acpi_virtio_mmio {
    u64 address;
    u32 size;
    u32 gsi;
};

struct acpi_info {
    u32 cpu_count;
    u32 apic_ids[ACPI_CPUS_MAX]; /* Enabled CPUs, in the table's order. */
    u64 lapic_address;
    u32 ioapic_count;
    struct acpi_ioapic ioapics[ACPI_IOAPICS_MAX];
    u32 override_count;
    struct acpi_override overrides[ACPI_OVERRIDES_MAX];

    u32 virtio_mmio_count;
    struct acpi_virtio_mmio virtio_mmio[ACPI_VIRTIO_MMIO_MAX];

    bool hardware_reduced;
    struct acpi_register pm1a_control; /* Write SLP_TYP and SLP_EN here to power off. */
    struct acpi_register pm1b_control;
    struct acpi_register sleep_control; /* The same on hardware-reduced machines. */
    bool has_s5;
    u8 s5_type_a;
    u8 s5_type_b;
    struct acpi_register reset;
    u8 reset_value;
    struct acpi_register pm1a_event;
    u32 sci_gsi;
    u32 pm_timer_port; /* 0: none. */
    bool pm_timer_32bit;
    u64 hpet_address; /* 0: none. */
    u64 ecam_address; /* PCI configuration space, segment 0; 0: none. */
    u8 ecam_bus_first;
    u8 ecam_bus_last;
};

/* [const] once acpi_init() has run. */
const struct acpi_info *acpi_info(void);
