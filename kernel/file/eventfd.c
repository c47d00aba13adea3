/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/file/eventfd.h"

#include "abi/linux/errors.h"
#include "abi/linux/poll.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/wait.h"
#include "kernel/file/file.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/iter.h"
#include "lib/base/types.h"

#define COUNT_MAX (UINT64_MAX - 1)

struct eventfd {
    struct spinlock lock; /* LOCK_RANK_FILE_STATE */
    u64 count;            /* [atomic] Changes under `lock`. */
    struct wait_queue queue;
    bool is_semaphore; /* [const] */
};

/* What one read takes, or one write adds. */
struct transfer {
    struct eventfd *eventfd;
    u64 value;
};

/* False when there is nothing. */
static bool take(void *arg)
{
    struct transfer *transfer = arg;
    struct eventfd *eventfd = transfer->eventfd;

    spin_lock(&eventfd->lock);
    transfer->value = eventfd->is_semaphore && eventfd->count > 0 ? 1 : eventfd->count;
    __atomic_store_n(&eventfd->count, eventfd->count - transfer->value, __ATOMIC_RELAXED);
    spin_unlock(&eventfd->lock);
    return transfer->value != 0;
}

/* False when it is too much. */
static bool add(void *arg)
{
    const struct transfer *transfer = arg;
    struct eventfd *eventfd = transfer->eventfd;
    bool fits;

    spin_lock(&eventfd->lock);
    fits = transfer->value <= COUNT_MAX - eventfd->count;
    if (fits)
        __atomic_store_n(&eventfd->count, eventfd->count + transfer->value, __ATOMIC_RELAXED);
    spin_unlock(&eventfd->lock);
    return fits;
}

static long eventfd_read(struct file *file, struct iter *to, u64 off, u32 flags)
{
    struct transfer transfer = { .eventfd = file->data };
    struct wait_queue *queue = &transfer.eventfd->queue;
    u64 size = sizeof(transfer.value);
    int err;

    (void)off;
    if (to->left < size)
        return -EINVAL;
    err = file_try(queue, POLLIN, flags, take, &transfer);
    if (err < 0)
        return err;
    wait_wake(queue, POLLOUT | POLLWRNORM);
    return iter_copy_to(to, &transfer.value, size) == size ? (long)size : -EFAULT;
}

static long eventfd_write(struct file *file, struct iter *from, u64 off, u32 flags)
{
    struct transfer transfer = { .eventfd = file->data };
    struct wait_queue *queue = &transfer.eventfd->queue;
    u64 size = sizeof(transfer.value);
    int err;

    (void)off;
    if (from->left < size)
        return -EINVAL;
    if (iter_copy_from(from, &transfer.value, size) != size)
        return -EFAULT;
    if (transfer.value > COUNT_MAX)
        return -EINVAL;
    err = file_try(queue, POLLOUT, flags, add, &transfer);
    if (err < 0)
        return err;
    wait_wake(queue, POLLIN | POLLRDNORM);
    return (long)size;
}

/* No lock: whoever changes the count wakes those who looked before. */
static u32 eventfd_poll(struct file *file)
{
    const struct eventfd *eventfd = file->data;
    u64 count = __atomic_load_n(&eventfd->count, __ATOMIC_RELAXED);
    u32 events = 0;

    if (count > 0)
        events |= POLLIN | POLLRDNORM;
    if (count < COUNT_MAX)
        events |= POLLOUT | POLLWRNORM;
    return events;
}

static struct wait_queue *eventfd_wait_queue(struct file *file)
{
    struct eventfd *eventfd = file->data;

    return &eventfd->queue;
}

static void eventfd_release(struct file *file)
{
    heap_free(file->data);
}

static const struct file_ops eventfd_ops = {
    .name = "anon_inode:[eventfd]",
    .read = eventfd_read,
    .write = eventfd_write,
    .poll = eventfd_poll,
    .wait_queue = eventfd_wait_queue,
    .release = eventfd_release,
};

struct file *eventfd_create(u64 count, bool is_semaphore, u32 flags)
{
    struct eventfd *eventfd = heap_alloc_zero(sizeof(*eventfd));
    struct file *file;

    if (!eventfd)
        return NULL;
    spinlock_init(&eventfd->lock, LOCK_RANK_FILE_STATE);
    wait_queue_init(&eventfd->queue);
    eventfd->count = count;
    eventfd->is_semaphore = is_semaphore;
    file = file_create(&eventfd_ops, eventfd, FILE_READABLE | FILE_WRITABLE | flags);
    if (!file)
        heap_free(eventfd);
    return file;
}
