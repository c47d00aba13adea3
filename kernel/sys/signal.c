/* SPDX-License-Identifier: Apache-2.0 */
/* Signals, as the program sets and sends them. Queues and delivery are in kernel/task. */
#include "abi/linux/signal.h"

#include "abi/linux/errors.h"
#include "abi/linux/open_flags.h"
#include "abi/linux/time.h"
#include "kernel/arch/context.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/signal.h"
#include "kernel/core/clock.h"
#include "kernel/core/thread.h"
#include "kernel/core/wait.h"
#include "kernel/file/fdtable.h"
#include "kernel/file/file.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sys/dispatch.h"
#include "kernel/sys/timespec.h"
#include "kernel/task/signal.h"
#include "kernel/task/signalfd.h"
#include "kernel/task/task.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"

/* Flags that Linux knows. Others are dropped, which is how a program finds out. */
#define SA_KNOWN                                                                       \
    (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | \
     SA_RESETHAND | SA_EXPOSE_TAGBITS | SA_RESTORER)

static bool signal_is_valid(int signal)
{
    return signal >= 1 && signal <= SIGNALS;
}

static int set_copy_in(u64 *set, uaddr_t from, size_t size)
{
    return size == SIGNAL_SET_SIZE ? copy_in(set, from, sizeof(*set)) : -EINVAL;
}

long sys_rt_sigaction(int signal, uaddr_t action_at, uaddr_t old_at, size_t size)
{
    struct abi_sigaction action;
    struct abi_sigaction old;
    int err = 0;

    if (size != SIGNAL_SET_SIZE || !signal_is_valid(signal))
        return -EINVAL;
    if (action_at != 0) {
        err = copy_in(&action, action_at, sizeof(action));
        if (err == 0 && (signal == SIGKILL || signal == SIGSTOP))
            err = -EINVAL;
        if (err == 0)
            action.flags &= SA_KNOWN;
    }
    if (err < 0)
        return err;
    signal_action(signal, action_at != 0 ? &action : NULL, &old);
    return old_at != 0 ? copy_out(old_at, &old, sizeof(old)) : 0;
}

long sys_rt_sigprocmask(int how, uaddr_t set_at, uaddr_t old_at, size_t size)
{
    u64 old = signal_mask();
    u64 set = 0;
    int err = 0;

    if (size != SIGNAL_SET_SIZE)
        return -EINVAL;
    if (set_at != 0)
        err = copy_in(&set, set_at, sizeof(set));
    if (err < 0)
        return err;
    if (set_at != 0) {
        if (how == SIG_BLOCK) {
            signal_mask_set(old | set);
        } else if (how == SIG_UNBLOCK) {
            signal_mask_set(old & ~set);
        } else if (how == SIG_SETMASK) {
            signal_mask_set(set);
        } else {
            return -EINVAL;
        }
    }
    return old_at != 0 ? copy_out(old_at, &old, sizeof(old)) : 0;
}

long sys_rt_sigpending(uaddr_t set_at, size_t size)
{
    u64 set = signal_pending_set();

    if (size > SIGNAL_SET_SIZE)
        return -EINVAL;
    return copy_out(set_at, &set, size);
}

static int info_copy_out(uaddr_t to, const struct abi_siginfo *info)
{
    u8 bytes[ABI_SIGINFO_SIZE];

    mem_zero(bytes, sizeof(bytes));
    mem_copy(bytes, info, sizeof(*info));
    return copy_out(to, bytes, sizeof(bytes));
}

long sys_rt_sigtimedwait(uaddr_t set_at, uaddr_t info_at, uaddr_t timeout_at, size_t size)
{
    struct abi_timespec timeout;
    struct abi_siginfo info = { 0 };
    u64 deadline = DEADLINE_NONE;
    u64 set;
    int err = set_copy_in(&set, set_at, size);

    if (err == 0 && timeout_at != 0) {
        err = timespec_copy_in(&timeout, timeout_at);
        deadline = err == 0 ? clock_deadline(timespec_to_ns(&timeout)) : 0;
    }
    if (err == 0)
        err = signal_wait(set, deadline, &info);
    if (err == 0 && info_at != 0)
        err = info_copy_out(info_at, &info);
    return err < 0 ? err : info.signo;
}

long sys_rt_sigsuspend(uaddr_t set_at, size_t size)
{
    u64 set;
    int err = set_copy_in(&set, set_at, size);

    if (err < 0)
        return err;
    signal_mask_set_for_wait(set);
    do {
        err = wait_sleep_until(DEADLINE_NONE);
    } while (err != -EINTR);
    return signal_mask_wait_end(-ERESTARTNOHAND);
}

long sys_pause(void)
{
    int err;

    do {
        err = wait_sleep_until(DEADLINE_NONE);
    } while (err != -EINTR);
    return -ERESTARTNOHAND;
}

/* Every process id that could mean us: our own, our group's, everybody's. */
static bool pid_is_ours(int pid)
{
    return pid == PROGRAM_PID || pid == 0 || pid == -1 || pid == -PROGRAM_PID;
}

long sys_kill(int pid, int signal)
{
    struct abi_siginfo info;

    if (signal != 0 && !signal_is_valid(signal))
        return -EINVAL;
    if (!pid_is_ours(pid) || pid == -1) /* -1 is everybody else: there is nobody. */
        return -ESRCH;
    signal_info_init(&info, signal, SI_USER);
    return signal_post(&info);
}

static long thread_kill(int tid, int signal)
{
    struct abi_siginfo info;

    if (tid <= 0 || (signal != 0 && !signal_is_valid(signal)))
        return -EINVAL;
    signal_info_init(&info, signal, SI_TKILL);
    return signal_post_tid((u32)tid, &info);
}

long sys_tkill(int tid, int signal)
{
    return thread_kill(tid, signal);
}

long sys_tgkill(int pid, int tid, int signal)
{
    if (pid <= 0)
        return -EINVAL;
    return pid == PROGRAM_PID ? thread_kill(tid, signal) : -ESRCH;
}

static int info_copy_in(struct abi_siginfo *info, int signal, uaddr_t from)
{
    int err = copy_in(info, from, sizeof(*info));

    info->signo = signal;
    return err;
}

long sys_rt_sigqueueinfo(int pid, int signal, uaddr_t info_at)
{
    struct abi_siginfo info;
    int err = info_copy_in(&info, signal, info_at);

    if (err < 0)
        return err;
    if (signal != 0 && !signal_is_valid(signal))
        return -EINVAL;
    return pid == PROGRAM_PID ? signal_post(&info) : -ESRCH;
}

long sys_rt_tgsigqueueinfo(int pid, int tid, int signal, uaddr_t info_at)
{
    struct abi_siginfo info;
    int err = info_copy_in(&info, signal, info_at);

    if (err < 0)
        return err;
    if (pid <= 0 || tid <= 0 || (signal != 0 && !signal_is_valid(signal)))
        return -EINVAL;
    return pid == PROGRAM_PID ? signal_post_tid((u32)tid, &info) : -ESRCH;
}

static bool on_altstack(const struct task_signals *signals, u64 sp)
{
    return !(signals->altstack_flags & (SS_DISABLE | SS_AUTODISARM)) && sp > signals->altstack_sp &&
           sp - signals->altstack_sp <= signals->altstack_size;
}

long sys_rt_sigreturn(void)
{
    struct task_signals *signals = &task_current()->signals;
    struct user_regs *regs = thread_user_regs(thread_current());
    struct signal_frame_restored restored;

    if (signal_frame_pop(regs, &restored) < 0) {
        struct abi_siginfo info;

        signal_info_init(&info, SIGSEGV, SI_KERNEL);
        signal_force(&info);
        return 0;
    }
    signals->altstack_sp = restored.altstack_sp;
    signals->altstack_size = restored.altstack_size;
    signals->altstack_flags = restored.altstack_flags & (SS_DISABLE | SS_AUTODISARM);
    signal_mask_set(restored.mask);
    return regs_result(regs); /* The register as it was, not a result of ours. */
}

static int altstack_set(struct task_signals *signals, const struct abi_sigaltstack *stack)
{
    u32 mode = stack->flags & ~SS_AUTODISARM;

    if (mode != 0 && mode != SS_DISABLE && mode != SS_ONSTACK)
        return -EINVAL;
    if (mode == SS_DISABLE) {
        signals->altstack_sp = 0;
        signals->altstack_size = 0;
    } else {
        if (stack->size < SIGNAL_STACK_MIN)
            return -ENOMEM;
        signals->altstack_sp = stack->sp;
        signals->altstack_size = stack->size;
    }
    signals->altstack_flags = stack->flags & (SS_DISABLE | SS_AUTODISARM);
    return 0;
}

long sys_sigaltstack(uaddr_t stack_at, uaddr_t old_at)
{
    struct task_signals *signals = &task_current()->signals;
    bool active = on_altstack(signals, regs_sp(thread_user_regs(thread_current())));
    struct abi_sigaltstack stack;
    struct abi_sigaltstack old = {
        .sp = signals->altstack_sp,
        .flags = signals->altstack_flags | (active ? SS_ONSTACK : 0),
        .size = signals->altstack_size,
    };
    int err = 0;

    if (stack_at != 0) {
        err = copy_in(&stack, stack_at, sizeof(stack));
        if (err == 0 && active)
            err = -EPERM;
        if (err == 0)
            err = altstack_set(signals, &stack);
    }
    return err == 0 && old_at != 0 ? copy_out(old_at, &old, sizeof(old)) : err;
}

long sys_restart_syscall(void)
{
    struct signal_restart *restart = &task_current()->signals.restart;
    long (*resume)(const u64 *words) = restart->resume;
    u64 words[RESTART_WORDS];

    if (!resume)
        return -EINTR;
    mem_copy(words, restart->words, sizeof(words));
    restart->resume = NULL;
    return resume(words);
}

long sys_signalfd4(int fd, uaddr_t mask_at, size_t size, int flags)
{
    struct file *file;
    u64 mask;
    int err;

    if (flags & ~(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    err = set_copy_in(&mask, mask_at, size);
    if (err < 0)
        return err;
    if (fd != -1) {
        file = fdtable_get(current_fdtable(), fd);
        if (!file)
            return -EBADF;
        err = signalfd_set(file, mask);
        file_put(file);
        return err < 0 ? err : fd;
    }
    file = signalfd_create(mask, (flags & O_NONBLOCK) != 0);
    if (!file)
        return -ENOMEM;
    err = fdtable_insert(current_fdtable(), file, 0, (flags & O_CLOEXEC) != 0);
    if (err < 0)
        file_put(file);
    return err;
}

long sys_signalfd(int fd, uaddr_t mask, size_t size)
{
    return sys_signalfd4(fd, mask, size, 0);
}
