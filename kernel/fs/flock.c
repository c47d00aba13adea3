/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Few programs lock, and few files at a time: one list holds every lock there is. Files without an
 * inode have nothing to share, so their locks never conflict.
 */
#include "kernel/fs/flock.h"

#include "abi/linux/errors.h"
#include "abi/linux/fcntl.h"
#include "kernel/core/clock.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/wait.h"
#include "kernel/mm/heap.h"
#include "lib/base/list.h"
#include "lib/base/types.h"

struct flock {
    struct list link;
    const struct file *file;
    const struct inode *inode;
    bool is_exclusive;
};

static struct spinlock locks_lock = SPINLOCK_INIT(LOCK_RANK_FILE_STATE);
static struct list locks GUARDED_BY(&locks_lock) = LIST_INIT(locks);
static u32 locks_count; /* [atomic] A hint: most files are closed without any. */
static struct wait_queue waiting = {
    .lock = SPINLOCK_INIT(LOCK_RANK_WAIT),
    .waiters = LIST_INIT(waiting.waiters),
};

static struct flock *find(const struct file *file) HOLDS(&locks_lock)
{
    struct list *node;

    LIST_FOR_EACH (&locks, node) {
        struct flock *lock = LIST_ENTRY(node, struct flock, link);

        if (lock->file == file)
            return lock;
    }
    return NULL;
}

static bool conflicts(const struct file *file, bool exclusive) HOLDS(&locks_lock)
{
    struct list *node;

    LIST_FOR_EACH (&locks, node) {
        struct flock *lock = LIST_ENTRY(node, struct flock, link);

        if (lock->file != file && lock->inode == file->inode && file->inode &&
            (exclusive || lock->is_exclusive))
            return true;
    }
    return false;
}

/*
 * Takes the lock, or changes the one the file has. `*fresh` is used up where a new one is needed.
 */
static bool try_lock(struct file *file, bool exclusive, struct flock **fresh)
{
    struct flock *lock;
    bool free;

    spin_lock(&locks_lock);
    free = !conflicts(file, exclusive);
    lock = find(file);
    if (free && !lock) {
        lock = *fresh;
        *fresh = NULL;
        lock->file = file;
        lock->inode = file->inode;
        list_push_back(&locks, &lock->link);
        __atomic_fetch_add(&locks_count, 1, __ATOMIC_RELAXED); /* A hint. */
    }
    if (free)
        lock->is_exclusive = exclusive;
    spin_unlock(&locks_lock);
    return free;
}

static void unlock(struct file *file)
{
    struct flock *lock;

    spin_lock(&locks_lock);
    lock = find(file);
    if (lock) {
        list_remove(&lock->link);
        __atomic_fetch_sub(&locks_count, 1, __ATOMIC_RELAXED); /* A hint. */
    }
    spin_unlock(&locks_lock);
    if (lock) {
        heap_free(lock);
        wait_wake_all(&waiting, 0);
    }
}

static int lock_file(struct file *file, bool exclusive, bool may_wait)
{
    struct flock *fresh = heap_alloc_zero(sizeof(*fresh));
    struct waiter waiter;
    int err = 0;

    if (!fresh)
        return -ENOMEM;
    wait_begin(&waiting, &waiter, 0);
    while (err == 0 && !try_lock(file, exclusive, &fresh))
        err = may_wait ? wait_block(&waiter, DEADLINE_NONE) : -EAGAIN;
    wait_end(&waiter);
    heap_free(fresh);
    if (err == 0 && !exclusive)
        wait_wake_all(&waiting, 0); /* It may have been exclusive before. */
    return err;
}

int flock_change(struct file *file, int operation)
{
    bool may_wait = !(operation & LOCK_NB);

    switch (operation & ~LOCK_NB) {
    case LOCK_SH:
        return lock_file(file, false, may_wait);
    case LOCK_EX:
        return lock_file(file, true, may_wait);
    case LOCK_UN:
        unlock(file);
        return 0;
    default:
        return -EINVAL;
    }
}

void flock_forget(struct file *file)
{
    if (__atomic_load_n(&locks_count, __ATOMIC_RELAXED) > 0) /* Our own lock we would see. */
        unlock(file);
}
