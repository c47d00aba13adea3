/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/task/clone.h"

#include "abi/linux/errors.h"
#include "abi/linux/sched.h"
#include "kernel/arch/context.h"
#include "kernel/arch/cpu.h"
#include "kernel/core/log.h"
#include "kernel/core/thread.h"
#include "kernel/mm/uaccess.h"
#include "kernel/task/task.h"

/* What makes a thread of the same process. */
#define CLONE_THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

long fork_refuse(const char *call)
{
    static bool said; /* [atomic] */

    if (!__atomic_exchange_n(&said, true, __ATOMIC_RELAXED))
        log_warn("program: %s() refused, this machine runs one process", call);
    return -ENOSYS;
}

static int check_flags(u64 flags)
{
    if (flags & CLONE_SIGHAND && !(flags & CLONE_VM))
        return -EINVAL;
    if (flags & CLONE_THREAD && !(flags & CLONE_SIGHAND))
        return -EINVAL;
    if ((flags & CLONE_THREAD_FLAGS) != CLONE_THREAD_FLAGS)
        return (int)fork_refuse(flags & CLONE_VFORK ? "vfork" : "fork");
    if (flags & (CLONE_PIDFD | CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP | CLONE_NEWNS))
        return -EINVAL;
    return 0;
}

static void child_registers(struct task *task, const struct clone_request *request)
{
    struct user_regs *regs = thread_user_regs(&task->thread);

    regs_set_result(regs, 0);
    if (request->stack != 0)
        regs_set_sp(regs, request->stack);
    context_user_copy(&task->thread.context);
    if (request->flags & CLONE_SETTLS)
        context_init_thread_pointer(&task->thread.context, request->tls);
}

/* Words in the program's memory. Linux, too, ignores it when they cannot be written. */
static void tid_store(const struct clone_request *request, u32 tid)
{
    if (request->flags & CLONE_PARENT_SETTID && copy_out(request->parent_tid, &tid, sizeof(tid)))
        log_debug("clone: no memory for the parent's tid");
    if (request->flags & CLONE_CHILD_SETTID && copy_out(request->child_tid, &tid, sizeof(tid)))
        log_debug("clone: no memory for the child's tid");
}

long task_clone(const struct clone_request *request)
{
    const struct thread *self = thread_current();
    struct task *task;
    u32 tid;
    int err = check_flags(request->flags);

    if (err < 0)
        return err;
    if (request->flags & CLONE_SETTLS && !user_range_ok(request->tls, 1))
        return -EPERM;
    task = task_create(self->name, thread_user_regs(thread_current()));
    if (!task)
        return -EAGAIN;

    child_registers(task, request);
    task->thread.affinity = self->affinity;
    task->thread.nice = self->nice;
    if (request->flags & CLONE_CHILD_CLEARTID)
        task->clear_child_tid = request->child_tid;
    tid = task->tid; /* It may be gone by the time task_start() returns. */
    tid_store(request, tid);
    if (!task_start(task)) {
        task_destroy(task);
        return -EAGAIN;
    }
    return tid;
}
