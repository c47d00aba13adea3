/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over the descriptors finds most calls something to return. Only then is each file's wait
 * queue hooked; all hooks wake one queue of the call's own, on which the thread sleeps. Its rank is
 * that of epoll's, because it is woken with the queue of a file locked.
 */
#include "kernel/file/poll.h"

#include "abi/linux/errors.h"
#include "abi/linux/poll.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/wait.h"
#include "kernel/file/fdtable.h"
#include "kernel/file/file.h"
#include "kernel/mm/heap.h"
#include "lib/base/types.h"

enum {
    HOOKS_A_BLOCK = 32,
};

struct poll_hook {
    struct waiter waiter;
    struct wait_queue *caller;
    struct file *file; /* With a reference; NULL: nothing to wait for. */
};

/* Hooks come in blocks, so that no allocation grows with the number of descriptors. */
struct hook_block {
    struct hook_block *next;
    struct poll_hook hooks[HOOKS_A_BLOCK];
};

/* POLLERR and POLLHUP are always reported. */
static u16 ready_events(struct file *file, u16 wanted)
{
    return (u16)(file_poll(file) & (wanted | POLLERR | POLLHUP));
}

static long poll_once(struct linux_pollfd *fds, u32 count)
{
    long ready = 0;

    for (u32 i = 0; i < count; i++) {
        struct file *file;

        fds[i].revents = 0;
        if (fds[i].fd < 0)
            continue;
        file = fdtable_get(current_fdtable(), fds[i].fd);
        if (file) {
            fds[i].revents = ready_events(file, fds[i].events);
            file_put(file);
        } else {
            fds[i].revents = POLLNVAL;
        }
        ready += fds[i].revents != 0;
    }
    return ready;
}

static bool hook_wake(struct waiter *waiter, u32 events)
{
    struct poll_hook *hook = CONTAINER_OF(waiter, struct poll_hook, waiter);

    (void)events;
    wait_wake(hook->caller, 0);
    return true;
}

static void hook_set(struct poll_hook *hook, struct wait_queue *caller,
                     const struct linux_pollfd *fd)
{
    struct wait_queue *queue;

    hook->caller = caller;
    hook->file = fd->fd < 0 ? NULL : fdtable_get(current_fdtable(), fd->fd);
    queue = hook->file ? file_wait_queue(hook->file) : NULL;
    if (queue)
        wait_add(queue, &hook->waiter, hook_wake, (u32)fd->events | POLLERR | POLLHUP, false);
}

static void hooks_remove(struct hook_block *block)
{
    while (block) {
        struct hook_block *next = block->next;

        for (u32 i = 0; i < HOOKS_A_BLOCK; i++) {
            struct poll_hook *hook = &block->hooks[i];

            if (hook->waiter.queue)
                wait_remove(&hook->waiter);
            if (hook->file)
                file_put(hook->file);
        }
        heap_free(block);
        block = next;
    }
}

/* Hooks all of them; NULL when memory is out. The blocks are in the order of the entries. */
static struct hook_block *hooks_set(struct linux_pollfd *fds, u32 count, struct wait_queue *caller)
{
    struct hook_block *first = NULL;
    struct hook_block **link = &first;

    for (u32 i = 0; i < count; i++) {
        if (i % HOOKS_A_BLOCK == 0) {
            struct hook_block *block = heap_alloc_zero(sizeof(*block));

            if (!block) {
                hooks_remove(first);
                return NULL;
            }
            if (i > 0)
                link = &(*link)->next;
            *link = block;
        }
        hook_set(&(*link)->hooks[i % HOOKS_A_BLOCK], caller, &fds[i]);
    }
    return first;
}

/*
 * Looks at the hooked files: those that were there when the wait began, whatever is closed since.
 */
static long hooks_poll(struct hook_block *block, struct linux_pollfd *fds, u32 count)
{
    long ready = 0;

    for (u32 i = 0; i < count; i++) {
        struct poll_hook *hook = &block->hooks[i % HOOKS_A_BLOCK];

        if (hook->file) {
            fds[i].revents = ready_events(hook->file, fds[i].events);
        } else {
            fds[i].revents = fds[i].fd < 0 ? 0 : POLLNVAL;
        }
        ready += fds[i].revents != 0;
        if (i % HOOKS_A_BLOCK == HOOKS_A_BLOCK - 1)
            block = block->next;
    }
    return ready;
}

static long poll_block(struct linux_pollfd *fds, u32 count, u64 deadline_ns)
{
    struct wait_queue caller;
    struct waiter self;
    struct hook_block *hooks;
    long ready = 0;
    int err = 0;

    wait_queue_init_rank(&caller, LOCK_RANK_EPOLL_WAIT);
    hooks = hooks_set(fds, count, &caller);
    if (!hooks && count > 0)
        return -ENOMEM;

    wait_begin(&caller, &self, 0);
    while (ready == 0 && err == 0) {
        ready = hooks_poll(hooks, fds, count);
        if (ready == 0)
            err = wait_block(&self, deadline_ns);
    }
    wait_end(&self);
    if (err == -ETIMEDOUT)
        ready = hooks_poll(hooks, fds, count);
    hooks_remove(hooks);
    return ready || err != -EINTR ? ready : err;
}

long poll_wait(struct linux_pollfd *fds, u32 count, u64 deadline_ns)
{
    long ready = poll_once(fds, count);

    if (ready > 0 || deadline_ns == 0)
        return ready;
    return poll_block(fds, count, deadline_ns);
}
