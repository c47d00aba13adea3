/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mutex is held while bytes are copied: it ranks before the address space. Readers and writers
 * sleep without it and look again.
 */
#include "kernel/file/pipe.h"

#include "abi/linux/errors.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/clock.h"
#include "kernel/core/mutex.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/wait.h"
#include "kernel/file/file.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/iter.h"
#include "kernel/mm/page.h"
#include "kernel/mm/uaccess.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

struct pipe_slot {
    struct page *page;
    u32 off;
    u32 len;
    bool is_shared; /* Somebody else's page: nothing is added to it. */
};

struct pipe {
    struct mutex mutex;
    struct wait_queue queue;
    u32 refs; /* [atomic] Open ends, and fifo_open() under way. */
    u32 readers GUARDED_BY(&mutex);
    u32 writers GUARDED_BY(&mutex);
    u32 reader_opens GUARDED_BY(&mutex); /* Ever: how an open FIFO sees that the other end came. */
    u32 writer_opens GUARDED_BY(&mutex);
    struct pipe_slot *slots GUARDED_BY(&mutex);
    u32 slot_count GUARDED_BY(&mutex); /* A power of two. */
    u32 head GUARDED_BY(&mutex);       /* Index of the slot to read next. */
    u32 used GUARDED_BY(&mutex);       /* Slots with bytes. */
    u64 bytes GUARDED_BY(&mutex);
    struct page *spare GUARDED_BY(&mutex); /* The last page emptied: saves allocating the next. */
    void **place; /* [const] Of a FIFO: where this pipe is known; else NULL. */
};

/* Guards every FIFO's `*place`, and the life of what is there. */
static struct spinlock places_lock = SPINLOCK_INIT(LOCK_RANK_FDTABLE);

static const struct file_ops pipe_ops;

static struct pipe *pipe_alloc(void) LOCK_INTERNALS
{
    struct pipe *pipe = heap_alloc_zero(sizeof(*pipe));

    if (!pipe)
        return NULL;
    pipe->slots = heap_alloc_array(PIPE_PAGES_DEFAULT, sizeof(*pipe->slots));
    if (!pipe->slots) {
        heap_free(pipe);
        return NULL;
    }
    pipe->slot_count = PIPE_PAGES_DEFAULT;
    mutex_init(&pipe->mutex, LOCK_RANK_PIPE);
    wait_queue_init(&pipe->queue);
    return pipe;
}

static struct pipe_slot *slot_at(struct pipe *pipe, u32 index) HOLDS(&pipe->mutex)
{
    return &pipe->slots[(pipe->head + index) & (pipe->slot_count - 1)];
}

static void slot_drop_first(struct pipe *pipe) HOLDS(&pipe->mutex)
{
    struct pipe_slot *slot = slot_at(pipe, 0);

    if (!slot->is_shared && !pipe->spare) {
        pipe->spare = slot->page;
    } else {
        page_put(slot->page);
    }
    slot->page = NULL;
    pipe->head = (pipe->head + 1) & (pipe->slot_count - 1);
    pipe->used--;
}

static void pipe_free(struct pipe *pipe) LOCK_INTERNALS
{
    while (pipe->used > 0)
        slot_drop_first(pipe);
    if (pipe->spare)
        page_put(pipe->spare);
    heap_free(pipe->slots);
    heap_free(pipe);
}

/* ---- Reading. ---- */

static long take_bytes(struct pipe *pipe, struct iter *to) HOLDS(&pipe->mutex)
{
    long done = 0;

    while (pipe->used > 0 && to->left > 0) {
        struct pipe_slot *slot = slot_at(pipe, 0);
        u32 len = (u32)u64_min(slot->len, to->left);
        size_t copied = iter_copy_to(to, (u8 *)page_virt(slot->page) + slot->off, len);

        slot->off += (u32)copied;
        slot->len -= (u32)copied;
        pipe->bytes -= copied;
        done += (long)copied;
        if (slot->len == 0)
            slot_drop_first(pipe);
        if (copied < len)
            return done ? done : -EFAULT;
    }
    return done;
}

/* Sleeps until `condition` may hold. Called with the mutex, which is free meanwhile. */
static int pipe_sleep(struct pipe *pipe, u32 events) HOLDS(&pipe->mutex)
{
    struct waiter waiter;
    int err;

    wait_begin(&pipe->queue, &waiter, events);
    mutex_unlock(&pipe->mutex);
    err = wait_block(&waiter, DEADLINE_NONE);
    wait_end(&waiter);
    mutex_lock(&pipe->mutex);
    return err;
}

static long pipe_read(struct file *file, struct iter *to, u64 off, u32 flags)
{
    struct pipe *pipe = file->data;
    long done = 0;

    (void)off;
    if (to->left == 0)
        return 0;
    mutex_lock(&pipe->mutex);
    while (pipe->used == 0 && pipe->writers > 0 && done == 0)
        done = (flags & FILE_NONBLOCK) ? -EAGAIN : pipe_sleep(pipe, POLLIN | POLLHUP);
    if (done == 0)
        done = take_bytes(pipe, to);
    mutex_unlock(&pipe->mutex);
    if (done > 0)
        wait_wake(&pipe->queue, POLLOUT | POLLWRNORM);
    return done;
}

/* ---- Writing. ---- */

static u32 tail_room(struct pipe *pipe) HOLDS(&pipe->mutex)
{
    struct pipe_slot *tail;

    if (pipe->used == 0)
        return 0;
    tail = slot_at(pipe, pipe->used - 1);
    return tail->is_shared ? 0 : PAGE_SIZE - tail->off - tail->len;
}

static u64 pipe_room(struct pipe *pipe) HOLDS(&pipe->mutex)
{
    return tail_room(pipe) + (u64)(pipe->slot_count - pipe->used) * PAGE_SIZE;
}

/* Adds an empty page at the end: 0 or -ENOMEM. There is a free slot. */
static int slot_add(struct pipe *pipe) HOLDS(&pipe->mutex)
{
    struct page *page = pipe->spare ? pipe->spare : page_alloc(0, 0);

    if (!page)
        return -ENOMEM;
    pipe->spare = NULL;
    pipe->used++;
    *slot_at(pipe, pipe->used - 1) = (struct pipe_slot){ .page = page };
    return 0;
}

static void slot_drop_empty_tail(struct pipe *pipe) HOLDS(&pipe->mutex)
{
    struct pipe_slot *tail = slot_at(pipe, pipe->used - 1);

    if (tail->len > 0)
        return;
    if (!pipe->spare) {
        pipe->spare = tail->page;
    } else {
        page_put(tail->page);
    }
    pipe->used--;
}

/* Puts in what there is room for: bytes, or an error when it was none. */
static long put_bytes(struct pipe *pipe, struct iter *from) HOLDS(&pipe->mutex)
{
    long done = 0;

    while (from->left > 0 && pipe_room(pipe) > 0) {
        struct pipe_slot *tail;
        size_t copied;
        u32 len;

        if (tail_room(pipe) == 0 && slot_add(pipe) < 0)
            return done ? done : -ENOMEM;
        tail = slot_at(pipe, pipe->used - 1);
        len = (u32)u64_min(tail_room(pipe), from->left);
        copied = iter_copy_from(from, (u8 *)page_virt(tail->page) + tail->off + tail->len, len);
        tail->len += (u32)copied;
        pipe->bytes += copied;
        done += (long)copied;
        if (copied < len) {
            slot_drop_empty_tail(pipe);
            return done ? done : -EFAULT;
        }
    }
    return done;
}

/* Waits for room: `size` bytes at once when that is promised to be atomic, else any. */
static int wait_for_room(struct pipe *pipe, u64 size, u32 flags) HOLDS(&pipe->mutex)
{
    u64 wanted = size <= PIPE_ATOMIC_SIZE ? size : 1;
    int err = 0;

    while (err == 0 && pipe->readers > 0 && pipe_room(pipe) < wanted)
        err = (flags & FILE_NONBLOCK) ? -EAGAIN : pipe_sleep(pipe, POLLOUT | POLLERR);
    return pipe->readers == 0 ? -EPIPE : err;
}

static long pipe_write(struct file *file, struct iter *from, u64 off, u32 flags)
{
    struct pipe *pipe = file->data;
    u64 size = from->left;
    long done = 0;
    long part = 0;

    (void)off;
    if (size == 0)
        return 0;
    mutex_lock(&pipe->mutex);
    while (from->left > 0 && part >= 0) {
        part = wait_for_room(pipe, done ? from->left : size, flags);
        if (part == 0)
            part = put_bytes(pipe, from);
        if (part > 0) {
            done += part;
            wait_wake(&pipe->queue, POLLIN | POLLRDNORM);
        }
    }
    mutex_unlock(&pipe->mutex);
    return done ? done : part;
}

static long pipe_send_page(struct file *file, struct page *page, u32 off, u32 len, u32 flags)
{
    struct pipe *pipe = file->data;
    long done;

    mutex_lock(&pipe->mutex);
    done = 0;
    while (done == 0 && pipe->readers > 0 && pipe->used == pipe->slot_count)
        done = (flags & FILE_NONBLOCK) ? -EAGAIN : pipe_sleep(pipe, POLLOUT | POLLERR);
    if (pipe->readers == 0)
        done = -EPIPE;
    if (done == 0) {
        pipe->used++;
        *slot_at(pipe, pipe->used - 1) =
            (struct pipe_slot){ .page = page_get(page), .off = off, .len = len, .is_shared = true };
        pipe->bytes += len;
        done = len;
    }
    mutex_unlock(&pipe->mutex);
    if (done > 0)
        wait_wake(&pipe->queue, POLLIN | POLLRDNORM);
    return done;
}

/* ---- The rest of a file. ---- */

static u32 pipe_poll(struct file *file)
{
    struct pipe *pipe = file->data;
    u32 flags = file_flags(file);
    u32 events = 0;

    mutex_lock(&pipe->mutex);
    if (flags & FILE_READABLE) {
        if (pipe->used > 0)
            events |= POLLIN | POLLRDNORM;
        if (pipe->writers == 0 && pipe->writer_opens > 0)
            events |= POLLHUP;
    }
    if (flags & FILE_WRITABLE) {
        if (pipe->used < pipe->slot_count)
            events |= POLLOUT | POLLWRNORM;
        if (pipe->readers == 0)
            events |= POLLERR;
    }
    mutex_unlock(&pipe->mutex);
    return events;
}

static struct wait_queue *pipe_wait_queue(struct file *file)
{
    struct pipe *pipe = file->data;

    return &pipe->queue;
}

static long pipe_ioctl(struct file *file, u32 command, uaddr_t arg)
{
    struct pipe *pipe = file->data;
    int bytes;

    if (command != FIONREAD)
        return -ENOTTY;
    mutex_lock(&pipe->mutex);
    bytes = (int)pipe->bytes;
    mutex_unlock(&pipe->mutex);
    return copy_out(arg, &bytes, sizeof(bytes));
}

/* Drops one of `refs`; the last one frees the pipe, after nobody can find it any more. */
static void pipe_put(struct pipe *pipe)
{
    bool is_last;

    spin_lock(&places_lock);
    is_last = __atomic_fetch_sub(&pipe->refs, 1, __ATOMIC_ACQ_REL) == 1; /* With other puts. */
    if (is_last && pipe->place)
        *pipe->place = NULL;
    spin_unlock(&places_lock);
    if (is_last)
        pipe_free(pipe);
}

static void pipe_release(struct file *file)
{
    struct pipe *pipe = file->data;
    u32 flags = file_flags(file);

    mutex_lock(&pipe->mutex);
    pipe->readers -= (flags & FILE_READABLE) != 0;
    pipe->writers -= (flags & FILE_WRITABLE) != 0;
    mutex_unlock(&pipe->mutex);
    wait_wake_all(&pipe->queue, POLLIN | POLLOUT | POLLHUP | POLLERR | POLLRDNORM | POLLWRNORM);
    pipe_put(pipe);
}

static const struct file_ops pipe_ops = {
    .name = "pipe",
    .read = pipe_read,
    .write = pipe_write,
    .poll = pipe_poll,
    .wait_queue = pipe_wait_queue,
    .ioctl = pipe_ioctl,
    .send_page = pipe_send_page,
    .release = pipe_release,
};

bool pipe_is(const struct file *file)
{
    return file->ops == &pipe_ops;
}

/* How often the end that `flags` is not has been opened. */
static u32 other_opens(const struct pipe *pipe, u32 flags) HOLDS(&pipe->mutex)
{
    return flags & FILE_READABLE ? pipe->writer_opens : pipe->reader_opens;
}

/* A new end; `others` (if not NULL) is how often the other one had been opened by then. */
static struct file *end_create(struct pipe *pipe, u32 flags, u32 *others)
{
    struct file *file = file_create(&pipe_ops, pipe, flags);

    if (!file)
        return NULL;
    __atomic_fetch_add(&pipe->refs, 1, __ATOMIC_RELAXED); /* The caller has the pipe. */
    mutex_lock(&pipe->mutex);
    pipe->readers += (flags & FILE_READABLE) != 0;
    pipe->writers += (flags & FILE_WRITABLE) != 0;
    if (others)
        *others = other_opens(pipe, flags);
    pipe->reader_opens += (flags & FILE_READABLE) != 0;
    pipe->writer_opens += (flags & FILE_WRITABLE) != 0;
    mutex_unlock(&pipe->mutex);
    return file;
}

int pipe_create(u32 flags, struct file *ends[2])
{
    struct pipe *pipe = pipe_alloc();

    if (!pipe)
        return -ENOMEM;
    ends[0] = end_create(pipe, FILE_READABLE | flags, NULL);
    if (!ends[0]) {
        pipe_free(pipe);
        return -ENOMEM;
    }
    ends[1] = end_create(pipe, FILE_WRITABLE | flags, NULL);
    if (!ends[1]) {
        file_put(ends[0]);
        return -ENOMEM;
    }
    ends[1]->number = ends[0]->number;
    return 0;
}

/* The pipe of a FIFO, made if there is none, with a reference; NULL when memory is out. */
static struct pipe *fifo_get(void **place) LOCK_INTERNALS
{
    struct pipe *fresh = pipe_alloc();
    struct pipe *pipe;

    if (!fresh)
        return NULL;
    fresh->place = place;
    spin_lock(&places_lock);
    if (!*place) {
        *place = fresh;
        fresh = NULL;
    }
    pipe = *place;
    __atomic_fetch_add(&pipe->refs, 1, __ATOMIC_RELAXED); /* Not 0, under this lock. */
    spin_unlock(&places_lock);
    if (fresh)
        pipe_free(fresh);
    return pipe;
}

/*
 * Waits until the other end has been opened, if only for a moment: it is open, or it was since this
 * one was made, when it had been opened `before` times.
 */
static int fifo_wait(struct pipe *pipe, u32 flags, u32 before)
{
    bool reads = (flags & FILE_READABLE) != 0;
    int err = 0;

    mutex_lock(&pipe->mutex);
    while (err == 0 && (reads ? pipe->writers : pipe->readers) == 0 &&
           before == other_opens(pipe, flags))
        err = pipe_sleep(pipe, 0);
    mutex_unlock(&pipe->mutex);
    return err;
}

int fifo_open(void **place, u32 flags, struct file **file)
{
    const u32 both = FILE_READABLE | FILE_WRITABLE;
    struct pipe *pipe = fifo_get(place);
    u32 others = 0;
    int err = 0;

    if (!pipe)
        return -ENOMEM;
    if ((flags & both) == FILE_WRITABLE && (flags & FILE_NONBLOCK)) {
        mutex_lock(&pipe->mutex);
        if (pipe->readers == 0)
            err = -ENXIO;
        mutex_unlock(&pipe->mutex);
    }
    *file = err == 0 ? end_create(pipe, flags, &others) : NULL;
    if (err == 0 && !*file)
        err = -ENOMEM;
    if (err == 0) {
        wait_wake_all(&pipe->queue, 0);
        if ((flags & both) != both && !(flags & FILE_NONBLOCK))
            err = fifo_wait(pipe, flags, others);
        if (err < 0)
            file_put(*file);
    }
    pipe_put(pipe);
    return err;
}

long pipe_size(struct file *file)
{
    struct pipe *pipe = file->data;
    long size;

    mutex_lock(&pipe->mutex);
    size = (long)pipe->slot_count * PAGE_SIZE;
    mutex_unlock(&pipe->mutex);
    return size;
}

long pipe_set_size(struct file *file, u64 size)
{
    struct pipe *pipe = file->data;
    struct pipe_slot *slots;
    struct pipe_slot *old = NULL;
    u64 count;

    if (size > (u64)PIPE_PAGES_MAX * PAGE_SIZE)
        return size > INT32_MAX ? -EINVAL : -EPERM;
    count = (u64)1 << log2_ceil(u64_max(align_up(size, PAGE_SIZE) / PAGE_SIZE, 1));
    slots = heap_alloc_array(count, sizeof(*slots));
    if (!slots)
        return -ENOMEM;

    mutex_lock(&pipe->mutex);
    if (pipe->used <= count) {
        for (u32 i = 0; i < pipe->used; i++)
            slots[i] = *slot_at(pipe, i);
        old = pipe->slots;
        pipe->slots = slots;
        pipe->slot_count = (u32)count;
        pipe->head = 0;
    }
    mutex_unlock(&pipe->mutex);

    heap_free(old ? old : slots);
    if (!old)
        return -EBUSY;
    wait_wake(&pipe->queue, POLLOUT | POLLWRNORM);
    return (long)(count * PAGE_SIZE);
}
