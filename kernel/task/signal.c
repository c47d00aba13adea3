/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sending signals: queues of the process and of each thread, and who is told.
 *
 * Invariants
 *  1. A bit is set in a queue's `pending` exactly when an entry for it is queued, or when memory
 *     was out as it came.
 *  2. A signal in a thread's queue that it does not block has THREAD_WORK_SIGNAL posted to the
 *     thread. One in the process' queue has it posted to some thread that does not block it, if
 *     there is one: who blocks a signal, or ends, hands on what it was told of.
 */
#include "kernel/task/signal.h"

#include "abi/linux/poll.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/thread.h"
#include "kernel/core/wait.h"
#include "kernel/mm/heap.h"
#include "kernel/task/signal_internal.h"
#include "kernel/task/task.h"
#include "kernel/task/task_list.h"
#include "lib/base/mem.h"

struct signal_state signal_state = {
    .process = { .queued = LIST_INIT(signal_state.process.queued) },
};

static struct wait_queue posted = {
    .lock = SPINLOCK_INIT(LOCK_RANK_WAIT),
    .waiters = LIST_INIT(posted.waiters),
};

struct wait_queue *signal_wait_queue(void)
{
    return &posted;
}

static struct signal_entry *entry_of(struct list *node)
{
    return LIST_ENTRY(node, struct signal_entry, link);
}

void signal_task_init(struct task *task, const struct task *parent)
{
    struct task_signals *signals = &task->signals;

    mem_zero(signals, sizeof(*signals));
    list_init(&signals->queue.queued);
    signals->altstack_flags = SS_DISABLE;
    if (parent)
        signals->blocked = parent->signals.blocked;
}

static void entry_free(struct signal_entry *entry)
{
    signal_state.queued_count--;
    heap_free(entry);
}

static void queue_clear(struct signal_queue *queue, u64 set)
{
    struct list *node;
    struct list *after;

    queue->pending &= ~set;
    LIST_FOR_EACH_SAFE (&queue->queued, node, after) {
        if (SIGNAL_BIT(entry_of(node)->info.signo) & set) {
            list_remove(node);
            entry_free(entry_of(node));
        }
    }
}

void signal_task_fini(struct task *task)
{
    spin_lock(&tasks_lock);
    queue_clear(&task->signals.queue, UINT64_MAX);
    signal_retarget_locked();
    spin_unlock(&tasks_lock);
}

void signal_info_init(struct abi_siginfo *info, int signal, int code)
{
    *info = (struct abi_siginfo){ .signo = signal, .code = code };
    if (code == SI_USER || code == SI_TKILL || code == SI_QUEUE)
        info->sender.pid = PROGRAM_PID;
}

/* Stop and continue cancel each other, whatever becomes of the one that comes. */
static void cancel_opposite(struct signal_queue *queue, int signal)
{
    if (signal == SIGCONT) {
        queue_clear(queue, SIGNALS_STOP);
    } else if (SIGNAL_BIT(signal) & SIGNALS_STOP) {
        queue_clear(queue, SIGNAL_BIT(SIGCONT));
    }
}

/*
 * True when nobody would ever notice `signal`: it is ignored, and neither blocked nor waited for.
 */
static bool is_ignored(int signal, const struct task *target)
{
    u64 handler = signal_state.actions[signal - 1].handler;
    u64 bit = SIGNAL_BIT(signal);

    if ((target->signals.blocked | target->signals.waited) & bit)
        return false;
    return handler == SIG_IGN || (handler == SIG_DFL && bit & SIGNALS_IGNORED_BY_DEFAULT);
}

/*
 * Linux asks the main thread's mask; who waits for the signal counts whoever it is. Before there is
 * any thread signals wait for the first: the power button may be quicker than the program.
 */
static bool is_ignored_by_process(int signal) HOLDS(&tasks_lock)
{
    struct list *node;

    if (list_is_empty(&tasks))
        return false;
    LIST_FOR_EACH (&tasks, node) {
        struct task *task = task_of(node);
        bool is_main = node == tasks.next;

        if (is_main && !is_ignored(signal, task))
            return false;
        if (task->signals.waited & SIGNAL_BIT(signal))
            return false;
    }
    return true;
}

/*
 * -EAGAIN only where the program asked for queueing: other signals are merged into one, or lose
 * what came with them.
 */
static int queue_add(struct signal_queue *queue, const struct abi_siginfo *info)
{
    u64 bit = SIGNAL_BIT(info->signo);
    bool queues = info->signo >= SIGRTMIN;
    struct signal_entry *entry = NULL;

    if (!queues && queue->pending & bit)
        return 0;
    if (signal_state.queued_count < SIGNAL_QUEUE_MAX)
        entry = heap_alloc(sizeof(*entry));
    if (!entry && queues && info->code < 0)
        return -EAGAIN;
    if (entry) {
        entry->info = *info;
        signal_state.queued_count++;
        list_push_back(&queue->queued, &entry->link);
    }
    queue->pending |= bit;
    return 0;
}

/* Tells the first thread that takes `signal`: the main one where it can, as Linux does. */
static void process_tell(u64 bit)
{
    struct list *node;

    LIST_FOR_EACH (&tasks, node) {
        if ((task_of(node)->signals.blocked & bit) == 0) {
            thread_post_work(&task_of(node)->thread, THREAD_WORK_SIGNAL);
            return;
        }
    }
}

void signal_retarget_locked(void)
{
    u64 left = signal_state.process.pending;

    for (; left != 0; left &= left - 1)
        process_tell(left & -left);
}

static bool timer_merge(struct signal_queue *queue, const struct abi_siginfo *info)
{
    struct list *node;

    if ((queue->pending & SIGNAL_BIT(info->signo)) == 0)
        return false;
    LIST_FOR_EACH (&queue->queued, node) {
        struct abi_siginfo *queued = &entry_of(node)->info;

        if (queued->signo == info->signo && queued->code == SI_TIMER &&
            queued->timer.id == info->timer.id) {
            if (queued->timer.overrun < INT32_MAX - info->timer.overrun - 1)
                queued->timer.overrun += info->timer.overrun + 1;
            return true;
        }
    }
    return false;
}

bool signal_post_timer(u32 tid, const struct abi_siginfo *info)
{
    struct list *node;
    bool merged = false;

    spin_lock(&tasks_lock);
    if (tid == 0)
        merged = timer_merge(&signal_state.process, info);
    LIST_FOR_EACH (&tasks, node) {
        if (tid != 0 && task_of(node)->tid == tid)
            merged = timer_merge(&task_of(node)->signals.queue, info);
    }
    spin_unlock(&tasks_lock);
    if (!merged)
        (void)(tid != 0 ? signal_post_tid(tid, info) : signal_post(info));
    return merged;
}

int signal_post(const struct abi_siginfo *info)
{
    int err = 0;

    if (info->signo == 0)
        return 0;
    spin_lock(&tasks_lock);
    cancel_opposite(&signal_state.process, info->signo);
    if (!is_ignored_by_process(info->signo)) {
        err = queue_add(&signal_state.process, info);
        process_tell(SIGNAL_BIT(info->signo));
    }
    spin_unlock(&tasks_lock);
    wait_wake_all(&posted, POLLIN);
    return err;
}

static int post_to(struct task *task, const struct abi_siginfo *info)
{
    int err = 0;

    cancel_opposite(&task->signals.queue, info->signo);
    if (is_ignored(info->signo, task))
        return 0;
    err = queue_add(&task->signals.queue, info);
    if ((task->signals.blocked & SIGNAL_BIT(info->signo)) == 0)
        thread_post_work(&task->thread, THREAD_WORK_SIGNAL);
    return err;
}

int signal_post_tid(u32 tid, const struct abi_siginfo *info)
{
    struct list *node;
    int err = -ESRCH;

    spin_lock(&tasks_lock);
    LIST_FOR_EACH (&tasks, node) {
        if (task_of(node)->tid != tid)
            continue;
        err = info->signo != 0 ? post_to(task_of(node), info) : 0;
        break;
    }
    spin_unlock(&tasks_lock);
    if (err == 0 && info->signo != 0)
        wait_wake_all(&posted, POLLIN);
    return err;
}

void signal_post_kernel(int signal)
{
    struct abi_siginfo info;

    signal_info_init(&info, signal, SI_KERNEL);
    (void)signal_post(&info);
}

void signal_send_self(int signal)
{
    struct abi_siginfo info;

    signal_info_init(&info, signal, SI_USER);
    (void)signal_post_tid(task_current()->tid, &info);
}

void signal_force(const struct abi_siginfo *info)
{
    struct task *task = task_current();
    struct abi_sigaction *action = &signal_state.actions[info->signo - 1];
    u64 bit = SIGNAL_BIT(info->signo);

    spin_lock(&tasks_lock);
    if (task->signals.blocked & bit || action->handler == SIG_IGN) {
        action->handler = SIG_DFL;
        task->signals.blocked &= ~bit;
    }
    (void)queue_add(&task->signals.queue, info);
    thread_post_work(&task->thread, THREAD_WORK_SIGNAL);
    spin_unlock(&tasks_lock);
}

/* The entry of the lowest signal in `set`; without one, what can be said about a lost one. */
static void queue_take(struct signal_queue *queue, int signal, struct abi_siginfo *info)
{
    struct list *found = NULL;
    bool more = false;
    struct list *node;

    LIST_FOR_EACH (&queue->queued, node) {
        if (entry_of(node)->info.signo != signal)
            continue;
        if (found) {
            more = true;
            break;
        }
        found = node;
    }
    if (!more)
        queue->pending &= ~SIGNAL_BIT(signal);
    if (!found) {
        signal_info_init(info, signal, SI_USER);
        info->sender.pid = 0;
        return;
    }
    *info = entry_of(found)->info;
    list_remove(found);
    entry_free(entry_of(found));
}

bool signal_take_locked(struct task *task, u64 set, struct abi_siginfo *info)
{
    struct signal_queue *queue = &task->signals.queue;
    u64 ready = queue->pending & set;

    if (ready == 0) {
        queue = &signal_state.process;
        ready = queue->pending & set;
    }
    if (ready == 0)
        return false;
    if (ready & SIGNALS_SYNCHRONOUS)
        ready &= SIGNALS_SYNCHRONOUS;
    queue_take(queue, __builtin_ctzll(ready) + 1, info);
    return true;
}

bool signal_take(u64 set, struct abi_siginfo *info)
{
    bool taken;

    spin_lock(&tasks_lock);
    taken = signal_take_locked(task_current(), set, info);
    spin_unlock(&tasks_lock);
    return taken;
}

void signal_action(int signal, const struct abi_sigaction *action, struct abi_sigaction *old)
{
    struct abi_sigaction *slot = &signal_state.actions[signal - 1];
    u64 bit = SIGNAL_BIT(signal);
    struct list *node;

    spin_lock(&tasks_lock);
    *old = *slot;
    if (action) {
        *slot = *action;
        slot->mask &= ~SIGNALS_UNBLOCKABLE;
        if (slot->handler == SIG_IGN ||
            (slot->handler == SIG_DFL && bit & SIGNALS_IGNORED_BY_DEFAULT)) {
            queue_clear(&signal_state.process, bit);
            LIST_FOR_EACH (&tasks, node)
                queue_clear(&task_of(node)->signals.queue, bit);
        }
    }
    spin_unlock(&tasks_lock);
}
