/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio 9P transport: a folder that the host shares.
 *
 * A call becomes one buffer, and the thread that makes it sleeps until the buffer comes back. All
 * callers of a share wait on one queue: there are few.
 *
 * A device that breaks the rules gives nothing back any more: then every call fails here. One that
 * says nothing keeps what it has, and the caller goes without: to reset it would not help, since
 * QEMU completes all requests before a reset does, and the whole machine would wait for that.
 */
#include "abi/virtio/9p.h"

#include "abi/linux/errors.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/clock.h"
#include "kernel/core/log.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/wait.h"
#include "kernel/drivers/virtio/virtio.h"
#include "kernel/mm/heap.h"
#include "kernel/share/share.h"
#include "lib/base/list.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

/* A call that the device has. On the heap: the caller may be gone from its stack by then. */
struct p9_slot {
    struct list link;  /* In the share's list; under its lock, as all of it. */
    bool is_done;      /* It is the caller's again. */
    bool is_abandoned; /* The caller is gone; whoever finishes it frees it. */
    long result;
};

struct p9_device {
    struct share share;
    struct virtio_device *device;
    struct virtqueue *queue;
    struct spinlock lock;
    struct list slots GUARDED_BY(&lock); /* Those the device has. */
    struct wait_queue answered;
};

static void segments_fill(struct virtio_segment *segments, const struct share_call *call)
{
    for (u32 i = 0; i < call->out_count + call->in_count; i++) {
        segments[i] =
            (struct virtio_segment){ virt_to_phys(call->segments[i].bytes), call->segments[i].len };
    }
}

/* 0; -ENOSPC when there is no room just now; -EIO. */
static int start_call(struct p9_device *p9, const struct virtio_segment *segments,
                      const struct share_call *call, struct p9_slot *slot)
{
    bool kick = false;
    int err;

    spin_lock(&p9->lock);
    err = virtqueue_add(p9->queue, segments, call->out_count, call->in_count, slot);
    if (err == 0) {
        list_push_back(&p9->slots, &slot->link);
        kick = virtqueue_kick_wanted(p9->queue);
    }
    spin_unlock(&p9->lock);
    if (kick)
        virtqueue_notify(p9->queue);
    return err;
}

static bool is_done(struct p9_device *p9, const struct p9_slot *slot)
{
    bool done;

    spin_lock(&p9->lock);
    done = slot->is_done;
    spin_unlock(&p9->lock);
    return done;
}

/*
 * Sleeps until the device has answered something: 0, or 1 when it has not for a second. A caller
 * that counts those does not take a machine that stood still for a host that is silent. Deaf to
 * signals: the device has the caller's memory until it answers.
 */
static u32 wait_a_second(struct waiter *waiter)
{
    return wait_block_uninterruptible(waiter, clock_deadline(NS_PER_SECOND)) < 0 ? 1 : 0;
}

/* The call is over for its caller: the result, or the slot is left to the device. */
static long slot_leave(struct p9_device *p9, struct p9_slot *slot)
{
    long result = -ETIMEDOUT;
    bool is_done;

    spin_lock(&p9->lock);
    is_done = slot->is_done;
    slot->is_abandoned = !is_done;
    if (is_done)
        result = slot->result;
    spin_unlock(&p9->lock);
    if (is_done)
        heap_free(slot);
    return result;
}

/* Takes over the slot. */
static long slot_run(struct p9_device *p9, const struct virtio_segment *segments,
                     const struct share_call *call, struct p9_slot *slot)
{
    struct waiter waiter;
    u32 silent = 0; /* Seconds. */
    int err;

    wait_begin(&p9->answered, &waiter, 0);
    err = start_call(p9, segments, call, slot);
    while (err == -ENOSPC && silent < SHARE_PATIENCE_SECONDS) {
        silent += wait_a_second(&waiter);
        err = start_call(p9, segments, call, slot);
    }
    while (err == 0 && silent < SHARE_PATIENCE_SECONDS && !is_done(p9, slot))
        silent += wait_a_second(&waiter);
    wait_end(&waiter);
    if (err == 0)
        return slot_leave(p9, slot);
    heap_free(slot);
    return err == -ENOSPC ? -ETIMEDOUT : err;
}

static long p9_call(struct share *share, const struct share_call *call)
{
    struct p9_device *p9 = share->driver_data;
    struct virtio_segment *segments;
    struct p9_slot *slot = heap_alloc_zero(sizeof(*slot));
    long result = -ENOMEM;

    segments = heap_alloc((call->out_count + call->in_count) * sizeof(*segments));
    if (slot && segments) {
        segments_fill(segments, call);
        result = slot_run(p9, segments, call, slot);
    } else {
        heap_free(slot);
    }
    heap_free(segments);
    return result;
}

static void finish(struct p9_slot *slot, long result)
{
    list_remove(&slot->link);
    if (slot->is_abandoned) {
        heap_free(slot);
        return;
    }
    slot->result = result;
    slot->is_done = true;
}

static bool p9_poll(struct virtqueue *queue, void *arg)
{
    struct p9_device *p9 = arg;
    void *slot;
    u32 bytes_written;
    bool more;

    spin_lock(&p9->lock);
    while (virtqueue_take(queue, &slot, &bytes_written))
        finish(slot, bytes_written);
    more = !virtqueue_irq_on(queue);
    if (virtio_is_broken(p9->device)) {
        while (!list_is_empty(&p9->slots))
            finish(LIST_ENTRY(p9->slots.next, struct p9_slot, link), -EIO);
    }
    spin_unlock(&p9->lock);
    wait_wake_all(&p9->answered, 0);
    return more;
}

/* False: the host gave no tag that we could speak of. */
static bool read_tag(struct p9_device *p9)
{
    u32 len = virtio_config_u16(p9->device, VIRTIO_9P_CONFIG_TAG_LEN);

    if (!(virtio_features(p9->device) & VIRTIO_9P_F_MOUNT_TAG) || len == 0 || len >= SHARE_TAG_SIZE)
        return false;
    virtio_config_read(p9->device, VIRTIO_9P_CONFIG_TAG, p9->share.tag, len);
    for (u32 i = 0; i < len; i++) {
        if (p9->share.tag[i] <= ' ' || p9->share.tag[i] > '~')
            return false;
    }
    return true;
}

/* Nobody else knows it yet. */
static int device_open(struct p9_device *p9) LOCK_INTERNALS
{
    spinlock_init(&p9->lock, LOCK_RANK_VIRTQUEUE);
    list_init(&p9->slots);
    wait_queue_init(&p9->answered);
    p9->queue = virtio_queue_open_polled(p9->device, 0, 0, p9_poll, p9);
    if (!p9->queue)
        return -ENOMEM;
    p9->share.segments_max = u32_min(virtqueue_size(p9->queue), SHARE_SEGMENTS_MAX);
    p9->share.call = p9_call;
    p9->share.driver_data = p9;
    return 0;
}

static int p9_probe(struct virtio_device *device)
{
    struct p9_device *p9 = heap_alloc_zero(sizeof(*p9));
    int err;

    if (!p9)
        return -ENOMEM;
    p9->device = device;
    if (!read_tag(p9)) {
        log_warn("%s: a shared folder without a proper tag", virtio_name(device));
        err = -EINVAL;
        goto free_p9;
    }
    err = device_open(p9);
    if (err < 0)
        goto free_p9;
    virtio_start(device);
    if (!virtqueue_irq_on(p9->queue))
        virtio_fail(device, "it returned a buffer before it had one");
    err = share_register(&p9->share);
    if (err < 0)
        goto stop_device;
    return 0;

stop_device:
    virtio_stop(device);
    virtio_queue_close(p9->queue);
free_p9:
    heap_free(p9);
    return err;
}

const struct virtio_driver virtio_9p_driver = {
    .name = "virtio-9p",
    .id = VIRTIO_ID_9P,
    .features = VIRTIO_9P_F_MOUNT_TAG,
    .probe = p9_probe,
};
