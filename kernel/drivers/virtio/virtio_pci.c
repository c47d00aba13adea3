/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio over PCI (section 4.1), the modern interface only: transitional devices have it too.
 *
 * Where the structures lie is told by vendor capabilities. Each queue that interrupts has an MSI-X
 * vector of its own, on the CPU its driver wants; changes of the configuration are not listened to.
 */
#include "abi/linux/errors.h"
#include "abi/pci/config.h"
#include "abi/virtio/pci.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/port.h"
#include "kernel/core/log.h"
#include "kernel/drivers/pci/pci.h"
#include "kernel/drivers/virtio/transport.h"
#include "kernel/drivers/virtio/virtqueue.h"
#include "kernel/mm/heap.h"
#include "lib/base/types.h"

enum {
    VENDOR_CAPS_MAX = 48, /* Each takes 4 bytes of configuration space at least. */
};

/* One structure of the device, mapped. */
struct window {
    volatile u8 *at;
    u32 size;
};

struct virtio_pci {
    struct virtio_device device;
    struct pci_device *pci;
    struct window common;
    struct window notify;
    struct window config; /* Of the device type; may be missing. */
    u32 notify_multiplier;
    u32 vector_count; /* Vectors given out so far. */
};

static struct virtio_pci *of(struct virtio_device *device)
{
    return CONTAINER_OF(device, struct virtio_pci, device);
}

static volatile u8 *common(struct virtio_device *device, u32 off)
{
    return of(device)->common.at + off;
}

static u64 vpci_features(struct virtio_device *device)
{
    u64 features;

    mmio_write32(common(device, VIRTIO_PCI_DEVICE_FEATURES_SELECT), 1);
    features = (u64)mmio_read32(common(device, VIRTIO_PCI_DEVICE_FEATURES)) << 32;
    mmio_write32(common(device, VIRTIO_PCI_DEVICE_FEATURES_SELECT), 0);
    return features | mmio_read32(common(device, VIRTIO_PCI_DEVICE_FEATURES));
}

static void vpci_set_features(struct virtio_device *device, u64 features)
{
    mmio_write32(common(device, VIRTIO_PCI_DRIVER_FEATURES_SELECT), 1);
    mmio_write32(common(device, VIRTIO_PCI_DRIVER_FEATURES), (u32)(features >> 32));
    mmio_write32(common(device, VIRTIO_PCI_DRIVER_FEATURES_SELECT), 0);
    mmio_write32(common(device, VIRTIO_PCI_DRIVER_FEATURES), (u32)features);
}

static u8 vpci_status(struct virtio_device *device)
{
    return mmio_read8(common(device, VIRTIO_PCI_STATUS));
}

static void vpci_set_status(struct virtio_device *device, u8 status)
{
    mmio_write8(common(device, VIRTIO_PCI_STATUS), status);
}

static u32 vpci_config_generation(struct virtio_device *device)
{
    return mmio_read8(common(device, VIRTIO_PCI_CONFIG_GENERATION));
}

static void vpci_config_read(struct virtio_device *device, u32 off, void *to, u32 size)
{
    struct window *config = &of(device)->config;
    u8 *bytes = to;

    for (u32 i = 0; i < size; i++)
        bytes[i] = off + i < config->size ? mmio_read8(config->at + off + i) : 0;
}

static u32 vpci_queue_size(struct virtio_device *device, u16 index)
{
    if (index >= mmio_read16(common(device, VIRTIO_PCI_QUEUE_COUNT)))
        return 0;
    mmio_write16(common(device, VIRTIO_PCI_QUEUE_SELECT), index);
    return mmio_read16(common(device, VIRTIO_PCI_QUEUE_SIZE));
}

/* In two halves, which every host takes. */
static void put_address(struct virtio_device *device, u32 off, const void *memory)
{
    paddr_t address = virt_to_phys(memory);

    mmio_write32(common(device, off), (u32)address);
    mmio_write32(common(device, off + 4), (u32)(address >> 32));
}

static void vpci_notify(struct virtqueue *queue)
{
    mmio_write16(queue->notify_register, queue->index);
}

static void vpci_irq(void *arg)
{
    virtqueue_interrupt(arg);
}

/*
 * A vector for a queue that interrupts; the device says whether it took it (section 4.1.5.1.2.1).
 */
static int set_vector(struct virtio_device *device, struct virtqueue *queue)
{
    struct virtio_pci *vpci = of(device);
    u16 vector = VIRTIO_PCI_NO_VECTOR;
    int err;

    if (queue->poll) {
        err = pci_msix_vector(vpci->pci, vpci->vector_count, queue->cpu, vpci_irq, queue);
        if (err < 0)
            return err;
        vector = (u16)vpci->vector_count++;
    }
    mmio_write16(common(device, VIRTIO_PCI_QUEUE_VECTOR), vector);
    return mmio_read16(common(device, VIRTIO_PCI_QUEUE_VECTOR)) == vector ? 0 : -EIO;
}

static int vpci_queue_enable(struct virtio_device *device, struct virtqueue *queue)
{
    struct virtio_pci *vpci = of(device);
    u64 notify_off;
    int err;

    mmio_write16(common(device, VIRTIO_PCI_QUEUE_SELECT), queue->index);
    if (mmio_read16(common(device, VIRTIO_PCI_QUEUE_ENABLE)) != 0)
        return -EIO;
    notify_off =
        (u64)mmio_read16(common(device, VIRTIO_PCI_QUEUE_NOTIFY_OFF)) * vpci->notify_multiplier;
    if (notify_off + sizeof(u16) > vpci->notify.size)
        return -EIO;
    err = set_vector(device, queue);
    if (err < 0)
        return err;
    mmio_write16(common(device, VIRTIO_PCI_QUEUE_SIZE), queue->size);
    put_address(device, VIRTIO_PCI_QUEUE_DESC, queue->desc);
    put_address(device, VIRTIO_PCI_QUEUE_AVAIL, queue->avail);
    put_address(device, VIRTIO_PCI_QUEUE_USED, queue->used);
    queue->notify = vpci_notify;
    queue->notify_register = vpci->notify.at + notify_off;
    mmio_write16(common(device, VIRTIO_PCI_QUEUE_ENABLE), 1);
    return 0;
}

static void vpci_quiet(struct virtio_device *device)
{
    pci_disable(of(device)->pci);
}

static const struct virtio_transport vpci_transport = {
    .features = vpci_features,
    .set_features = vpci_set_features,
    .status = vpci_status,
    .set_status = vpci_set_status,
    .config_generation = vpci_config_generation,
    .config_read = vpci_config_read,
    .queue_size = vpci_queue_size,
    .queue_enable = vpci_queue_enable,
    .quiet = vpci_quiet,
};

/* Maps the structure that the capability at `cap` names, if it is the first of its kind. */
static void map_window(struct virtio_pci *vpci, u8 cap, struct window *window)
{
    u32 bar = pci_read8(vpci->pci, cap + VIRTIO_PCI_CAP_BAR);
    u32 off = pci_read32(vpci->pci, cap + VIRTIO_PCI_CAP_OFF);
    u32 size = pci_read32(vpci->pci, cap + VIRTIO_PCI_CAP_SIZE);

    if (window->at)
        return;
    window->at = pci_bar_map(vpci->pci, bar, off, size);
    window->size = window->at ? size : 0;
}

static void map_windows(struct virtio_pci *vpci)
{
    u8 cap = 0;

    /* A list that loops would give the same ones for ever. */
    for (int i = 0; i < VENDOR_CAPS_MAX; i++) {
        cap = pci_capability(vpci->pci, PCI_CAP_VENDOR, cap);
        if (cap == 0)
            break;
        if (cap > PCI_CONFIG_SIZE - VIRTIO_PCI_CAP_NOTIFY_MULTIPLIER - 4)
            continue;
        switch (pci_read8(vpci->pci, cap + VIRTIO_PCI_CAP_TYPE)) {
        case VIRTIO_PCI_CAP_COMMON:
            map_window(vpci, cap, &vpci->common);
            break;
        case VIRTIO_PCI_CAP_NOTIFY:
            map_window(vpci, cap, &vpci->notify);
            vpci->notify_multiplier = pci_read32(vpci->pci, cap + VIRTIO_PCI_CAP_NOTIFY_MULTIPLIER);
            break;
        case VIRTIO_PCI_CAP_DEVICE:
            map_window(vpci, cap, &vpci->config);
            break;
        default:
            break;
        }
    }
}

static u32 virtio_id_of(const struct pci_device *device)
{
    if (device->device >= VIRTIO_PCI_DEVICE_MODERN)
        return device->device - (u32)VIRTIO_PCI_DEVICE_MODERN;
    return device->subsystem;
}

static bool vpci_matches(const struct pci_device *device)
{
    return device->vendor == VIRTIO_PCI_VENDOR &&
           device->device >= VIRTIO_PCI_DEVICE_TRANSITIONAL &&
           device->device <= VIRTIO_PCI_DEVICE_LAST;
}

static int vpci_probe(struct pci_device *pci)
{
    struct virtio_pci *vpci = heap_alloc_zero(sizeof(*vpci));
    int err;

    if (!vpci)
        return -ENOMEM;
    vpci->pci = pci;
    vpci->device.transport = &vpci_transport;
    vpci->device.id = virtio_id_of(pci);

    map_windows(vpci);
    if (!vpci->common.at || vpci->common.size < VIRTIO_PCI_COMMON_SIZE || !vpci->notify.at) {
        log_warn("pci %s: no modern virtio interface", pci->name);
        heap_free(vpci);
        return -ENODEV;
    }
    pci_enable(pci);
    err = pci_msix_open(pci);
    if (err < 0) {
        log_warn("pci %s: no MSI-X", pci->name);
        heap_free(vpci);
        return err;
    }
    mmio_write16(vpci->common.at + VIRTIO_PCI_CONFIG_VECTOR, VIRTIO_PCI_NO_VECTOR);
    err = virtio_device_add(&vpci->device);
    /* It stays even when no driver took it: its interrupt vectors cannot be given back. */
    return err == -ENODEV ? 0 : err;
}

const struct pci_driver virtio_pci_driver = {
    .name = "virtio-pci",
    .matches = vpci_matches,
    .probe = vpci_probe,
};
