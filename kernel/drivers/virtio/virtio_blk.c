/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio block device (section 5.2): disks.
 *
 * A request becomes one buffer: a header, the pieces of data, a status byte. Header and status lie
 * in a slot, and there are as many slots as a queue can hold of the smallest requests, so a request
 * waits for descriptors only, in arrival order. With several queues each CPU has its own.
 *
 * A device that breaks the rules gives nothing back any more: then all that it held fails here.
 */
#include "abi/virtio/blk.h"

#include "abi/linux/errors.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/block/block.h"
#include "kernel/core/spinlock.h"
#include "kernel/drivers/virtio/virtio.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "lib/base/bytes.h"
#include "lib/base/list.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

enum {
    BLK_DISKS_MAX = 26, /* vda to vdz. */
    BLK_OVERHEAD = 2,   /* Descriptors of a request beside its data: header and status. */
    BLK_BUDGET = 64,
    BLK_STATUS_NONE = 0xff, /* Nothing a device writes. */
    BLK_REQUEST_BYTES_MAX = 1 << 20,
};

struct blk_slot {
    struct virtio_blk_hdr header;
    u8 status;
    struct block_request *request; /* NULL while free. */
    struct blk_slot *next_free;
};

struct blk_queue {
    struct spinlock lock;
    struct virtio_blk *blk;
    struct virtqueue *queue;
    struct blk_slot *slots;
    u32 slot_count;
    struct blk_slot *free GUARDED_BY(&lock);
    struct list waiting GUARDED_BY(&lock); /* Requests the queue has no room for yet. */
};

struct virtio_blk {
    struct block_device disk;
    struct virtio_device *device;
    u32 segment_bytes_max;
    bool has_flush;
    u32 queue_count;
    struct blk_queue *queues;
};

static u32 disk_count;

static u32 op_type(enum block_op op)
{
    switch (op) {
    case BLOCK_READ:
        return VIRTIO_BLK_T_IN;
    case BLOCK_WRITE:
        return VIRTIO_BLK_T_OUT;
    default:
        return VIRTIO_BLK_T_FLUSH;
    }
}

/* Hands a request to the device: 0, -ENOSPC when there is no room now, -EIO. */
static int start_request(struct blk_queue *queue, struct block_request *request) HOLDS(&queue->lock)
{
    struct virtio_segment segments[BLOCK_SEGMENTS_MAX + BLK_OVERHEAD];
    struct blk_slot *slot = queue->free;
    u32 data = request->op == BLOCK_FLUSH ? 0 : request->segment_count;
    u32 out = request->op == BLOCK_WRITE ? 1 + data : 1;
    int err;

    if (!slot)
        return virtio_is_broken(queue->blk->device) ? -EIO : -ENOSPC;
    slot->header.type = le32_make(op_type(request->op));
    slot->header.reserved = le32_make(0);
    slot->header.sector = le64_make(data ? request->sector : 0);
    slot->status = BLK_STATUS_NONE;

    segments[0] = (struct virtio_segment){ virt_to_phys(&slot->header), sizeof(slot->header) };
    for (u32 i = 0; i < data; i++) {
        const struct block_segment *from = &request->segments[i];

        segments[1 + i] =
            (struct virtio_segment){ page_address(from->page) + from->off, from->len };
    }
    segments[1 + data] = (struct virtio_segment){ virt_to_phys(&slot->status), 1 };

    err = virtqueue_add(queue->queue, segments, out, data + BLK_OVERHEAD - out, slot);
    if (err < 0)
        return err;
    queue->free = slot->next_free;
    slot->request = request;
    return 0;
}

static void finish(struct block_request *request, int status)
{
    request->status = status;
    request->done(request);
}

/* Starts what waits as far as there is room. True when the device has to be told. */
static bool start_waiting(struct blk_queue *queue, struct list *failed) HOLDS(&queue->lock)
{
    while (!list_is_empty(&queue->waiting)) {
        struct block_request *request = LIST_ENTRY(queue->waiting.next, struct block_request, link);
        int err = start_request(queue, request);

        if (err == -ENOSPC)
            break;
        list_remove(&request->link);
        if (err < 0) {
            request->status = err;
            list_push_back(failed, &request->link);
        }
    }
    return virtqueue_kick_wanted(queue->queue);
}

static void finish_all(struct list *requests)
{
    struct list *node = list_pop_front(requests);

    while (node) {
        struct block_request *request = LIST_ENTRY(node, struct block_request, link);

        request->done(request);
        node = list_pop_front(requests);
    }
}

static void blk_submit(struct block_device *disk, struct block_request *request)
{
    struct virtio_blk *blk = disk->driver_data;
    struct blk_queue *queue = &blk->queues[cpu_id() % blk->queue_count];
    struct list failed;
    bool kick;

    if (request->op == BLOCK_FLUSH && !blk->has_flush) {
        finish(request, 0); /* Without the feature every write is through (section 5.2.6.2). */
        return;
    }
    list_init(&failed);
    spin_lock(&queue->lock);
    list_push_back(&queue->waiting, &request->link);
    kick = start_waiting(queue, &failed);
    spin_unlock(&queue->lock);

    if (kick)
        virtqueue_notify(queue->queue);
    finish_all(&failed);
}

static int slot_status(const struct blk_slot *slot)
{
    /* The device wrote it by now, and not through anything the compiler knows of. */
    return *(const volatile u8 *)&slot->status == VIRTIO_BLK_S_OK ? 0 : -EIO;
}

static void release_slot(struct blk_queue *queue, struct blk_slot *slot, int status,
                         struct list *finished) HOLDS(&queue->lock)
{
    slot->request->status = status;
    list_push_back(finished, &slot->request->link);
    slot->request = NULL;
    slot->next_free = queue->free;
    queue->free = slot;
}

/* Everything that any queue of a broken device holds. */
static void fail_all(struct virtio_blk *blk)
{
    struct list failed;

    list_init(&failed);
    for (u32 i = 0; i < blk->queue_count; i++) {
        struct blk_queue *queue = &blk->queues[i];

        spin_lock(&queue->lock);
        for (u32 j = 0; j < queue->slot_count; j++) {
            if (queue->slots[j].request)
                release_slot(queue, &queue->slots[j], -EIO, &failed);
        }
        start_waiting(queue, &failed);
        spin_unlock(&queue->lock);
    }
    finish_all(&failed);
}

static bool blk_poll(struct virtqueue *virtqueue, void *arg)
{
    struct blk_queue *queue = arg;
    struct list finished;
    void *slot;
    u32 bytes_written;
    u32 taken = 0;
    bool kick;
    bool more;

    list_init(&finished);
    spin_lock(&queue->lock);
    while (taken < BLK_BUDGET && virtqueue_take(virtqueue, &slot, &bytes_written)) {
        release_slot(queue, slot, slot_status(slot), &finished);
        taken++;
    }
    kick = start_waiting(queue, &finished);
    more = taken == BLK_BUDGET || !virtqueue_irq_on(virtqueue);
    spin_unlock(&queue->lock);

    if (kick)
        virtqueue_notify(virtqueue);
    finish_all(&finished);
    if (virtio_is_broken(queue->blk->device))
        fail_all(queue->blk);
    return more;
}

static const struct block_driver blk_ops = {
    .submit = blk_submit,
};

/* Nobody else knows the queue yet. */
static int queue_init(struct virtio_blk *blk, u32 index) LOCK_INTERNALS
{
    struct blk_queue *queue = &blk->queues[index];

    spinlock_init(&queue->lock, LOCK_RANK_VIRTQUEUE);
    list_init(&queue->waiting);
    queue->blk = blk;
    queue->queue =
        virtio_queue_open_polled(blk->device, (u16)index, index % cpu_count(), blk_poll, queue);
    if (!queue->queue)
        return -ENOMEM;
    queue->slot_count = virtqueue_size(queue->queue) / BLK_OVERHEAD;
    queue->slots = heap_alloc_array(queue->slot_count, sizeof(*queue->slots));
    if (!queue->slots)
        return -ENOMEM;
    for (u32 i = 0; i < queue->slot_count; i++) {
        queue->slots[i].next_free = queue->free;
        queue->free = &queue->slots[i];
    }
    return 0;
}

static void queues_close(struct virtio_blk *blk)
{
    for (u32 i = 0; i < blk->queue_count; i++) {
        if (blk->queues[i].queue)
            virtio_queue_close(blk->queues[i].queue);
        heap_free(blk->queues[i].slots);
    }
    heap_free(blk->queues);
}

static int queues_open(struct virtio_blk *blk)
{
    u32 count = 1;

    if (virtio_features(blk->device) & VIRTIO_BLK_F_MQ)
        count = virtio_config_u16(blk->device, VIRTIO_BLK_CONFIG_QUEUES);
    blk->queue_count = u32_max(1, u32_min(count, cpu_count()));
    blk->queues = heap_alloc_array(blk->queue_count, sizeof(*blk->queues));
    if (!blk->queues)
        return -ENOMEM;

    for (u32 i = 0; i < blk->queue_count; i++) {
        int err = queue_init(blk, i);

        if (err < 0) {
            queues_close(blk);
            return err;
        }
    }
    return 0;
}

/* How many segments fit beside the overhead into every queue, empty; 0: not even one into each. */
static u32 queue_segments(const struct virtio_blk *blk)
{
    u32 segments = BLOCK_SEGMENTS_MAX;

    for (u32 i = 0; i < blk->queue_count; i++) {
        u32 size = virtqueue_size(blk->queues[i].queue);

        segments = u32_min(segments, size - u32_min(size, BLK_OVERHEAD));
    }
    return segments;
}

/* What the device says of itself, brought to what we can do with it. */
static int read_config(struct virtio_blk *blk)
{
    struct virtio_device *device = blk->device;
    u64 features = virtio_features(device);
    u32 segments = queue_segments(blk);

    blk->disk.sector_count = virtio_config_u64(device, VIRTIO_BLK_CONFIG_CAPACITY);
    blk->disk.read_only = (features & VIRTIO_BLK_F_RO) != 0;
    blk->has_flush = (features & VIRTIO_BLK_F_FLUSH) != 0;
    if (features & VIRTIO_BLK_F_SEG_MAX)
        segments = u32_min(segments, virtio_config_u32(device, VIRTIO_BLK_CONFIG_SEG_MAX));
    if (segments == 0)
        return -EINVAL;
    blk->disk.segments_max = segments;
    blk->disk.request_bytes_max = BLK_REQUEST_BYTES_MAX;
    /* A bound on each segment becomes one on the request, which is stricter and rare. */
    if (features & VIRTIO_BLK_F_SIZE_MAX) {
        u32 size_max = virtio_config_u32(device, VIRTIO_BLK_CONFIG_SIZE_MAX);

        if (size_max < PAGE_SIZE)
            return -EINVAL;
        blk->disk.request_bytes_max =
            u32_min(BLK_REQUEST_BYTES_MAX, (u32)align_down(size_max, PAGE_SIZE));
    }
    return 0;
}

static void name_disk(struct virtio_blk *blk)
{
    struct text text;

    text_init(&text, blk->disk.name, sizeof(blk->disk.name));
    text_format(&text, "vd%c", (char)('a' + disk_count++));
}

static int blk_probe(struct virtio_device *device)
{
    struct virtio_blk *blk;
    int err;

    if (disk_count == BLK_DISKS_MAX)
        return -ENOSPC;
    blk = heap_alloc_zero(sizeof(*blk));
    if (!blk)
        return -ENOMEM;
    blk->device = device;
    err = queues_open(blk);
    if (err < 0)
        goto free_blk;
    err = read_config(blk);
    if (err < 0)
        goto close_queues;

    name_disk(blk);
    blk->disk.driver = &blk_ops;
    blk->disk.driver_data = blk;
    virtio_start(device);
    for (u32 i = 0; i < blk->queue_count; i++) {
        if (!virtqueue_irq_on(blk->queues[i].queue))
            virtio_fail(device, "it returned a buffer before it had one");
    }
    err = block_register(&blk->disk);
    if (err < 0)
        goto stop_device;
    return 0;

stop_device:
    virtio_stop(device);
close_queues:
    queues_close(blk);
free_blk:
    heap_free(blk);
    return err;
}

const struct virtio_driver virtio_blk_driver = {
    .name = "virtio-blk",
    .id = VIRTIO_ID_BLOCK,
    .features = VIRTIO_BLK_F_SIZE_MAX | VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_RO |
                VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_MQ,
    .probe = blk_probe,
};
