/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * PCI: finding devices, and what their drivers need. Everything here runs in thread context while
 * the machine boots. What a device says is checked: capability lists end, BARs lie in memory.
 */

#include "kernel/arch/irq.h"
#include "kernel/arch/mmu.h"
#include "lib/base/types.h"

struct pci_device {
    u8 bus;
    u8 slot;
    u8 function;
    u16 vendor;
    u16 device;
    u16 subsystem;
    u32 class_code; /* Class, subclass, interface: 0x010802 is NVMe. */
    char name[16];  /* "00:03.0", for log lines. */
    u8 msix;        /* Offset of the capability once pci_msix_open() found it. */
    u32 msix_count;
    volatile u8 *msix_table;
};

struct pci_driver {
    const char *name;
    bool (*matches)(const struct pci_device *device);
    /* Takes charge of a device; `device` stays for ever. 0 or a negative error number. */
    int (*probe)(struct pci_device *device);
};

/* Every PCI driver in this kernel, ended by NULL. See drivers.c. */
extern const struct pci_driver *const pci_drivers[];

/* Scans the machine and hands each device to its driver. acpi_init() has run. */
void pci_init(void);

u8 pci_read8(const struct pci_device *device, u32 off);
u16 pci_read16(const struct pci_device *device, u32 off);
u32 pci_read32(const struct pci_device *device, u32 off);
void pci_write16(const struct pci_device *device, u32 off, u16 value);
void pci_write32(const struct pci_device *device, u32 off, u32 value);

/*
 * The next capability `id` after the one at `after` (0: from the start): its offset, or 0. What
 * lies at the offset is at least 2 bytes long and within configuration space.
 */
u8 pci_capability(const struct pci_device *device, u8 id, u8 after);

/* Where memory BAR `index` lies, and its size. False for ports, and for what is not there. */
bool pci_bar(const struct pci_device *device, u32 index, paddr_t *address, u64 *size);

/* Maps `size` bytes at `off` of a BAR, uncached; NULL when they are not within it. */
volatile u8 *pci_bar_map(const struct pci_device *device, u32 index, u64 off, u64 size) MUST_USE;

/* Lets the device answer in memory and reach ours, without line interrupts. */
void pci_enable(const struct pci_device *device);

/* The opposite: it reaches no memory, and so sends no message-signalled interrupts either. */
void pci_disable(const struct pci_device *device);

/* Turns MSI-X on, all vectors masked. 0; -ENODEV when the device has none; -ENOMEM. */
int pci_msix_open(struct pci_device *device) MUST_USE;

/* Gives vector `index` a handler on `cpu` and unmasks it. 0, -EINVAL, -ENOSPC. */
int pci_msix_vector(struct pci_device *device, u32 index, u32 cpu, irq_handler_fn *handler,
                    void *arg) MUST_USE;
