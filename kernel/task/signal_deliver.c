/* SPDX-License-Identifier: Apache-2.0 */
/*
 * On the way back to the program: signals are delivered, interrupted calls decided, ended threads
 * end, and who has used up its time lets others run.
 */
#include "abi/linux/errors.h"
#include "abi/linux/nr_x86_64.h"
#include "abi/linux/signal.h"
#include "kernel/arch/context.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/signal.h"
#include "kernel/arch/upcall.h"
#include "kernel/core/log.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/thread.h"
#include "kernel/debug/trace.h"
#include "kernel/task/fatal.h"
#include "kernel/task/signal.h"
#include "kernel/task/signal_internal.h"
#include "kernel/task/task.h"
#include "kernel/task/task_list.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"

/* The call that was interrupted runs again, or does not: see signal.h. */
static void restart_decide(struct user_regs *regs, const struct abi_sigaction *handler)
{
    struct task_signals *signals = &task_current()->signals;
    long code = signals->interrupted;
    u64 nr = signals->interrupted_nr;

    signals->interrupted = 0;
    if (code == 0)
        return;
    if (handler && code == -ERESTARTSYS && !(handler->flags & SA_RESTART))
        return;
    if (handler && (code == -ERESTARTNOHAND || code == -ERESTART_RESTARTBLOCK))
        return;
    regs_restart_syscall(regs, code == -ERESTART_RESTARTBLOCK ? NR_restart_syscall : nr);
}

static bool on_altstack(const struct task_signals *signals, u64 sp)
{
    return !(signals->altstack_flags & SS_DISABLE) && sp > signals->altstack_sp &&
           sp - signals->altstack_sp <= signals->altstack_size;
}

static void frame_describe(struct signal_frame_request *request, const struct abi_siginfo *info,
                           const struct abi_sigaction *action, const struct user_regs *regs)
{
    const struct task_signals *signals = &task_current()->signals;
    bool uses_altstack = action->flags & SA_ONSTACK && !(signals->altstack_flags & SS_DISABLE) &&
                         !on_altstack(signals, regs_sp(regs));

    mem_zero(request, sizeof(*request));
    request->signal = (u32)info->signo;
    request->handler = action->handler;
    request->restorer = action->restorer;
    request->stack_top = uses_altstack ? signals->altstack_sp + signals->altstack_size : 0;
    request->wants_siginfo = (action->flags & SA_SIGINFO) != 0;
    request->mask = signals->is_saved ? signals->saved_blocked : signals->blocked;
    mem_copy(request->siginfo, info, sizeof(*info));
    request->altstack_sp = signals->altstack_sp;
    request->altstack_size = signals->altstack_size;
    request->altstack_flags = signals->altstack_flags;
}

static int frame_push(struct user_regs *regs, const struct abi_siginfo *info,
                      const struct abi_sigaction *action)
{
    struct task_signals *signals = &task_current()->signals;
    struct signal_frame_request request;
    bool was_on_altstack = on_altstack(signals, regs_sp(regs));
    int err;

    frame_describe(&request, info, action, regs);
    err = signal_frame_push(regs, &request);
    if (err < 0)
        return err;
    /* A handler on the alternate stack that recursed to its end must not run into what is below. */
    if (was_on_altstack && !on_altstack(signals, regs_sp(regs)))
        return -EFAULT;
    if (signals->altstack_flags & SS_AUTODISARM)
        signals->altstack_flags = SS_DISABLE;
    return 0;
}

static void handler_enter(struct user_regs *regs, const struct abi_siginfo *info,
                          const struct abi_sigaction *action)
{
    struct task_signals *signals = &task_current()->signals;
    struct abi_siginfo failure;
    u64 mask;

    restart_decide(regs, action);
    if (frame_push(regs, info, action) < 0) {
        log_error("signal: no room on the program's stack for the frame of %s",
                  signal_name(info->signo));
        signal_info_init(&failure, SIGSEGV, SI_KERNEL);
        failure.fault.address = regs_sp(regs);
        program_kill_info(&failure, regs);
    }
    mask = signals->blocked | action->mask;
    if (!(action->flags & SA_NODEFER))
        mask |= SIGNAL_BIT(info->signo);
    signals->is_saved = false; /* The frame has it. */
    signal_mask_set(mask);
}

static void stop_refuse(int signal)
{
    static bool said; /* [atomic] */

    if (!__atomic_exchange_n(&said, true, __ATOMIC_RELAXED))
        log_warn("signal: %s would stop the program; this kernel does not", signal_name(signal));
}

/* True when a handler has to run: `action` is it then. */
static bool signal_decide(const struct user_regs *regs, const struct abi_siginfo *info,
                          const struct abi_sigaction *action)
{
    u64 bit = SIGNAL_BIT(info->signo);

    if (action->handler == SIG_IGN)
        return false;
    if (action->handler != SIG_DFL)
        return true;
    if (bit & SIGNALS_IGNORED_BY_DEFAULT)
        return false;
    if (bit & SIGNALS_STOP) {
        stop_refuse(info->signo);
        return false;
    }
    program_kill_info(info, regs);
}

static bool signal_next(struct abi_siginfo *info, struct abi_sigaction *action)
{
    struct task *task = task_current();
    bool taken;

    spin_lock(&tasks_lock);
    taken = signal_take_locked(task, ~task->signals.blocked, info);
    if (taken) {
        struct abi_sigaction *slot = &signal_state.actions[info->signo - 1];

        *action = *slot;
        if (slot->flags & SA_RESETHAND && slot->handler > SIG_IGN)
            slot->handler = SIG_DFL;
    }
    spin_unlock(&tasks_lock);
    return taken;
}

static void signals_deliver(struct user_regs *regs)
{
    struct task_signals *signals = &task_current()->signals;
    struct abi_sigaction action;
    struct abi_siginfo info;

    while (signal_next(&info, &action)) {
        if (trace_active)
            trace_signal(task_current()->tid, task_count() > 1, &info);
        if (signal_decide(regs, &info, &action))
            handler_enter(regs, &info, &action);
    }
    restart_decide(regs, NULL); /* Where no handler ran. */
    if (signals->is_saved) {
        signals->is_saved = false;
        signal_mask_set(signals->saved_blocked);
    }
}

void upcall_user_return(struct user_regs *regs)
{
    struct thread *thread = thread_current();
    u32 work = __atomic_fetch_and(&thread->work, THREAD_WORK_RESCHED, __ATOMIC_ACQUIRE);

    if (work & THREAD_WORK_EXIT)
        task_exit(0);
    if (work & THREAD_WORK_SIGNAL)
        signals_deliver(regs);
    sched_yield_if_due();
}
