/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The split virtqueue (section 2.7), for the bus (virtio.c) and the transports. Drivers see
 * virtio.h only.
 *
 * Invariants
 *  1. The descriptor table is never read: it lies in memory that the device can write. Which
 *     descriptors are free, and what a chain consists of, is kept in `slots`.
 *  2. A slot has `count` != 0 exactly while it is the head of a chain that the device has.
 *  3. free_count plus the counts of all lent chains is the queue's size.
 */

#include "kernel/core/bottom_half.h"
#include "kernel/drivers/virtio/virtio.h"
#include "lib/base/types.h"

enum {
    VIRTQUEUE_SIZE_MAX = 256, /* What we use of a larger one: the rings fit in two pages. */
};

struct virtqueue_slot {
    void *cookie;
    u32 writable; /* Bytes the device may write to the chain. */
    u16 next;     /* In the free list, or in the chain. */
    u16 last;     /* Of the chain that begins here. */
    u16 count;    /* Likewise; 0 for any but a head. */
};

struct virtqueue {
    struct virtq_desc *desc;
    struct virtq_avail *avail;
    struct virtq_used *used;
    struct le16 *used_event;
    struct le16 *avail_event;
    struct virtqueue_slot *slots;
    u16 size; /* [const] A power of two. */
    u16 free_head;
    u16 free_count;
    u16 avail_index;    /* Of the next buffer to lend. */
    u16 kicked_index;   /* avail_index at the last look whether to notify. */
    u16 used_index;     /* Of the next buffer to take back. */
    u16 released_count; /* Descriptors of the chain taken back last; 0: lent again. */
    bool event_index;   /* [const] VIRTIO_F_EVENT_IDX is agreed on. */
    bool armed;         /* [atomic] An interrupt is wanted. */

    u16 index; /* [const] In its device. */
    u32 cpu;   /* [const] Where its interrupts go. */
    struct virtio_device *device;
    void (*notify)(struct virtqueue *queue); /* [const] The transport's. */
    volatile void *notify_register;          /* [const] */

    virtqueue_poll_fn *poll; /* [const] NULL: never interrupts. */
    virtqueue_done_fn *done; /* [const] For virtio_queue_open(). */
    void *arg;
    struct bottom_half half;
    struct page *memory; /* Of desc, avail, used. */
};

/*
 * A queue of `size` descriptors (a power of two up to VIRTQUEUE_SIZE_MAX), all free, or NULL when
 * memory is out.
 */
struct virtqueue *virtqueue_create(struct virtio_device *device, u16 index, u16 size,
                                   bool event_index) MUST_USE;
void virtqueue_destroy(struct virtqueue *queue);

/* The device's interrupt for this queue: turns it off and queues the bottom half. */
void virtqueue_interrupt(struct virtqueue *queue);
