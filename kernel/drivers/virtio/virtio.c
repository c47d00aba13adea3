/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtio bus: from a device that a transport has found to a driver that runs it (section 3.1).
 */
#include "kernel/drivers/virtio/virtio.h"

#include "abi/linux/errors.h"
#include "abi/virtio/ring.h"
#include "kernel/arch/cpu.h"
#include "kernel/core/bottom_half.h"
#include "kernel/core/clock.h"
#include "kernel/core/log.h"
#include "kernel/drivers/virtio/transport.h"
#include "kernel/drivers/virtio/virtqueue.h"
#include "lib/base/num.h"
#include "lib/base/text.h"

enum {
    RESET_MS_MAX = 1000,
    CONFIG_TRIES_MAX = 16, /* A configuration that changes under each of so many reads is a lie. */
    DONE_BUDGET = 64,      /* Buffers taken back by one run of a bottom half. */
};

static u32 device_count;
static struct virtio_device *devices; /* [const] after boot. */

u64 virtio_features(const struct virtio_device *device)
{
    return device->features;
}

const char *virtio_name(const struct virtio_device *device)
{
    return device->name;
}

bool virtio_is_broken(const struct virtio_device *device)
{
    /* A hint that arrives soon enough: whoever sets it has stopped the device. */
    return __atomic_load_n(&device->broken, __ATOMIC_RELAXED);
}

void virtio_fail(struct virtio_device *device, const char *why)
{
    if (__atomic_exchange_n(&device->broken, true, __ATOMIC_RELAXED))
        return;
    device->transport->set_status(device, 0);
    log_error("%s: device stopped: %s", device->name, why);
}

void virtio_config_read(struct virtio_device *device, u32 off, void *to, u32 size)
{
    const struct virtio_transport *transport = device->transport;

    for (int i = 0; i < CONFIG_TRIES_MAX; i++) {
        u32 before = transport->config_generation(device);

        transport->config_read(device, off, to, size);
        if (transport->config_generation(device) == before)
            return;
    }
    virtio_fail(device, "its configuration never rests");
}

u16 virtio_config_u16(struct virtio_device *device, u32 off)
{
    u16 value = 0;

    virtio_config_read(device, off, &value, sizeof(value));
    return value;
}

u32 virtio_config_u32(struct virtio_device *device, u32 off)
{
    u32 value = 0;

    virtio_config_read(device, off, &value, sizeof(value));
    return value;
}

u64 virtio_config_u64(struct virtio_device *device, u32 off)
{
    u64 value = 0;

    virtio_config_read(device, off, &value, sizeof(value));
    return value;
}

static bool run_poll(struct bottom_half *half)
{
    struct virtqueue *queue = CONTAINER_OF(half, struct virtqueue, half);

    return queue->poll(queue, queue->arg);
}

/* The poll function of queues whose drivers want to be called for each buffer. */
static bool poll_done(struct virtqueue *queue, void *arg)
{
    virtqueue_done_fn *done = queue->done;
    void *cookie;
    u32 bytes_written;

    (void)arg;
    for (u32 i = 0; i < DONE_BUDGET; i++) {
        if (!virtqueue_take(queue, &cookie, &bytes_written))
            return !virtqueue_irq_on(queue);
        done(cookie, bytes_written);
    }
    return true;
}

struct virtqueue *virtio_queue_open_polled(struct virtio_device *device, u16 index, u32 cpu,
                                           virtqueue_poll_fn *poll, void *arg)
{
    struct virtqueue *queue;
    u32 size;

    if (device->queue_count == VIRTIO_QUEUES_MAX)
        return NULL;
    size = u32_min(device->transport->queue_size(device, index), VIRTQUEUE_SIZE_MAX);
    if (size == 0)
        return NULL;
    size = 1u << log2_floor(size);

    queue =
        virtqueue_create(device, index, (u16)size, (device->features & VIRTIO_F_EVENT_IDX) != 0);
    if (!queue)
        return NULL;
    queue->cpu = cpu;
    queue->poll = poll;
    queue->arg = arg;
    bottom_half_init(&queue->half, run_poll);
    if (device->transport->queue_enable(device, queue) < 0) {
        virtqueue_destroy(queue);
        return NULL;
    }
    device->queues[device->queue_count++] = queue;
    return queue;
}

struct virtqueue *virtio_queue_open(struct virtio_device *device, u16 index,
                                    virtqueue_done_fn *done)
{
    struct virtqueue *queue = virtio_queue_open_polled(device, index, 0, poll_done, NULL);

    if (!queue)
        return NULL;
    queue->done = done;
    if (!virtqueue_irq_on(queue))
        virtio_fail(device, "it returned a buffer before it had one");
    return queue;
}

void virtio_queue_close(struct virtqueue *queue)
{
    struct virtio_device *device = queue->device;

    for (u32 i = 0; i < device->queue_count; i++) {
        if (device->queues[i] == queue) {
            device->queues[i] = device->queues[--device->queue_count];
            break;
        }
    }
    virtqueue_destroy(queue);
}

void virtio_interrupt(struct virtio_device *device)
{
    for (u32 i = 0; i < device->queue_count; i++) {
        if (device->queues[i]->poll)
            virtqueue_interrupt(device->queues[i]);
    }
}

static void add_status(struct virtio_device *device, u8 bit)
{
    device->transport->set_status(device, (u8)(device->transport->status(device) | bit));
}

void virtio_start(struct virtio_device *device)
{
    add_status(device, VIRTIO_STATUS_DRIVER_OK);
}

static bool reset(struct virtio_device *device)
{
    u64 deadline = clock_deadline(RESET_MS_MAX * NS_PER_MS);

    device->transport->set_status(device, 0);
    while (device->transport->status(device) != 0) {
        if (clock_now_ns() > deadline)
            return false;
        cpu_relax();
    }
    return true;
}

void virtio_stop(struct virtio_device *device)
{
    if (!reset(device))
        log_error("%s: does not reset", device->name);
}

bool virtio_stop_all(void)
{
    bool rest = true;

    for (struct virtio_device *device = devices; device; device = device->next) {
        rest &= reset(device);
        if (device->transport->quiet)
            device->transport->quiet(device);
    }
    return rest;
}

static const struct virtio_driver *find_driver(u32 id)
{
    for (size_t i = 0; virtio_drivers[i]; i++) {
        if (virtio_drivers[i]->id == id)
            return virtio_drivers[i];
    }
    return NULL;
}

/* Section 3.1.1, steps 4 to 6. */
static int negotiate(struct virtio_device *device, const struct virtio_driver *driver)
{
    u64 offered = device->transport->features(device);
    u64 ours = offered & driver->features;

    if ((offered & VIRTIO_F_VERSION_1) == 0) {
        log_warn("%s: an old device (before virtio 1.0) is not used", device->name);
        return -ENODEV;
    }
    if (driver->choose)
        ours = driver->choose(ours);
    /* Devices are given physical addresses: right for ACCESS_PLATFORM where no IOMMU translates. */
    ours |= offered & (VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_F_ACCESS_PLATFORM);
    device->transport->set_features(device, ours);
    add_status(device, VIRTIO_STATUS_FEATURES_OK);
    if ((device->transport->status(device) & VIRTIO_STATUS_FEATURES_OK) == 0) {
        log_warn("%s: the device refuses features 0x%llx", device->name, (unsigned long long)ours);
        return -EIO;
    }
    device->features = ours;
    return 0;
}

static void name_device(struct virtio_device *device)
{
    struct text text;

    text_init(&text, device->name, sizeof(device->name));
    text_format(&text, "virtio%u", device_count++);
}

int virtio_device_add(struct virtio_device *device)
{
    const struct virtio_driver *driver = find_driver(device->id);
    int err;

    name_device(device);
    device->next = devices;
    devices = device;
    if (!driver) {
        log_info("%s: no driver for device type %u", device->name, device->id);
        return -ENODEV;
    }
    if (!reset(device)) {
        log_warn("%s: %s does not reset", device->name, driver->name);
        return -EIO;
    }
    add_status(device, VIRTIO_STATUS_ACKNOWLEDGE);
    add_status(device, VIRTIO_STATUS_DRIVER);

    err = negotiate(device, driver);
    if (err == 0)
        err = driver->probe(device);
    if (err < 0) {
        add_status(device, VIRTIO_STATUS_FAILED);
        log_warn("%s: %s does not start: error %d", device->name, driver->name, -err);
    }
    return err;
}
