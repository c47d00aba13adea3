/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a transport provides to the bus, and the bus to transports. Drivers see virtio.h only. */

#include "kernel/drivers/virtio/virtqueue.h"
#include "lib/base/types.h"

enum {
    VIRTIO_QUEUES_MAX = 2 * 64 + 1, /* A pair per CPU and a control queue. */
    VIRTIO_NAME_SIZE = 16,
};

struct virtio_transport {
    u64 (*features)(struct virtio_device *device);
    void (*set_features)(struct virtio_device *device, u64 features);
    u8 (*status)(struct virtio_device *device);
    void (*set_status)(struct virtio_device *device, u8 status);
    u32 (*config_generation)(struct virtio_device *device);
    /* Bytes beyond the configuration's end read as 0. */
    void (*config_read)(struct virtio_device *device, u32 off, void *to, u32 size);
    /* The most descriptors queue `index` can have; 0 when there is no such queue. */
    u32 (*queue_size)(struct virtio_device *device, u16 index);
    /*
     * Tells the device where `queue` lies, and where its interrupts go if it has `poll`; sets
     * `notify`. 0 or a negative error number.
     */
    int (*queue_enable)(struct virtio_device *device, struct virtqueue *queue);
    /* Keeps a device that has been reset from memory and from interrupting; may be NULL. */
    void (*quiet)(struct virtio_device *device);
};

/* Transports embed it in their own. */
struct virtio_device {
    const struct virtio_transport *transport;
    struct virtio_device *next; /* Of all there are. */
    u32 id;
    u64 features; /* [const] after negotiation. */
    bool broken;  /* [atomic] */
    char name[VIRTIO_NAME_SIZE];
    u32 queue_count;
    struct virtqueue *queues[VIRTIO_QUEUES_MAX]; /* Those that are open. [const] once started. */
};

/*
 * Finds the driver for a device whose `transport` and `id` are filled in, and starts it. 0, -ENODEV
 * when no driver wants it, or what went wrong.
 */
int virtio_device_add(struct virtio_device *device) MUST_USE;

/*
 * Resets all devices, whoever drives them; nothing else runs any more. False: one does not rest.
 */
bool virtio_stop_all(void) MUST_USE;

/* For transports with one interrupt for all queues. */
void virtio_interrupt(struct virtio_device *device);

/* Devices named by `virtio_mmio.device=` on the command line; see virtio_mmio.c. */
void virtio_mmio_init(const char *command_line);
