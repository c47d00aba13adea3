/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a thread, and of the program: with the program the machine ends.
 *
 * program_exit() is called by whoever comes first, everyone else goes away through task_exit(). It
 * is decided under no lock but by one exchange of `ending`; task_start() looks at that with the
 * task list locked, so that no thread is added after the others were told to end.
 */
#include "kernel/task/exit.h"

#include "abi/linux/futex.h"
#include "abi/linux/signal.h"
#include "kernel/arch/context.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/power.h"
#include "kernel/core/clock.h"
#include "kernel/core/log.h"
#include "kernel/core/thread.h"
#include "kernel/debug/trace.h"
#include "kernel/file/fdtable.h"
#include "kernel/mm/uaccess.h"
#include "kernel/task/fatal.h"
#include "kernel/task/futex.h"
#include "kernel/task/signal.h"
#include "kernel/task/task.h"
#include "lib/base/text.h"

#define OTHERS_WAIT_NS (500 * NS_PER_MS) /* For threads that are deep in the kernel. */

static bool ending;       /* [atomic] */
static int leader_status; /* [atomic] What the first thread's exit(2) said, if it left alone. */

static const struct program_end_hooks *hooks; /* [const] after boot. */

void program_on_end(const struct program_end_hooks *end_hooks)
{
    hooks = end_hooks;
}

bool program_is_ending(void)
{
    return __atomic_load_n(&ending, __ATOMIC_ACQUIRE);
}

static _Noreturn void task_leave(void)
{
    struct task *task = task_current();

    (void)task_remove(task);
    signal_task_fini(task);
    thread_exit(task_released);
}

/* Tells who joins this thread that it is gone. */
static void tid_clear(const struct task *task)
{
    u32 zero = 0;

    if (task->clear_child_tid != 0 && copy_out(task->clear_child_tid, &zero, sizeof(zero)) == 0)
        (void)futex_wake(task->clear_child_tid, 1, FUTEX_BITSET_MATCH_ANY, true);
}

_Noreturn void task_exit(int status)
{
    struct task *task = task_current();
    u32 left;

    if (task->tid == PROGRAM_PID)
        __atomic_store_n(&leader_status, status, __ATOMIC_RELAXED);
    if (!program_is_ending()) {
        futex_robust_exit(task->robust_list, task->tid);
        if (task_count() > 1)
            tid_clear(task);
    }
    if (trace_active && !program_is_ending() && task_count() > 1)
        trace_exited(task->tid, true, status);
    left = task_remove(task);
    signal_task_fini(task);
    if (left == 0 && !program_is_ending())
        program_exit(__atomic_load_n(&leader_status, __ATOMIC_RELAXED));
    thread_exit(task_released);
}

static bool tell_to_end(void *arg, struct task *task)
{
    if (task != arg)
        thread_post_work(&task->thread, THREAD_WORK_EXIT);
    return true;
}

/* Waits until the other threads are gone, so that none runs while files are being closed. */
static void end_others(struct task *self)
{
    u64 deadline = clock_deadline(OTHERS_WAIT_NS);
    u32 self_count = self ? 1 : 0;

    task_for_each(tell_to_end, self);
    while (task_count() > self_count && clock_now_ns() < deadline) {
        sched_sleep_prepare();
        (void)sched_sleep(clock_now_ns() + NS_PER_MS);
    }
}

/* True for the first caller. Others that are threads of the program do not come back. */
static bool end_begin(void)
{
    if (!__atomic_exchange_n(&ending, true, __ATOMIC_ACQ_REL))
        return true;
    if (task_current())
        task_leave();
    return false;
}

static void trace_end(const struct program_end *end)
{
    u32 tid = task_current() ? task_current()->tid : PROGRAM_PID;

    if (end->by_signal) {
        trace_killed(tid, false, end->value);
    } else {
        trace_exited(tid, false, end->value);
    }
    trace_finish();
}

void program_tell_end(const struct program_end *end)
{
    char digits[16];
    struct text text;

    text_init(&text, digits, sizeof(digits));
    text_format(&text, "%d", end->value);
    machine_report(end->by_signal ? "signal" : "exit", digits);
}

_Noreturn void program_power_off(const struct program_end *end)
{
    program_tell_end(end);
    machine_power_off();
}

static _Noreturn void machine_end(bool by_signal, int value)
{
    const struct program_end end = { .by_signal = by_signal, .value = value };

    hooks->begin(&end);
    end_others(task_current());
    thread_post_work(thread_current(), THREAD_WORK_EXIT); /* No close() lingers from here on. */
    fdtable_close_all(current_fdtable());
    if (trace_active)
        trace_end(&end);
    hooks->finish(&end);
    program_power_off(&end);
}

_Noreturn void program_exit(int status)
{
    while (!end_begin()) {
        sched_sleep_prepare();
        (void)sched_sleep(DEADLINE_NONE);
    }
    log_info("program: exit status %d", status & 0xff);
    machine_end(false, status & 0xff);
}

_Noreturn void program_kill_info(const struct abi_siginfo *info, const struct user_regs *regs)
{
    while (!end_begin()) {
        sched_sleep_prepare();
        (void)sched_sleep(DEADLINE_NONE);
    }
    fatal_report(info, regs);
    machine_end(true, info->signo);
}
