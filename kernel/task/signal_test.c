/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is told of a signal, in which order signals are taken, and what becomes of the call they end.
 */
#include "kernel/task/signal.h"

#include "abi/linux/errors.h"
#include "abi/linux/nr_x86_64.h"
#include "kernel/arch/context.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/signal.h"
#include "kernel/arch/upcall.h"
#include "kernel/core/clock.h"
#include "kernel/core/thread.h"
#include "kernel/debug/trace.h"
#include "kernel/task/fatal.h"
#include "kernel/task/signal_internal.h"
#include "kernel/task/task.h"
#include "kernel/task/timers.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/fake_tasks.h"
#include "test/unit/unit.h"

#include <setjmp.h>

/* The names of signals are the kernel's own here. IWYU takes them for the C library's. */
/* IWYU pragma: no_include <signal.h> */

static struct signal_frame_request pushed[4];
static int pushes;
static bool push_fails;
static jmp_buf killed;
static int killed_by;

int signal_frame_push(struct user_regs *regs, const struct signal_frame_request *request)
{
    if (push_fails)
        return -EFAULT;
    pushed[pushes++] = *request;
    regs_set_ip(regs, request->handler);
    if (request->stack_top != 0)
        regs_set_sp(regs, request->stack_top - 1000);
    return 0;
}

void program_kill_info(const struct abi_siginfo *info, const struct user_regs *regs)
{
    (void)regs;
    killed_by = info->signo;
    longjmp(killed, 1);
}

void task_exit(int status)
{
    (void)status;
    longjmp(killed, 1);
}

const char *signal_name(int signal)
{
    (void)signal;
    return "SIG";
}

bool trace_active;

void trace_signal(u32 tid, bool has_others, const struct abi_siginfo *info)
{
    (void)tid;
    (void)has_others;
    (void)info;
}

u32 task_count(void)
{
    return 1;
}

static void handle(int signal, u64 flags, u64 mask)
{
    struct abi_sigaction action = { .handler = 0x1000, .flags = flags, .mask = mask };
    struct abi_sigaction old;

    signal_action(signal, &action, &old);
}

static void ignore(int signal)
{
    struct abi_sigaction action = { .handler = SIG_IGN };
    struct abi_sigaction old;

    signal_action(signal, &action, &old);
}

static int post(int signal)
{
    struct abi_siginfo info;

    signal_info_init(&info, signal, SI_USER);
    return signal_post(&info);
}

static int queue_value(int signal, u64 value)
{
    struct abi_siginfo info;

    signal_info_init(&info, signal, SI_QUEUE);
    info.sender.value = value;
    return signal_post(&info);
}

static bool told(u32 index)
{
    return (fake_tasks[index].thread.work & THREAD_WORK_SIGNAL) != 0;
}

static void fini(void)
{
    for (u32 i = 0; i < FAKE_TASKS; i++) {
        if (fake_tasks[i].thread.user) {
            list_remove(&fake_tasks[i].link);
            signal_task_fini(&fake_tasks[i]);
        }
    }
    while (signal_state.process.pending != 0) {
        struct abi_siginfo info;

        CHECK(signal_take(UINT64_MAX, &info));
    }
    CHECK_EQ(signal_state.queued_count, 0);
    CHECK_EQ(fake_heap_objects, 0);
}

TEST(signal, tells_the_first_thread_that_takes_it)
{
    fake_tasks_init(3);
    handle(SIGUSR1, 0, 0);
    fake_tasks[0].signals.blocked = SIGNAL_BIT(SIGUSR1);
    CHECK_EQ(post(SIGUSR1), 0);
    CHECK(!told(0) && told(1) && !told(2));
    fini();
}

TEST(signal, keeps_for_the_first_thread_what_comes_before_it)
{
    CHECK_EQ(post(SIGTERM), 0);
    CHECK_EQ(signal_state.process.pending, SIGNAL_BIT(SIGTERM));
    fake_tasks_init(1);
    signal_retarget_locked();
    CHECK(told(0));
    fini();
}

TEST(signal, hands_on_what_its_thread_comes_to_block)
{
    fake_tasks_init(2);
    handle(SIGUSR1, 0, 0);
    CHECK_EQ(post(SIGUSR1), 0);
    CHECK(told(0) && !told(1));
    signal_mask_set(SIGNAL_BIT(SIGUSR1));
    CHECK(told(1));
    fini();
}

TEST(signal, hands_on_what_its_thread_leaves_behind)
{
    fake_tasks_init(2);
    handle(SIGUSR1, 0, 0);
    CHECK_EQ(post(SIGUSR1), 0);
    list_remove(&fake_tasks[0].link);
    signal_task_fini(&fake_tasks[0]);
    CHECK(told(1));
    fini();
}

TEST(signal, queues_realtime_signals_and_merges_the_others)
{
    struct abi_siginfo info;

    fake_tasks_init(1);
    signal_mask_set(UINT64_MAX);
    CHECK_EQ(queue_value(SIGUSR1, 1), 0);
    CHECK_EQ(queue_value(SIGUSR1, 2), 0);
    CHECK_EQ(queue_value(SIGRTMIN + 3, 3), 0);
    CHECK_EQ(queue_value(SIGRTMIN + 3, 4), 0);
    CHECK_EQ(queue_value(SIGRTMIN + 1, 5), 0);

    CHECK(signal_take(UINT64_MAX, &info) && info.signo == SIGUSR1 && info.sender.value == 1);
    CHECK(signal_take(UINT64_MAX, &info) && info.signo == SIGRTMIN + 1);
    CHECK(signal_take(UINT64_MAX, &info) && info.sender.value == 3);
    CHECK(signal_take(UINT64_MAX, &info) && info.sender.value == 4);
    CHECK(!signal_take(UINT64_MAX, &info));
    fini();
}

TEST(signal, bounds_its_queue)
{
    fake_tasks_init(1);
    signal_mask_set(UINT64_MAX);
    for (int i = 0; i < SIGNAL_QUEUE_MAX; i++)
        CHECK_EQ(queue_value(SIGRTMIN, (u64)i), 0);
    CHECK_EQ(queue_value(SIGRTMIN, 0), -EAGAIN);
    CHECK_EQ(post(SIGTERM), 0); /* Without what came with it. */
    CHECK(signal_pending_set() & SIGNAL_BIT(SIGTERM));
    fini();
}

TEST(signal, forgets_what_is_ignored_unless_it_is_blocked)
{
    fake_tasks_init(1);
    ignore(SIGUSR1);
    CHECK_EQ(post(SIGUSR1), 0);
    CHECK_EQ(post(SIGCHLD), 0);
    CHECK_EQ(signal_state.process.pending, 0);
    signal_mask_set(SIGNAL_BIT(SIGUSR1));
    CHECK_EQ(post(SIGUSR1), 0);
    CHECK_EQ(signal_state.process.pending, SIGNAL_BIT(SIGUSR1));
    ignore(SIGUSR1);
    CHECK_EQ(signal_state.process.pending, 0);
    fini();
}

TEST(signal, never_blocks_kill_and_stop)
{
    fake_tasks_init(1);
    signal_mask_set(UINT64_MAX);
    CHECK_EQ(signal_mask(), ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP)));
    fini();
}

TEST(signal, lets_continue_and_stop_cancel_each_other)
{
    fake_tasks_init(1);
    signal_mask_set(UINT64_MAX);
    CHECK_EQ(post(SIGTSTP), 0);
    CHECK_EQ(post(SIGCONT), 0);
    CHECK_EQ(signal_pending_set(), SIGNAL_BIT(SIGCONT));
    CHECK_EQ(post(SIGTTIN), 0);
    CHECK_EQ(signal_pending_set(), SIGNAL_BIT(SIGTTIN));
    fini();
}

/* What happens to a call that returned a restart code, by what the handler says. */
TEST(signal, restarts_calls_as_linux_does)
{
    enum {
        NO_HANDLER,
        PLAIN,
        RESTART
    };
    static const struct {
        long code;
        int handler;
        bool again;
    } rows[] = {
        { -ERESTARTSYS, NO_HANDLER, true },
        { -ERESTARTSYS, PLAIN, false },
        { -ERESTARTSYS, RESTART, true },
        { -ERESTARTNOHAND, NO_HANDLER, true },
        { -ERESTARTNOHAND, PLAIN, false },
        { -ERESTARTNOHAND, RESTART, false },
        { -ERESTARTNOINTR, NO_HANDLER, true },
        { -ERESTARTNOINTR, PLAIN, true },
        { -ERESTART_RESTARTBLOCK, NO_HANDLER, true },
        { -ERESTART_RESTARTBLOCK, PLAIN, false },
        { -ERESTART_RESTARTBLOCK, RESTART, false },
    };

    fake_tasks_init(1);
    for (u32 i = 0; i < ARRAY_COUNT(rows); i++) {
        struct user_regs regs = { .ip = 0x402, .result = (u64)-EINTR };
        u64 nr = rows[i].code == -ERESTART_RESTARTBLOCK ? NR_restart_syscall : 42;

        pushes = 0;
        signal_mask_set(0);
        if (rows[i].handler != NO_HANDLER) {
            handle(SIGUSR1, rows[i].handler == RESTART ? SA_RESTART : 0, 0);
            CHECK_EQ(post(SIGUSR1), 0);
        }
        signal_interrupted(42, rows[i].code);
        upcall_user_return(&regs);
        CHECK_EQ(pushes, rows[i].handler != NO_HANDLER);
        CHECK_EQ(regs.result, rows[i].again ? nr : (u64)-EINTR);
        if (rows[i].handler == NO_HANDLER)
            CHECK_EQ(regs.ip, 0x400);
    }
    fini();
}

TEST(signal, blocks_while_the_handler_runs_what_it_says)
{
    struct user_regs regs = { 0 };

    fake_tasks_init(1);
    handle(SIGUSR1, 0, SIGNAL_BIT(SIGUSR2) | SIGNAL_BIT(SIGKILL));
    CHECK_EQ(post(SIGUSR1), 0);
    upcall_user_return(&regs);
    CHECK_EQ(pushed[0].mask, 0);
    CHECK_EQ(signal_mask(), SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGUSR2));

    signal_mask_set(0);
    handle(SIGUSR2, SA_NODEFER | SA_RESETHAND, 0);
    CHECK_EQ(post(SIGUSR2), 0);
    upcall_user_return(&regs);
    CHECK_EQ(signal_mask(), 0);
    CHECK_EQ(signal_state.actions[SIGUSR2 - 1].handler, SIG_DFL);
    fini();
}

TEST(signal, delivers_under_the_mask_of_a_wait_and_comes_back_to_the_old_one)
{
    struct user_regs regs = { 0 };

    fake_tasks_init(1);
    handle(SIGUSR1, 0, 0);
    signal_mask_set(SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGUSR2));
    CHECK_EQ(post(SIGUSR1), 0);
    CHECK(!told(0));
    signal_mask_set_for_wait(0);
    CHECK(told(0));
    CHECK_EQ(signal_mask_wait_end(-ERESTARTNOHAND), -ERESTARTNOHAND);
    upcall_user_return(&regs);
    CHECK_EQ(pushes, 1);
    CHECK_EQ(pushed[0].mask, SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGUSR2));

    /* No signal: the old mask is there at once. */
    signal_mask_set(5);
    signal_mask_set_for_wait(0);
    CHECK_EQ(signal_mask_wait_end(3), 3);
    CHECK_EQ(signal_mask(), 5);
    /* A wake-up for nothing: it comes back on the way out. */
    signal_mask_set_for_wait(0);
    CHECK_EQ(signal_mask_wait_end(-EINTR), -EINTR);
    upcall_user_return(&regs);
    CHECK_EQ(signal_mask(), 5);
    fini();
}

TEST(signal, uses_the_alternate_stack_once)
{
    struct user_regs regs = { .sp = 0x7000 };
    struct task_signals *signals = &fake_tasks[0].signals;

    fake_tasks_init(1);
    signals->altstack_sp = 0x100000;
    signals->altstack_size = 0x4000;
    signals->altstack_flags = 0;
    handle(SIGUSR1, SA_ONSTACK | SA_NODEFER, 0);
    CHECK_EQ(post(SIGUSR1), 0);
    upcall_user_return(&regs);
    CHECK_EQ(pushed[0].stack_top, 0x104000);
    CHECK_EQ(post(SIGUSR1), 0);
    upcall_user_return(&regs); /* It is on it already. */
    CHECK_EQ(pushed[1].stack_top, 0);
    fini();
}

TEST(signal, ends_the_program_by_default)
{
    struct user_regs regs = { 0 };

    fake_tasks_init(1);
    CHECK_EQ(post(SIGTERM), 0);
    if (setjmp(killed) == 0) {
        upcall_user_return(&regs);
        CHECK(false);
    }
    CHECK_EQ(killed_by, SIGTERM);
    fini();
}

TEST(signal, ends_the_program_when_a_fault_cannot_be_delivered)
{
    struct user_regs regs = { 0 };
    struct abi_siginfo info;

    fake_tasks_init(1);
    handle(SIGSEGV, 0, 0);
    signal_mask_set(SIGNAL_BIT(SIGSEGV));
    signal_info_init(&info, SIGSEGV, SEGV_MAPERR);
    signal_force(&info); /* Blocked: its handler does not count. */
    if (setjmp(killed) == 0) {
        upcall_user_return(&regs);
        CHECK(false);
    }
    CHECK_EQ(killed_by, SIGSEGV);

    handle(SIGUSR1, 0, 0);
    push_fails = true;
    CHECK_EQ(post(SIGUSR1), 0);
    if (setjmp(killed) == 0) {
        thread_post_work(thread_current(), THREAD_WORK_SIGNAL);
        upcall_user_return(&regs);
        CHECK(false);
    }
    CHECK_EQ(killed_by, SIGSEGV);
    fini();
}

TEST(signal, takes_faults_first)
{
    struct abi_siginfo info;

    fake_tasks_init(1);
    handle(SIGHUP, 0, 0);
    handle(SIGSEGV, 0, 0);
    signal_info_init(&info, SIGHUP, SI_TKILL);
    CHECK_EQ(signal_post_tid(1, &info), 0);
    signal_info_init(&info, SIGSEGV, SEGV_MAPERR);
    signal_force(&info);
    CHECK(signal_take(UINT64_MAX, &info) && info.signo == SIGSEGV);
    CHECK(signal_take(UINT64_MAX, &info) && info.signo == SIGHUP);
    CHECK_EQ(signal_post_tid(77, &info), -ESRCH);
    fini();
}

static void send_usr1(u64 deadline)
{
    (void)deadline;
    CHECK_EQ(queue_value(SIGUSR1, 9), 0);
}

static void pass_time(u64 deadline)
{
    (void)deadline;
    fake_clock_advance(NS_PER_MS);
}

TEST(signal, can_be_waited_for_though_it_is_ignored)
{
    struct abi_siginfo info;

    fake_tasks_init(1);
    ignore(SIGUSR1);
    fake_sleep_hook = send_usr1;
    CHECK_EQ(signal_wait(SIGNAL_BIT(SIGUSR1), DEADLINE_NONE, &info), 0);
    CHECK_EQ(info.sender.value, 9);
    CHECK_EQ(signal_mask(), 0);
    fake_sleep_hook = pass_time;
    CHECK_EQ(signal_wait(SIGNAL_BIT(SIGUSR2), clock_deadline(NS_PER_MS), &info), -EAGAIN);
    fini();
}

static long resumed;

static long resume(const u64 *words)
{
    resumed = (long)words[1];
    return 0;
}

TEST(signal, remembers_how_a_call_goes_on)
{
    u64 words[RESTART_WORDS] = { 1, 2 };

    fake_tasks_init(1);
    CHECK_EQ(signal_restart_block(resume, words), -ERESTART_RESTARTBLOCK);
    CHECK_EQ(fake_tasks[0].signals.restart.resume(fake_tasks[0].signals.restart.words), 0);
    CHECK_EQ(resumed, 2);
    fini();
}

TEST(timers, count_what_nobody_took)
{
    struct timer_event event = { .sends = true, .signo = SIGUSR1 };
    struct timer_value value = { .left_ns = 10 * NS_PER_MS, .interval_ns = 10 * NS_PER_MS };
    struct timer_value old;
    struct abi_siginfo info;
    int id;

    fake_tasks_init(1);
    signal_mask_set(SIGNAL_BIT(SIGUSR1));
    id = program_timer_create(TIMER_CLOCK_MONOTONIC, 0, &event);
    CHECK(id >= 0);
    CHECK_EQ(program_timer_set(id, &value, &old), 0);
    CHECK_EQ(old.left_ns, 0);
    fake_clock_advance(65 * NS_PER_MS);
    CHECK_EQ(program_timer_get(id, &old), 0);
    CHECK_EQ(old.left_ns, 5 * NS_PER_MS);
    CHECK(signal_take(SIGNAL_BIT(SIGUSR1), &info));
    CHECK_EQ(info.timer.overrun, 5);
    CHECK_EQ(program_timer_overrun(id), 5);
    CHECK_EQ(info.timer.id, id);
    CHECK(!signal_take(SIGNAL_BIT(SIGUSR1), &info));
    CHECK_EQ(program_timer_delete(id), 0);
    CHECK_EQ(program_timer_delete(id), -EINVAL);
    CHECK_EQ(fake_timers_armed(), 0);
    fini();
}
