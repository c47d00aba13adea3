/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/task/fatal.h"

#include "kernel/arch/context.h"
#include "kernel/core/log.h"
#include "kernel/core/thread.h"
#include "kernel/task/symbols.h"
#include "kernel/task/task.h"
#include "lib/base/types.h"

static const char *const names[SIGNALS + 1] = {
    [SIGHUP] = "SIGHUP",       [SIGINT] = "SIGINT",       [SIGQUIT] = "SIGQUIT",
    [SIGILL] = "SIGILL",       [SIGTRAP] = "SIGTRAP",     [SIGABRT] = "SIGABRT",
    [SIGBUS] = "SIGBUS",       [SIGFPE] = "SIGFPE",       [SIGKILL] = "SIGKILL",
    [SIGUSR1] = "SIGUSR1",     [SIGSEGV] = "SIGSEGV",     [SIGUSR2] = "SIGUSR2",
    [SIGPIPE] = "SIGPIPE",     [SIGALRM] = "SIGALRM",     [SIGTERM] = "SIGTERM",
    [SIGSTKFLT] = "SIGSTKFLT", [SIGCHLD] = "SIGCHLD",     [SIGCONT] = "SIGCONT",
    [SIGSTOP] = "SIGSTOP",     [SIGTSTP] = "SIGTSTP",     [SIGTTIN] = "SIGTTIN",
    [SIGTTOU] = "SIGTTOU",     [SIGURG] = "SIGURG",       [SIGXCPU] = "SIGXCPU",
    [SIGXFSZ] = "SIGXFSZ",     [SIGVTALRM] = "SIGVTALRM", [SIGPROF] = "SIGPROF",
    [SIGWINCH] = "SIGWINCH",   [SIGIO] = "SIGIO",         [SIGPWR] = "SIGPWR",
    [SIGSYS] = "SIGSYS",
};

const char *signal_name(int signal)
{
    if (signal < 1 || signal > SIGNALS || !names[signal])
        return "a real-time signal";
    return names[signal];
}

/* Why a fault signal came, for people. */
static const char *reason(const struct abi_siginfo *info)
{
    if (info->code == SI_USER || info->code == SI_TKILL || info->code == SI_QUEUE)
        return "sent by the program itself";
    switch (info->signo) {
    case SIGSEGV:
        if (info->code == SEGV_MAPERR)
            return "nothing is mapped there";
        return info->code == SEGV_ACCERR ? "the mapping does not allow it" : "protection fault";
    case SIGBUS:
        return "no data behind the mapping";
    case SIGFPE:
        return info->code == FPE_INTDIV ? "integer division" : "floating point";
    case SIGILL:
        return "illegal instruction";
    case SIGTRAP:
        return "breakpoint";
    default:
        return "from the kernel";
    }
}

/* The signals whose default action on Linux is a core: something is wrong with the program. */
static bool is_crash(int signal)
{
    switch (signal) {
    case SIGQUIT:
    case SIGILL:
    case SIGTRAP:
    case SIGABRT:
    case SIGBUS:
    case SIGFPE:
    case SIGSEGV:
    case SIGXCPU:
    case SIGXFSZ:
    case SIGSYS:
        return true;
    default:
        return false;
    }
}

static bool has_address(int signal)
{
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL;
}

void fatal_report(const struct abi_siginfo *info, const struct user_regs *regs)
{
    const struct task *task = task_current();

    log_error("program: killed by %s (%d), %s", signal_name(info->signo), info->signo,
              reason(info));
    if (has_address(info->signo) && info->code > 0)
        log_error("program: address %#lx", info->fault.address);
    if (!regs || !is_crash(info->signo))
        return;
    if (task)
        log_error("program: thread %u '%s'", task->tid, task->thread.name);
    registers_report(regs);
    backtrace_report(regs);
}
