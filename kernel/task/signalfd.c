/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/task/signalfd.h"

#include "abi/linux/errors.h"
#include "abi/linux/poll.h"
#include "abi/linux/signal.h"
#include "kernel/core/clock.h"
#include "kernel/core/wait.h"
#include "kernel/file/file.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/iter.h"
#include "kernel/task/signal.h"
#include "kernel/task/signal_internal.h"
#include "kernel/task/task.h"
#include "lib/base/mem.h"

struct signalfd {
    u64 mask; /* [atomic] */
};

/* struct signalfd_siginfo */
struct signalfd_record {
    u32 signo;
    s32 error;
    s32 code;
    u32 pid;
    u32 uid;
    s32 fd;
    u32 tid;
    u32 band;
    u32 overrun;
    u32 trapno;
    s32 status;
    s32 value;
    u64 pointer;
    u64 user_time;
    u64 system_time;
    u64 address;
    u16 address_lsb;
    u8 padding[46];
};
static_assert(sizeof(struct signalfd_record) == 128, "signalfd(2)");

static u64 mask_of(const struct file *file)
{
    const struct signalfd *signalfd = file->data;

    return __atomic_load_n(&signalfd->mask, __ATOMIC_RELAXED);
}

static void record_fill(struct signalfd_record *record, const struct abi_siginfo *info)
{
    mem_zero(record, sizeof(*record));
    record->signo = (u32)info->signo;
    record->error = info->error;
    record->code = info->code;
    if (info->code == SI_TIMER) {
        record->tid = (u32)info->timer.id;
        record->overrun = (u32)info->timer.overrun;
        record->pointer = info->timer.value;
        record->value = (s32)info->timer.value;
    } else if (info->code > 0 && info->code != SI_KERNEL) {
        record->address = info->fault.address;
    } else {
        record->pid = info->sender.pid;
        record->uid = info->sender.uid;
        record->pointer = info->sender.value;
        record->value = (s32)info->sender.value;
    }
}

static int take_one(struct file *file, u32 flags, struct abi_siginfo *info)
{
    struct waiter waiter;
    int err = 0;

    if (signal_take(mask_of(file), info))
        return 0;
    if (flags & FILE_NONBLOCK)
        return -EAGAIN;
    wait_begin(signal_wait_queue(), &waiter, POLLIN);
    while (err == 0 && !signal_take(mask_of(file), info))
        err = wait_block(&waiter, DEADLINE_NONE);
    wait_end(&waiter);
    return err;
}

static long signalfd_read(struct file *file, struct iter *to, u64 off, u32 flags)
{
    struct signalfd_record record;
    struct abi_siginfo info;
    long done = 0;

    (void)off;
    if (to->left < sizeof(record))
        return -EINVAL;
    while (to->left >= sizeof(record)) {
        int err = take_one(file, done > 0 ? flags | FILE_NONBLOCK : flags, &info);

        if (err < 0)
            return done > 0 ? done : err;
        record_fill(&record, &info);
        if (iter_copy_to(to, &record, sizeof(record)) < sizeof(record))
            return done > 0 ? done : -EFAULT;
        done += (long)sizeof(record);
    }
    return done;
}

static u32 signalfd_poll(struct file *file)
{
    const struct task *task = task_current();
    u64 pending = signal_state.process.pending;

    /* A look without the lock: who posts wakes after it has set the bit. */
    if (task)
        pending |= task->signals.queue.pending;
    return pending & mask_of(file) ? POLLIN | POLLRDNORM : 0;
}

static struct wait_queue *signalfd_wait_queue(struct file *file)
{
    (void)file;
    return signal_wait_queue();
}

static void signalfd_release(struct file *file)
{
    heap_free(file->data);
}

static const struct file_ops signalfd_ops = {
    .name = "anon_inode:[signalfd]",
    .read = signalfd_read,
    .poll = signalfd_poll,
    .wait_queue = signalfd_wait_queue,
    .release = signalfd_release,
};

struct file *signalfd_create(u64 mask, bool nonblocking)
{
    struct signalfd *signalfd = heap_alloc(sizeof(*signalfd));
    struct file *file;

    if (!signalfd)
        return NULL;
    signalfd->mask = mask & ~SIGNALS_UNBLOCKABLE;
    file = file_create(&signalfd_ops, signalfd, FILE_READABLE | (nonblocking ? FILE_NONBLOCK : 0));
    if (!file)
        heap_free(signalfd);
    return file;
}

int signalfd_set(struct file *file, u64 mask)
{
    struct signalfd *signalfd = file->data;

    if (file->ops != &signalfd_ops)
        return -EINVAL;
    __atomic_store_n(&signalfd->mask, mask & ~SIGNALS_UNBLOCKABLE, __ATOMIC_RELAXED);
    wait_wake_all(signal_wait_queue(), POLLIN);
    return 0;
}
