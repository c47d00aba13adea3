/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The program's threads, its signals, its start and its end.
 */

#include "kernel/core/thread.h"
#include "kernel/task/signal.h"
#include "lib/base/list.h"
#include "lib/base/types.h"

enum {
    TASKS_MAX = 32768,
    PROGRAM_PID = 1, /* The program's process id, and its first thread's id. */
};

struct task {
    struct thread thread;        /* First: thread->user points back here. */
    u32 tid;                     /* [const] */
    struct list link;            /* In the list of all; under the task list's lock. */
    struct task_signals signals; /* See signal.h. */
    uaddr_t clear_child_tid;     /* [owner] */
    uaddr_t robust_list;         /* [owner] */
    u64 robust_list_size;
    u64 start_ns;
    u32 rseq_len; /* [owner] 0: not registered. */
    u32 rseq_signature;
    uaddr_t rseq;
};

/* The running thread's task. The caller is a thread of the program. */
static inline struct task *task_current(void)
{
    return thread_current()->user;
}

/* By thread id, with the task list locked during `visit`; false when there is none such. */
bool task_visit(u32 tid, void (*visit)(void *arg, struct task *task), void *arg);
void task_for_each(bool (*visit)(void *arg, struct task *task), void *arg);
u32 task_count(void);

/* True when the running thread should leave an interruptible wait: a signal, or the end. */
bool task_interrupted(void);

/*
 * Loads and starts the program the manifest names: the first thread. Returns 0, or an error after
 * saying why on the console. See kernel/task/program.c.
 */
struct manifest;
int program_start(const struct manifest *manifest) MUST_USE;

/* exit_group(2): ends every thread, then the machine with this status. */
_Noreturn void program_exit(int status);

/* The program dies of `signal`: report, then the machine ends (128 + signal for `ops run`). */
_Noreturn void program_kill(int signal);

/* When the program's first instruction ran (clock_now_ns()), 0 before. */
u64 program_start_ns(void);
