/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Split virtqueues (section 2.7).
 *
 * Both rings lie in one block of pages, in the layout of section 2.7.2: descriptors, available
 * ring, used ring. Indexes run freely through 16 bits and are reduced by the size, a power of two.
 */
#include "kernel/drivers/virtio/virtqueue.h"

#include "abi/linux/errors.h"
#include "abi/virtio/ring.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/panic.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "lib/base/bytes.h"
#include "lib/base/num.h"

static u16 shared_load(const struct le16 *value)
{
    return __atomic_load_n(&value->raw, __ATOMIC_ACQUIRE);
}

static void shared_store(struct le16 *value, u16 to)
{
    __atomic_store_n(&value->raw, to, __ATOMIC_RELEASE);
}

static void lay_out(struct virtqueue *queue, u8 *memory)
{
    u32 size = queue->size;
    size_t used_off = align_up(sizeof(struct virtq_desc) * size + 6 + 2 * (size_t)size, 4);

    queue->desc = (void *)memory;
    queue->avail = (void *)(memory + sizeof(struct virtq_desc) * size);
    queue->used_event = &queue->avail->ring[size];
    queue->used = (void *)(memory + used_off);
    queue->avail_event = (void *)&queue->used->ring[size];
}

static u32 memory_order(u32 size)
{
    size_t bytes = sizeof(struct virtq_desc) * size + 6 + 2 * (size_t)size + 4 + 6 +
                   sizeof(struct virtq_used_entry) * size;

    return log2_ceil((bytes + PAGE_SIZE - 1) >> PAGE_SHIFT);
}

struct virtqueue *virtqueue_create(struct virtio_device *device, u16 index, u16 size,
                                   bool event_index)
{
    struct virtqueue *queue;

    ASSERT(is_power_of_two(size) && size <= VIRTQUEUE_SIZE_MAX);
    queue = heap_alloc_zero(sizeof(*queue));
    if (!queue)
        return NULL;
    queue->slots = heap_alloc_array(size, sizeof(*queue->slots));
    if (!queue->slots)
        goto free_queue;
    queue->memory = page_alloc(memory_order(size), PAGE_ALLOC_ZERO);
    if (!queue->memory)
        goto free_slots;

    queue->device = device;
    queue->index = index;
    queue->size = size;
    queue->event_index = event_index;
    queue->free_count = size;
    lay_out(queue, page_virt(queue->memory));
    for (u32 i = 0; i < size; i++)
        queue->slots[i].next = (u16)(i + 1);
    if (!event_index)
        shared_store(&queue->avail->flags, VIRTQ_AVAIL_NO_INTERRUPT);
    return queue;

free_slots:
    heap_free(queue->slots);
free_queue:
    heap_free(queue);
    return NULL;
}

void virtqueue_destroy(struct virtqueue *queue)
{
    page_free(queue->memory);
    heap_free(queue->slots);
    heap_free(queue);
}

/* Shows the device the chain that begins at `head`. */
static void offer(struct virtqueue *queue, u16 head)
{
    queue->avail->ring[queue->avail_index & (queue->size - 1)] = le16_make(head);
    queue->avail_index++;
    /* The device reads the index first, then what it covers. */
    shared_store(&queue->avail->index, queue->avail_index);
}

int virtqueue_add(struct virtqueue *queue, const struct virtio_segment *segments, u32 out_count,
                  u32 in_count, void *cookie)
{
    u32 count = out_count + in_count;
    struct virtqueue_slot *slots = queue->slots;
    u16 head = queue->free_head;
    u16 at = head;
    u16 last = head;
    u32 writable = 0;

    if (virtio_is_broken(queue->device))
        return -EIO;
    if (count > queue->free_count)
        return -ENOSPC;

    for (u32 i = 0; i < count; i++) {
        struct virtq_desc *desc = &queue->desc[at];
        u16 flags = i + 1 < count ? VIRTQ_DESC_NEXT : 0;

        if (i >= out_count) {
            flags |= VIRTQ_DESC_WRITE;
            writable += segments[i].len;
        }
        desc->address = le64_make(segments[i].address);
        desc->len = le32_make(segments[i].len);
        desc->flags = le16_make(flags);
        desc->next = le16_make(slots[at].next);
        last = at;
        at = slots[at].next;
    }
    queue->free_head = at;
    queue->free_count = (u16)(queue->free_count - count);
    slots[head].cookie = cookie;
    slots[head].writable = writable;
    slots[head].last = last;
    slots[head].count = (u16)count;

    offer(queue, head);
    return 0;
}

/* Puts the chain with head `id` back into the free list; returns its cookie. */
static void *release_chain(struct virtqueue *queue, u16 id)
{
    struct virtqueue_slot *slot = &queue->slots[id];

    queue->slots[slot->last].next = queue->free_head;
    queue->free_head = id;
    queue->free_count = (u16)(queue->free_count + slot->count);
    queue->released_count = slot->count;
    slot->count = 0; /* Invariant 2. */
    return slot->cookie;
}

bool virtqueue_take(struct virtqueue *queue, void **cookie, u32 *bytes_written)
{
    const struct virtq_used_entry *entry;
    struct virtqueue_slot *slot;
    u32 id;
    u32 len;

    if (shared_load(&queue->used->index) == queue->used_index)
        return false;
    if (virtio_is_broken(queue->device))
        return false;

    entry = &queue->used->ring[queue->used_index & (queue->size - 1)];
    id = le32_get(*(const volatile struct le32 *)&entry->id);
    len = le32_get(*(const volatile struct le32 *)&entry->len);
    if (id >= queue->size || queue->slots[id].count == 0) {
        virtio_fail(queue->device, "it returned a buffer it does not have");
        return false;
    }
    slot = &queue->slots[id];
    if (len > slot->writable) {
        virtio_fail(queue->device, "it claims to have written past a buffer");
        return false;
    }

    *bytes_written = len;
    *cookie = release_chain(queue, (u16)id);
    queue->used_index++;
    return true;
}

/* Its descriptors are the first of the free list, in their order, and say what they said. */
void virtqueue_return(struct virtqueue *queue)
{
    u16 head = queue->free_head;
    struct virtqueue_slot *slot = &queue->slots[head];

    ASSERT(queue->released_count != 0 && slot->count == 0);
    slot->count = queue->released_count;
    queue->released_count = 0;
    queue->free_head = queue->slots[slot->last].next;
    queue->free_count = (u16)(queue->free_count - slot->count);
    offer(queue, head);
}

bool virtqueue_revoke(struct virtqueue *queue, void **cookie)
{
    for (u16 id = 0; id < queue->size; id++) {
        if (queue->slots[id].count) {
            *cookie = release_chain(queue, id);
            return true;
        }
    }
    return false;
}

u32 virtqueue_free_count(const struct virtqueue *queue)
{
    return queue->free_count;
}

u32 virtqueue_size(const struct virtqueue *queue)
{
    return queue->size;
}

bool virtqueue_kick_wanted(struct virtqueue *queue)
{
    u16 from = queue->kicked_index;
    u16 to = queue->avail_index;

    if (from == to)
        return false;
    queue->kicked_index = to;
    /* Our index before the device's wish: it does the two the other way round (section 2.7.13). */
    memory_barrier();
    if (!queue->event_index)
        return (shared_load(&queue->used->flags) & VIRTQ_USED_NO_NOTIFY) == 0;
    return (u16)(to - shared_load(queue->avail_event) - 1) < (u16)(to - from);
}

void virtqueue_notify(struct virtqueue *queue)
{
    queue->notify(queue);
}

void virtqueue_kick(struct virtqueue *queue)
{
    if (virtqueue_kick_wanted(queue))
        virtqueue_notify(queue);
}

int virtqueue_lend(struct virtqueue *queue, void *buffer, u32 len, void *cookie)
{
    struct virtio_segment segment = { virt_to_phys(buffer), len };

    if (virtqueue_add(queue, &segment, 0, 1, cookie) < 0)
        return -EIO;
    virtqueue_kick(queue);
    return 0;
}

static void irq_off(struct virtqueue *queue)
{
    __atomic_store_n(&queue->armed, false, __ATOMIC_RELAXED); /* A hint; see virtqueue_irq_on(). */
    /* With event indexes it is enough to ask for none: the one asked for has passed. */
    if (!queue->event_index)
        shared_store(&queue->avail->flags, VIRTQ_AVAIL_NO_INTERRUPT);
}

bool virtqueue_irq_on(struct virtqueue *queue)
{
    __atomic_store_n(&queue->armed, true, __ATOMIC_RELAXED); /* Before the device can interrupt. */
    if (queue->event_index) {
        shared_store(queue->used_event, queue->used_index);
    } else {
        shared_store(&queue->avail->flags, 0);
    }
    /* Our wish before its index, as in virtqueue_kick_wanted(). */
    memory_barrier();
    if (shared_load(&queue->used->index) == queue->used_index || virtio_is_broken(queue->device))
        return true;
    irq_off(queue);
    return false;
}

void virtqueue_interrupt(struct virtqueue *queue)
{
    if (!__atomic_load_n(&queue->armed, __ATOMIC_RELAXED)) /* Who polls looks again by itself. */
        return;
    irq_off(queue);
    bottom_half_queue(&queue->half);
}
