/* SPDX-License-Identifier: Apache-2.0 */
/* Blocked signals, and the masks that hold for one call. */
#include "abi/linux/errors.h"
#include "abi/linux/poll.h"
#include "abi/linux/signal.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/thread.h"
#include "kernel/core/wait.h"
#include "kernel/mm/uaccess.h"
#include "kernel/task/signal.h"
#include "kernel/task/signal_internal.h"
#include "kernel/task/task.h"
#include "kernel/task/task_list.h"
#include "lib/base/types.h"

u64 signal_mask(void)
{
    return task_current()->signals.blocked;
}

void signal_mask_set(u64 mask)
{
    struct task *task = task_current();
    u64 before = task->signals.blocked;
    u64 after = mask & ~SIGNALS_UNBLOCKABLE;
    u64 pending;

    if (before == after)
        return;
    spin_lock(&tasks_lock);
    task->signals.blocked = after;
    pending = task->signals.queue.pending | signal_state.process.pending;
    if (pending & ~after)
        thread_post_work(&task->thread, THREAD_WORK_SIGNAL);
    if (signal_state.process.pending & after & ~before)
        signal_retarget_locked();
    spin_unlock(&tasks_lock);
}

u64 signal_pending_set(void)
{
    const struct task *task = task_current();
    u64 pending;

    spin_lock(&tasks_lock);
    pending = task->signals.queue.pending | signal_state.process.pending;
    spin_unlock(&tasks_lock);
    return pending & task->signals.blocked;
}

static void waited_set(struct task *task, u64 set)
{
    spin_lock(&tasks_lock);
    task->signals.waited = set;
    spin_unlock(&tasks_lock);
}

/* For its time the thread blocks what it waits for: no handler takes it away. */
int signal_wait(u64 set, u64 deadline_ns, struct abi_siginfo *info)
{
    struct task *task = task_current();
    u64 before = signal_mask();
    struct waiter waiter;
    int err = 0;

    set &= ~SIGNALS_UNBLOCKABLE;
    signal_mask_set(before | set);
    waited_set(task, set);
    wait_begin(signal_wait_queue(), &waiter, POLLIN);
    while (err == 0 && !signal_take(set, info))
        err = wait_block(&waiter, deadline_ns);
    wait_end(&waiter);
    waited_set(task, 0);
    signal_mask_set(before);
    return err == -ETIMEDOUT ? -EAGAIN : err;
}

void signal_mask_set_for_wait(u64 mask)
{
    struct task_signals *signals = &task_current()->signals;

    signals->saved_blocked = signals->blocked;
    signals->is_saved = true;
    signal_mask_set(mask);
}

int signal_mask_set_for_wait_user(uaddr_t mask, size_t size)
{
    u64 set;
    int err;

    if (mask == 0)
        return 0;
    if (size != SIGNAL_SET_SIZE)
        return -EINVAL;
    err = copy_in(&set, mask, sizeof(set));
    if (err < 0)
        return err;
    signal_mask_set_for_wait(set);
    return 0;
}

/*
 * Interrupted: the old mask is put back by the delivery, so that the signal which ended the wait is
 * delivered although the old mask blocks it.
 */
long signal_mask_wait_end(long result)
{
    struct task_signals *signals = &task_current()->signals;

    if (!signals->is_saved)
        return result;
    if (result == -EINTR || signal_is_restart(result)) {
        /* Delivery must come by, or the mask would stay. */
        thread_post_work(&task_current()->thread, THREAD_WORK_SIGNAL);
        return result;
    }
    signals->is_saved = false;
    signal_mask_set(signals->saved_blocked);
    return result;
}

long signal_restart_block(long (*resume)(const u64 *words), const u64 words[RESTART_WORDS])
{
    struct signal_restart *restart = &task_current()->signals.restart;

    restart->resume = resume;
    for (u32 i = 0; i < RESTART_WORDS; i++)
        restart->words[i] = words[i];
    return -ERESTART_RESTARTBLOCK;
}

void signal_interrupted(u64 nr, long code)
{
    struct task *task = task_current();

    task->signals.interrupted = code;
    task->signals.interrupted_nr = nr;
    thread_post_work(&task->thread, THREAD_WORK_SIGNAL); /* upcall_user_return() must come by. */
}
