/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/drivers/pci/config.h"

#include "kernel/arch/acpi_info.h"
#include "kernel/arch/port.h"
#include "kernel/core/spinlock.h"
#include "kernel/mm/kernel_map.h"

enum {
    CONFIG_ADDRESS_PORT = 0xcf8, /* PCI 3.0, section 3.2.2.3.2. */
    CONFIG_DATA_PORT = 0xcfc,
    ECAM_BUS_SHIFT = 20,
    ECAM_SLOT_SHIFT = 15,
    ECAM_FUNCTION_SHIFT = 12,
    ECAM_BUSES_MAX = 256,
};

/* Each bus is mapped when it is first looked at: 1 MiB each, and most machines have one. */
static volatile u8 *ecam[ECAM_BUSES_MAX];

/* The address port and the data port are one transaction. */
static struct spinlock port_lock;

void pci_config_init(void)
{
    spinlock_init(&port_lock, LOCK_RANK_IRQ);
}

static volatile u8 *ecam_register(u8 bus, u8 slot, u8 function, u32 off)
{
    const struct acpi_info *info = acpi_info();

    if (info->ecam_address == 0 || bus < info->ecam_bus_first || bus > info->ecam_bus_last)
        return NULL;
    if (!ecam[bus]) {
        ecam[bus] =
            device_map(info->ecam_address + ((u64)bus << ECAM_BUS_SHIFT), 1u << ECAM_BUS_SHIFT);
    }
    if (!ecam[bus])
        return NULL;
    return ecam[bus] + ((u32)slot << ECAM_SLOT_SHIFT) + ((u32)function << ECAM_FUNCTION_SHIFT) +
           off;
}

static u32 port_address(u8 bus, u8 slot, u8 function, u32 off)
{
    return 0x80000000u | (u32)bus << 16 | (u32)slot << 11 | (u32)function << 8 | (off & 0xfc);
}

u32 pci_config_read(u8 bus, u8 slot, u8 function, u32 off)
{
    volatile u8 *reg = ecam_register(bus, slot, function, off);
    u32 value;

    if (reg)
        return mmio_read32(reg);
    spin_lock(&port_lock);
    port_write32(CONFIG_ADDRESS_PORT, port_address(bus, slot, function, off));
    value = port_read32(CONFIG_DATA_PORT);
    spin_unlock(&port_lock);
    return value;
}

void pci_config_write(u8 bus, u8 slot, u8 function, u32 off, u32 value)
{
    volatile u8 *reg = ecam_register(bus, slot, function, off);

    if (reg) {
        mmio_write32(reg, value);
        return;
    }
    spin_lock(&port_lock);
    port_write32(CONFIG_ADDRESS_PORT, port_address(bus, slot, function, off));
    port_write32(CONFIG_DATA_PORT, value);
    spin_unlock(&port_lock);
}

void pci_config_write16(u8 bus, u8 slot, u8 function, u32 off, u16 value)
{
    volatile u8 *reg = ecam_register(bus, slot, function, off);

    if (reg) {
        mmio_write16(reg, value);
        return;
    }
    spin_lock(&port_lock);
    port_write32(CONFIG_ADDRESS_PORT, port_address(bus, slot, function, off));
    port_write16((u16)(CONFIG_DATA_PORT + (off & 2)), value);
    spin_unlock(&port_lock);
}
