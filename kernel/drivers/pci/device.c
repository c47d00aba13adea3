/* SPDX-License-Identifier: Apache-2.0 */
/* What drivers do with their device: fields, capabilities, BARs, MSI-X. */
#include "abi/linux/errors.h"
#include "abi/pci/config.h"
#include "kernel/arch/irq.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/port.h"
#include "kernel/drivers/pci/config.h"
#include "kernel/drivers/pci/pci.h"
#include "kernel/mm/kernel_map.h"
#include "lib/base/types.h"

enum {
    /* A list of capabilities, 4 bytes each at least, cannot be longer without a loop. */
    CAPABILITIES_MAX = (PCI_CONFIG_SIZE - PCI_CAP_FIRST) / 4,
    MAP_SIZE_MAX = 16 << 20, /* Register windows are far smaller. */
};

u32 pci_read32(const struct pci_device *device, u32 off)
{
    return pci_config_read(device->bus, device->slot, device->function, off & ~3u);
}

u16 pci_read16(const struct pci_device *device, u32 off)
{
    return (u16)(pci_read32(device, off) >> ((off & 2) * 8));
}

u8 pci_read8(const struct pci_device *device, u32 off)
{
    return (u8)(pci_read32(device, off) >> ((off & 3) * 8));
}

void pci_write16(const struct pci_device *device, u32 off, u16 value)
{
    pci_config_write16(device->bus, device->slot, device->function, off, value);
}

void pci_write32(const struct pci_device *device, u32 off, u32 value)
{
    pci_config_write(device->bus, device->slot, device->function, off, value);
}

u8 pci_capability(const struct pci_device *device, u8 id, u8 after)
{
    u8 at;

    if ((pci_read16(device, PCI_STATUS) & PCI_STATUS_CAPABILITIES) == 0)
        return 0;
    at = pci_read8(device, after ? after + 1u : PCI_CAPABILITIES) & 0xfc;
    for (int i = 0; i < CAPABILITIES_MAX && at >= PCI_CAP_FIRST; i++) {
        u16 header = pci_read16(device, at);

        if ((u8)header == id)
            return at;
        at = (u8)(header >> 8) & 0xfc;
    }
    return 0;
}

/* The writable bits of a BAR's register: its size, while the device is not answering. */
static u32 size_bits(const struct pci_device *device, u32 off)
{
    u32 value = pci_read32(device, off);
    u32 bits;

    pci_write32(device, off, UINT32_MAX);
    bits = pci_read32(device, off);
    pci_write32(device, off, value);
    return bits;
}

bool pci_bar(const struct pci_device *device, u32 index, paddr_t *address, u64 *size)
{
    u32 off = PCI_BAR + 4 * index;
    u16 command = pci_read16(device, PCI_COMMAND);
    u32 low;
    u64 bits;
    bool is_64;

    if (index >= PCI_BAR_COUNT)
        return false;
    low = pci_read32(device, off);
    is_64 = (low & PCI_BAR_TYPE_MASK) == PCI_BAR_TYPE_64;
    if ((low & PCI_BAR_IS_PORT) || (is_64 && index + 1 >= PCI_BAR_COUNT))
        return false;

    pci_write16(device, PCI_COMMAND, command & ~(PCI_COMMAND_MEMORY | PCI_COMMAND_PORT));
    bits = size_bits(device, off) & ~0xfull;
    if (is_64) {
        bits |= (u64)size_bits(device, off + 4) << 32;
    } else if (bits) {
        bits |= 0xffffffffull << 32;
    }
    pci_write16(device, PCI_COMMAND, command);

    *address = low & ~0xfull;
    if (is_64)
        *address |= (u64)pci_read32(device, off + 4) << 32;
    *size = bits & -bits; /* The lowest bit that can be set. */
    return *address != 0 && *size != 0 && *address <= UINT64_MAX - *size;
}

volatile u8 *pci_bar_map(const struct pci_device *device, u32 index, u64 off, u64 size)
{
    paddr_t address;
    u64 bar_size;

    if (size == 0 || size > MAP_SIZE_MAX || !pci_bar(device, index, &address, &bar_size))
        return NULL;
    if (off > bar_size || size > bar_size - off)
        return NULL;
    return device_map(address + off, size);
}

void pci_enable(const struct pci_device *device)
{
    u16 command = pci_read16(device, PCI_COMMAND);

    pci_write16(device, PCI_COMMAND,
                command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_OFF);
}

void pci_disable(const struct pci_device *device)
{
    pci_write16(device, PCI_COMMAND, pci_read16(device, PCI_COMMAND) & ~PCI_COMMAND_MASTER);
    if (device->msix != 0)
        pci_write16(device, device->msix + PCI_MSIX_CONTROL, 0);
}

int pci_msix_open(struct pci_device *device)
{
    u8 at = pci_capability(device, PCI_CAP_MSIX, 0);
    u16 control;
    u32 count;
    u32 table;

    if (at == 0 || at > PCI_CONFIG_SIZE - 12)
        return -ENODEV;
    control = pci_read16(device, at + PCI_MSIX_CONTROL);
    table = pci_read32(device, at + PCI_MSIX_TABLE);
    count = (control & PCI_MSIX_CONTROL_SIZE) + 1u;
    device->msix_table =
        pci_bar_map(device, table & PCI_MSIX_TABLE_BAR, table & ~(u32)PCI_MSIX_TABLE_BAR,
                    (u64)count * PCI_MSIX_ENTRY_SIZE);
    if (!device->msix_table)
        return -ENOMEM;
    device->msix_count = count;
    device->msix = at;
    for (u32 i = 0; i < device->msix_count; i++) {
        mmio_write32(device->msix_table + (size_t)i * PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_CONTROL,
                     PCI_MSIX_ENTRY_MASKED);
    }
    control &= (u16)~PCI_MSIX_CONTROL_MASK_ALL;
    pci_write16(device, at + PCI_MSIX_CONTROL, control | PCI_MSIX_CONTROL_ENABLE);
    return 0;
}

int pci_msix_vector(struct pci_device *device, u32 index, u32 cpu, irq_handler_fn *handler,
                    void *arg)
{
    struct irq_message message;
    volatile u8 *entry;
    int err;

    if (index >= device->msix_count)
        return -EINVAL;
    entry = device->msix_table + (size_t)index * PCI_MSIX_ENTRY_SIZE;
    err = irq_message_open(cpu, handler, arg, &message);
    if (err < 0)
        return err;
    mmio_write32(entry, (u32)message.address);
    mmio_write32(entry + 4, (u32)(message.address >> 32));
    mmio_write32(entry + PCI_MSIX_ENTRY_DATA, message.data);
    mmio_write32(entry + PCI_MSIX_ENTRY_CONTROL, 0);
    return 0;
}
