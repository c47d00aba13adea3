/* SPDX-License-Identifier: Apache-2.0 */
#include "test/unit/fake_virtio.h"

#include "abi/virtio/ring.h"
#include "kernel/core/bottom_half.h"
#include "lib/base/bytes.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#include <string.h>

u64 virtio_features(const struct virtio_device *device)
{
    return device->features;
}

const char *virtio_name(const struct virtio_device *device)
{
    (void)device;
    return "virtio0";
}

bool virtio_is_broken(const struct virtio_device *device)
{
    return device->broken;
}

void virtio_fail(struct virtio_device *device, const char *why)
{
    (void)why;
    device->broken = true;
}

void virtio_config_read(struct virtio_device *device, u32 off, void *to, u32 size)
{
    CHECK(off + size <= FAKE_VIRTIO_CONFIG);
    memcpy(to, device->config + off, size);
}

u16 virtio_config_u16(struct virtio_device *device, u32 off)
{
    u16 value;

    virtio_config_read(device, off, &value, sizeof(value));
    return value;
}

u32 virtio_config_u32(struct virtio_device *device, u32 off)
{
    u32 value;

    virtio_config_read(device, off, &value, sizeof(value));
    return value;
}

u64 virtio_config_u64(struct virtio_device *device, u32 off)
{
    u64 value;

    virtio_config_read(device, off, &value, sizeof(value));
    return value;
}

static void notify(struct virtqueue *queue)
{
    CHECK(queue->device->started);
    CHECK_EQ(fake_locks_held, 0); /* It is expensive: not under a lock. */
    queue->device->notified++;
    if (queue->device->on_notify)
        queue->device->on_notify(queue);
}

static bool run_poll(struct bottom_half *half)
{
    struct virtqueue *queue = CONTAINER_OF(half, struct virtqueue, half);

    return queue->poll(queue, queue->arg);
}

struct virtqueue *virtio_queue_open_polled(struct virtio_device *device, u16 index, u32 cpu,
                                           virtqueue_poll_fn *poll, void *arg)
{
    u16 size =
        index > 0 && device->other_queue_size ? device->other_queue_size : device->queue_size;
    struct virtqueue *queue;

    CHECK(!device->started);
    if (index >= FAKE_VIRTIO_QUEUES)
        return NULL;
    CHECK(!device->queues[index]);
    queue = virtqueue_create(device, index, size, (device->features & VIRTIO_F_EVENT_IDX) != 0);
    if (!queue)
        return NULL;
    queue->cpu = cpu;
    queue->poll = poll;
    queue->arg = arg;
    queue->notify = notify;
    bottom_half_init(&queue->half, run_poll);
    device->queues[index] = queue;
    device->seen[index] = 0;
    return queue;
}

/* As kernel/drivers/virtio/virtio.c has it. */
static bool poll_done(struct virtqueue *queue, void *arg)
{
    void *cookie;
    u32 bytes_written;

    (void)arg;
    while (virtqueue_take(queue, &cookie, &bytes_written))
        queue->done(cookie, bytes_written);
    return !virtqueue_irq_on(queue);
}

struct virtqueue *virtio_queue_open(struct virtio_device *device, u16 index,
                                    virtqueue_done_fn *done)
{
    struct virtqueue *queue = virtio_queue_open_polled(device, index, 0, poll_done, NULL);

    if (queue) {
        queue->done = done;
        CHECK(virtqueue_irq_on(queue));
    }
    return queue;
}

void virtio_queue_close(struct virtqueue *queue)
{
    CHECK(!queue->device->started);
    queue->device->queues[queue->index] = NULL;
    virtqueue_destroy(queue);
}

void virtio_start(struct virtio_device *device)
{
    CHECK(!device->started);
    device->started = true;
}

void virtio_stop(struct virtio_device *device)
{
    device->started = false;
}

bool fake_virtio_take(struct virtqueue *queue, struct fake_chain *chain)
{
    u16 *seen = &queue->device->seen[queue->index];
    u16 at;

    if (le16_get(queue->avail->index) == *seen)
        return false;
    CHECK((u16)(le16_get(queue->avail->index) - *seen) <= queue->size);
    at = le16_get(queue->avail->ring[(*seen)++ % queue->size]);
    memset(chain, 0, sizeof(*chain));
    chain->head = at;
    for (;;) {
        const struct virtq_desc *desc = &queue->desc[at];
        struct virtio_segment segment = { le64_get(desc->address), le32_get(desc->len) };
        u16 flags = le16_get(desc->flags);

        CHECK(chain->out_count < FAKE_CHAIN_MAX && chain->in_count < FAKE_CHAIN_MAX);
        if (flags & VIRTQ_DESC_WRITE) {
            chain->in[chain->in_count++] = segment;
        } else {
            CHECK_EQ(chain->in_count, 0); /* Those to read come first (section 2.7.4.2). */
            chain->out[chain->out_count++] = segment;
        }
        if ((flags & VIRTQ_DESC_NEXT) == 0)
            return true;
        at = le16_get(desc->next);
    }
}

void fake_virtio_give(struct virtqueue *queue, u32 head, u32 len)
{
    u16 index = le16_get(queue->used->index);

    queue->used->ring[index % queue->size].id = le32_make(head);
    queue->used->ring[index % queue->size].len = le32_make(len);
    queue->used->index = le16_make((u16)(index + 1));
}

void fake_virtio_interrupt(struct virtqueue *queue)
{
    virtqueue_interrupt(queue);
    fake_run_bottom_halves();
}
