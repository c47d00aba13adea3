/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/file/file.h"

#include "abi/linux/errors.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "kernel/core/clock.h"
#include "kernel/core/mutex.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/wait.h"
#include "kernel/file/epoll.h"
#include "kernel/mm/heap.h"
#include "lib/base/list.h"
#include "lib/base/types.h"

/*
 * Closed files wait here for their next life. They never go back to the heap: file_try_get() may
 * still be looking at one.
 */
static struct spinlock spare_lock = SPINLOCK_INIT(LOCK_RANK_FDTABLE);
static struct list spare_files = LIST_INIT(spare_files);

static u64 open_count;  /* [atomic] */
static u64 last_number; /* [atomic] */

static struct file *spare_take(void)
{
    struct list *node;

    spin_lock(&spare_lock);
    node = list_pop_front(&spare_files);
    spin_unlock(&spare_lock);
    return node ? LIST_ENTRY(node, struct file, epoll_items) : NULL;
}

static void spare_add(struct file *file)
{
    spin_lock(&spare_lock);
    list_push_front(&spare_files, &file->epoll_items);
    spin_unlock(&spare_lock);
}

struct file *file_create(const struct file_ops *ops, void *data, u32 flags)
{
    struct file *file = spare_take();

    if (!file)
        file = heap_alloc_zero(sizeof(*file));
    if (!file)
        return NULL;

    file->flags = flags;
    file->ops = ops;
    file->inode = NULL;
    file->path = NULL;
    file->leave = NULL;
    file->data = data;
    file->position = 0;
    file->number = __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED); /* Only distinct. */
    mutex_init(&file->position_lock, LOCK_RANK_FILE_POSITION);
    list_init(&file->epoll_items);
    __atomic_fetch_add(&open_count, 1, __ATOMIC_RELAXED); /* A count, nothing more. */
    __atomic_store_n(&file->refs, 1, __ATOMIC_RELEASE);   /* Pairs with file_try_get(). */
    return file;
}

struct file *file_get(struct file *file)
{
    u32 before = __atomic_fetch_add(&file->refs, 1, __ATOMIC_RELAXED); /* The caller holds one. */

    ASSERT(before != 0);
    return file;
}

bool file_try_get(struct file *file)
{
    u32 refs = __atomic_load_n(&file->refs, __ATOMIC_RELAXED);

    while (refs != 0) {
        if (__atomic_compare_exchange_n(&file->refs, &refs, refs + 1, true, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return true;
    }
    return false;
}

static void file_close(struct file *file)
{
    epoll_forget_file(file);
    if (file->ops->release)
        file->ops->release(file);
    if (file->leave)
        file->leave(file);
    __atomic_fetch_sub(&open_count, 1, __ATOMIC_RELAXED); /* A count, nothing more. */
    spare_add(file);
}

void file_put(struct file *file)
{
    u32 before = __atomic_fetch_sub(&file->refs, 1, __ATOMIC_ACQ_REL); /* With every other put. */

    ASSERT(before != 0);
    if (before == 1)
        file_close(file);
}

void file_set_flags(struct file *file, u32 mask, u32 flags)
{
    u32 old = file_flags(file);

    while (!__atomic_compare_exchange_n(&file->flags, &old, (old & ~mask) | (flags & mask), true,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
    if (file->ops->flags_changed)
        file->ops->flags_changed(file);
}

/*
 * With a position of the file's own, which stays locked so that no two calls move the same bytes.
 */
static long read_at_position(struct file *file, struct iter *to, u32 flags)
{
    long done;

    mutex_lock(&file->position_lock);
    done = file->ops->read(file, to, file->position, flags);
    if (done > 0)
        file->position += (u64)done;
    mutex_unlock(&file->position_lock);
    return done;
}

long file_read_flags(struct file *file, struct iter *to, const u64 *off, u32 extra)
{
    u32 flags = file_flags(file);

    if (!(flags & FILE_READABLE))
        return -EBADF;
    if (flags & FILE_DIRECTORY)
        return -EISDIR;
    if (!file->ops->read)
        return -EINVAL;
    if (!(flags & FILE_SEEKABLE))
        return off ? -ESPIPE : file->ops->read(file, to, 0, flags | extra);
    if (off || (flags & FILE_POSITION_FIXED))
        return file->ops->read(file, to, off ? *off : 0, flags | extra);
    return read_at_position(file, to, flags | extra);
}

static long write_at_position(struct file *file, struct iter *from, u32 flags)
{
    long done;

    mutex_lock(&file->position_lock);
    done = file->ops->write(file, from, file->position, flags);
    if (done > 0) {
        if ((flags & FILE_APPEND) && file->ops->size) {
            file->position = file->ops->size(file);
        } else {
            file->position += (u64)done;
        }
    }
    mutex_unlock(&file->position_lock);
    return done;
}

long file_write_flags(struct file *file, struct iter *from, const u64 *off, u32 extra)
{
    u32 flags = file_flags(file);

    if (!(flags & FILE_WRITABLE))
        return -EBADF;
    if (!file->ops->write)
        return -EINVAL;
    if (!(flags & FILE_SEEKABLE))
        return off ? -ESPIPE : file->ops->write(file, from, 0, flags | extra);
    if (off || (flags & FILE_POSITION_FIXED))
        return file->ops->write(file, from, off ? *off : 0, flags | extra);
    return write_at_position(file, from, flags | extra);
}

long file_read(struct file *file, struct iter *to, const u64 *off)
{
    return file_read_flags(file, to, off, 0);
}

long file_write(struct file *file, struct iter *from, const u64 *off)
{
    return file_write_flags(file, from, off, 0);
}

static long seek_target(struct file *file, s64 off, int whence)
{
    s64 base = 0;
    s64 target;

    if (whence == SEEK_CUR) {
        base = (s64)file->position;
    } else if (whence == SEEK_END) {
        base = file->ops->size ? (s64)file->ops->size(file) : 0;
    } else if (whence != SEEK_SET) {
        return -EINVAL;
    }

    if (__builtin_add_overflow(base, off, &target))
        return -EOVERFLOW;
    return target < 0 ? -EINVAL : target;
}

long file_seek(struct file *file, s64 off, int whence)
{
    long target;

    if (!(file_flags(file) & FILE_SEEKABLE))
        return -ESPIPE;

    mutex_lock(&file->position_lock);
    if (file->ops->seek) {
        target = file->ops->seek(file, off, whence);
    } else {
        target = seek_target(file, off, whence);
    }
    if (target >= 0)
        file->position = (u64)target;
    mutex_unlock(&file->position_lock);
    return target;
}

int file_try(struct wait_queue *queue, u32 events, u32 flags, bool (*attempt)(void *arg), void *arg)
{
    struct waiter waiter;
    int err = 0;

    if (attempt(arg))
        return 0;
    if (flags & FILE_NONBLOCK)
        return -EAGAIN;
    wait_begin(queue, &waiter, events); /* One change may be enough for several attempts. */
    while (err == 0 && !attempt(arg))
        err = wait_block(&waiter, DEADLINE_NONE);
    wait_end(&waiter);
    return err;
}

u32 file_poll(struct file *file)
{
    if (!file->ops->poll)
        return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
    return file->ops->poll(file);
}

struct wait_queue *file_wait_queue(struct file *file)
{
    return file->ops->wait_queue ? file->ops->wait_queue(file) : NULL;
}

u64 file_count(void)
{
    return __atomic_load_n(&open_count, __ATOMIC_RELAXED);
}
