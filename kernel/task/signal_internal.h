/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Signals between signal.c (sending), signal_mask.c and signal_deliver.c. */

#include "kernel/task/signal.h"
#include "kernel/task/task_list.h"

#define SIGNALS_UNBLOCKABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))
#define SIGNALS_STOP \
    (SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU))
#define SIGNALS_IGNORED_BY_DEFAULT \
    (SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGURG) | SIGNAL_BIT(SIGWINCH) | SIGNAL_BIT(SIGCONT))
/* Faults of the thread itself come before what others send it. */
#define SIGNALS_SYNCHRONOUS                                                                \
    (SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) | \
     SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSYS))

struct signal_entry {
    struct list link;
    struct abi_siginfo info;
};

/* All under `tasks_lock`. */
struct signal_state {
    struct signal_queue process;
    struct abi_sigaction actions[SIGNALS]; /* By number - 1. */
    u32 queued_count;
};
extern struct signal_state signal_state;

/*
 * Takes the next signal of `set` from the thread's queue or the process'. With the lock held; false
 * when there is none.
 */
bool signal_take_locked(struct task *task, u64 set, struct abi_siginfo *info);

/* Tells some thread of each signal of the process that is pending. With the lock held. */
void signal_retarget_locked(void);
