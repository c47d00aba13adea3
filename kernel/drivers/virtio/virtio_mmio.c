/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio over MMIO (section 4.2), version 2. Such devices cannot be discovered: the machine's maker
 * names them on the command line, as for Linux, each by
 *
 *     virtio_mmio.device=SIZE[K|M]@ADDRESS:IRQ[:ID]
 *
 * All queues of a device share its interrupt line, which goes to the boot CPU.
 */
#include "abi/virtio/mmio.h"

#include "abi/linux/errors.h"
#include "kernel/arch/acpi_info.h"
#include "kernel/arch/irq.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/port.h"
#include "kernel/core/log.h"
#include "kernel/drivers/virtio/mmio_param.h"
#include "kernel/drivers/virtio/transport.h"
#include "kernel/drivers/virtio/virtqueue.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/kernel_map.h"
#include "lib/base/types.h"

enum {
    MMIO_DEVICES_MAX = 32, /* QEMU's microvm has 24 places, Firecracker fewer. */
};

struct mmio_device {
    struct virtio_device device;
    volatile u8 *registers;
    u32 size;
};

/* Where devices were looked for. */
static u64 known[MMIO_DEVICES_MAX];
static u32 known_count;

static u32 mmio_get(struct virtio_device *device, u32 off)
{
    return mmio_read32(CONTAINER_OF(device, struct mmio_device, device)->registers + off);
}

static void mmio_put(struct virtio_device *device, u32 off, u32 value)
{
    mmio_write32(CONTAINER_OF(device, struct mmio_device, device)->registers + off, value);
}

static u64 mmio_features(struct virtio_device *device)
{
    u64 features;

    mmio_put(device, VIRTIO_MMIO_DEVICE_FEATURES_SELECT, 1);
    features = (u64)mmio_get(device, VIRTIO_MMIO_DEVICE_FEATURES) << 32;
    mmio_put(device, VIRTIO_MMIO_DEVICE_FEATURES_SELECT, 0);
    return features | mmio_get(device, VIRTIO_MMIO_DEVICE_FEATURES);
}

static void mmio_set_features(struct virtio_device *device, u64 features)
{
    mmio_put(device, VIRTIO_MMIO_DRIVER_FEATURES_SELECT, 1);
    mmio_put(device, VIRTIO_MMIO_DRIVER_FEATURES, (u32)(features >> 32));
    mmio_put(device, VIRTIO_MMIO_DRIVER_FEATURES_SELECT, 0);
    mmio_put(device, VIRTIO_MMIO_DRIVER_FEATURES, (u32)features);
}

static u8 mmio_status(struct virtio_device *device)
{
    return (u8)mmio_get(device, VIRTIO_MMIO_STATUS);
}

static void mmio_set_status(struct virtio_device *device, u8 status)
{
    mmio_put(device, VIRTIO_MMIO_STATUS, status);
}

static u32 mmio_config_generation(struct virtio_device *device)
{
    return mmio_get(device, VIRTIO_MMIO_CONFIG_GENERATION);
}

static void mmio_config_read(struct virtio_device *device, u32 off, void *to, u32 size)
{
    struct mmio_device *mmio = CONTAINER_OF(device, struct mmio_device, device);
    volatile u8 *config = mmio->registers + VIRTIO_MMIO_CONFIG;
    u32 room = mmio->size > VIRTIO_MMIO_CONFIG ? mmio->size - VIRTIO_MMIO_CONFIG : 0;
    u8 *bytes = to;

    for (u32 i = 0; i < size; i++)
        bytes[i] = off + i < room ? mmio_read8(config + off + i) : 0;
}

static u32 mmio_queue_size(struct virtio_device *device, u16 index)
{
    mmio_put(device, VIRTIO_MMIO_QUEUE_SELECT, index);
    return mmio_get(device, VIRTIO_MMIO_QUEUE_SIZE_MAX);
}

static void mmio_put_address(struct virtio_device *device, u32 off, const void *memory)
{
    paddr_t address = virt_to_phys(memory);

    mmio_put(device, off, (u32)address);
    mmio_put(device, off + 4, (u32)(address >> 32));
}

static void mmio_notify(struct virtqueue *queue)
{
    mmio_write32(queue->notify_register, queue->index);
}

static int mmio_queue_enable(struct virtio_device *device, struct virtqueue *queue)
{
    struct mmio_device *mmio = CONTAINER_OF(device, struct mmio_device, device);

    mmio_put(device, VIRTIO_MMIO_QUEUE_SELECT, queue->index);
    if (mmio_get(device, VIRTIO_MMIO_QUEUE_READY) != 0)
        return -EIO;
    mmio_put(device, VIRTIO_MMIO_QUEUE_SIZE, queue->size);
    mmio_put_address(device, VIRTIO_MMIO_QUEUE_DESC, queue->desc);
    mmio_put_address(device, VIRTIO_MMIO_QUEUE_AVAIL, queue->avail);
    mmio_put_address(device, VIRTIO_MMIO_QUEUE_USED, queue->used);
    mmio_put(device, VIRTIO_MMIO_QUEUE_READY, 1);
    queue->notify = mmio_notify;
    queue->notify_register = mmio->registers + VIRTIO_MMIO_QUEUE_NOTIFY;
    return 0;
}

static const struct virtio_transport mmio_transport = {
    .features = mmio_features,
    .set_features = mmio_set_features,
    .status = mmio_status,
    .set_status = mmio_set_status,
    .config_generation = mmio_config_generation,
    .config_read = mmio_config_read,
    .queue_size = mmio_queue_size,
    .queue_enable = mmio_queue_enable,
};

static void mmio_irq(void *arg)
{
    struct mmio_device *mmio = arg;
    u32 status = mmio_get(&mmio->device, VIRTIO_MMIO_INTERRUPT_STATUS);

    if (status == 0)
        return; /* Another device on the line. */
    mmio_put(&mmio->device, VIRTIO_MMIO_INTERRUPT_ACK, status);
    if (status & VIRTIO_MMIO_INTERRUPT_RING)
        virtio_interrupt(&mmio->device);
}

/* True when there is a device that we know how to drive at these registers. */
static bool is_usable(const struct mmio_param *param, volatile u8 *registers)
{
    u32 version;

    if (mmio_read32(registers + VIRTIO_MMIO_MAGIC) != VIRTIO_MMIO_MAGIC_VALUE) {
        log_warn("virtio-mmio: no device at 0x%llx", (unsigned long long)param->address);
        return false;
    }
    if (mmio_read32(registers + VIRTIO_MMIO_DEVICE_ID) == 0)
        return false; /* A place without a device. */
    version = mmio_read32(registers + VIRTIO_MMIO_VERSION);
    if (version != VIRTIO_MMIO_VERSION_MODERN) {
        log_warn("virtio-mmio: device at 0x%llx has version %u, only 2 is supported (QEMU: "
                 "-global virtio-mmio.force-legacy=false)",
                 (unsigned long long)param->address, version);
        return false;
    }
    return true;
}

/* Both lists may name a device: the second time would reset it under its driver. */
static bool is_known(u64 address)
{
    for (u32 i = 0; i < known_count; i++) {
        if (known[i] == address)
            return true;
    }
    if (known_count == MMIO_DEVICES_MAX)
        return true;
    known[known_count++] = address;
    return false;
}

static void add_device(const struct mmio_param *param)
{
    volatile u8 *registers;
    struct mmio_device *mmio;

    if (is_known(param->address))
        return;
    registers = device_map(param->address, param->size);
    if (!registers || !is_usable(param, registers))
        return;
    mmio = heap_alloc_zero(sizeof(*mmio));
    if (!mmio) {
        log_warn("virtio-mmio: no memory");
        return;
    }
    mmio->registers = registers;
    mmio->size = param->size;
    mmio->device.transport = &mmio_transport;
    mmio->device.id = mmio_read32(registers + VIRTIO_MMIO_DEVICE_ID);

    /* Level, active high: what QEMU's and Firecracker's tables say of these lines. */
    if (irq_line_open(param->irq, true, false, mmio_irq, mmio) < 0) {
        log_warn("virtio-mmio: no interrupt %u", param->irq);
        heap_free(mmio);
        return;
    }
    /* The device stays even when no driver took it: its interrupt line cannot be given back. */
    if (virtio_device_add(&mmio->device) < 0)
        return;
}

/* ACPI names them; a machine without ACPI names them on the command line; some do both. */
void virtio_mmio_init(const char *command_line)
{
    const struct acpi_info *acpi = acpi_info();
    struct mmio_param param;
    const char *at = command_line;

    for (u32 i = 0; i < acpi->virtio_mmio_count; i++) {
        param.address = acpi->virtio_mmio[i].address;
        param.size = acpi->virtio_mmio[i].size;
        param.irq = acpi->virtio_mmio[i].gsi;
        if (param.size >= VIRTIO_MMIO_CONFIG)
            add_device(&param);
    }

    while (mmio_param_next(&at, &param))
        add_device(&param);
}
