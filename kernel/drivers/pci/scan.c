/* SPDX-License-Identifier: Apache-2.0 */
/* Finding devices: bus 0, and behind each bridge the bus that firmware gave it. */
#include "abi/pci/config.h"
#include "kernel/core/log.h"
#include "kernel/drivers/pci/config.h"
#include "kernel/drivers/pci/pci.h"
#include "kernel/mm/heap.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

enum {
    BUSES_MAX = 256,
    SLOTS_MAX = 32,
    FUNCTIONS_MAX = 8,
};

/* Buses still to be looked at. Each comes up once, whatever the bridges say. */
struct scan {
    bool known[BUSES_MAX];
    u8 queue[BUSES_MAX];
    u32 queued;
};

static void add_bus(struct scan *scan, u8 bus)
{
    if (scan->known[bus])
        return;
    scan->known[bus] = true;
    scan->queue[scan->queued++] = bus;
}

static const struct pci_driver *find_driver(const struct pci_device *device)
{
    for (size_t i = 0; pci_drivers[i]; i++) {
        if (pci_drivers[i]->matches(device))
            return pci_drivers[i];
    }
    return NULL;
}

static void fill_in(struct pci_device *device)
{
    struct text name;

    device->subsystem = pci_read16(device, PCI_SUBSYSTEM);
    device->class_code = pci_read32(device, PCI_CLASS) >> 8;
    text_init(&name, device->name, sizeof(device->name));
    text_format(&name, "%02x:%02x.%x", device->bus, device->slot, device->function);
}

/* Hands a device to its driver, which keeps a copy that stays. */
static void add_device(const struct pci_device *found)
{
    const struct pci_driver *driver = find_driver(found);
    struct pci_device *device;
    int err;

    log_debug("pci %s: %04x:%04x class %06x", found->name, found->vendor, found->device,
              found->class_code);
    if (!driver)
        return;
    device = heap_alloc(sizeof(*device));
    if (!device) {
        log_warn("pci %s: no memory", found->name);
        return;
    }
    *device = *found;
    err = driver->probe(device);
    if (err < 0)
        log_warn("pci %s: %s does not start: error %d", device->name, driver->name, -err);
}

/* True when there is such a function, and `*header_type` is its header's. */
static bool scan_function(struct scan *scan, struct pci_device *device, u8 *header_type)
{
    u32 id = pci_read32(device, PCI_VENDOR);

    if ((u16)id == PCI_VENDOR_NONE)
        return false;
    *header_type = pci_read8(device, PCI_HEADER_TYPE);
    device->vendor = (u16)id;
    device->device = (u16)(id >> 16);
    if ((*header_type & PCI_HEADER_TYPE_MASK) == PCI_HEADER_BRIDGE) {
        add_bus(scan, pci_read8(device, PCI_SECONDARY_BUS));
    } else {
        fill_in(device);
        add_device(device);
    }
    return true;
}

static void scan_slot(struct scan *scan, u8 bus, u8 slot)
{
    u32 functions = 1;

    for (u32 function = 0; function < functions; function++) {
        struct pci_device device = { .bus = bus, .slot = slot, .function = (u8)function };
        u8 header_type;

        if (!scan_function(scan, &device, &header_type)) {
            if (function == 0)
                return;
            continue;
        }
        if (function == 0 && (header_type & PCI_HEADER_MULTIFUNCTION))
            functions = FUNCTIONS_MAX;
    }
}

void pci_init(void)
{
    struct scan *scan;
    struct pci_device host = { .bus = 0 };

    pci_config_init();
    if ((u16)pci_read32(&host, PCI_VENDOR) == PCI_VENDOR_NONE)
        return; /* microvm: no PCI at all. */
    scan = heap_alloc_zero(sizeof(*scan));
    if (!scan) {
        log_warn("pci: no memory");
        return;
    }
    add_bus(scan, 0);
    for (u32 i = 0; i < scan->queued; i++) {
        for (u32 slot = 0; slot < SLOTS_MAX; slot++)
            scan_slot(scan, scan->queue[i], (u8)slot);
    }
    heap_free(scan);
}
