/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A virtio bus for tests of drivers: the real virtqueue.c under a device that the test plays. It
 * stands in for kernel/drivers/virtio/virtio.c.
 */

#include "kernel/drivers/virtio/virtio.h"
#include "kernel/drivers/virtio/virtqueue.h"
#include "lib/base/types.h"

enum {
    FAKE_VIRTIO_QUEUES = 8,
    FAKE_VIRTIO_CONFIG = 64,
    FAKE_CHAIN_MAX = 64,
};

struct virtio_device {
    u64 features;
    u8 config[FAKE_VIRTIO_CONFIG];
    u16 queue_size;
    u16 other_queue_size; /* Of all but the first, where it is not 0. */
    bool broken;
    bool started;
    struct virtqueue *queues[FAKE_VIRTIO_QUEUES];
    u16 seen[FAKE_VIRTIO_QUEUES]; /* Available buffers the device has taken. */
    int notified;
    void (*on_notify)(struct virtqueue *queue); /* The test's; may be NULL. */
};

/* A buffer that the device holds. */
struct fake_chain {
    u16 head;
    u32 out_count;
    u32 in_count;
    struct virtio_segment out[FAKE_CHAIN_MAX];
    struct virtio_segment in[FAKE_CHAIN_MAX];
};

/* The device takes the next buffer of a queue: false when there is none. */
bool fake_virtio_take(struct virtqueue *queue, struct fake_chain *chain);

/* It gives one back, claiming to have written `len` bytes, without an interrupt. */
void fake_virtio_give(struct virtqueue *queue, u32 head, u32 len);

/* It interrupts, if the driver asked for that; bottom halves run. */
void fake_virtio_interrupt(struct virtqueue *queue);
