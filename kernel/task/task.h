/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The program's threads, its start and its end.
 *
 * A task lives in the list of all from task_start() until its thread calls task_exit(); whoever
 * wants another thread's task looks at it under the list's lock.
 */

#include "abi/linux/signal.h"
#include "kernel/arch/context.h"
#include "kernel/arch/cpu.h"
#include "kernel/core/thread.h"
#include "kernel/task/signal.h"
#include "lib/base/list.h"
#include "lib/base/types.h"

struct manifest;

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
    u64 start_ns;
    bool membarrier_registered;
};

/* The running thread's task. The caller is a thread of the program. */
static inline struct task *task_current(void)
{
    return thread_current()->user;
}

/*
 * A task with a kernel stack, named `name`, that will run the program with `regs` when it is
 * started. It has a number, but nobody can find it before task_start(). NULL when memory or numbers
 * are out.
 */
struct task *task_create(const char *name, const struct user_regs *regs) MUST_USE;

/* Undoes task_create() for a task that was never started. */
void task_destroy(struct task *task);

/* Lets it run. False, and nothing has happened, when the program is ending. */
bool task_start(struct task *task) MUST_USE;

/* Ends the running thread: wakes who waits for it, and the last one ends the program. */
_Noreturn void task_exit(int status);

/* By thread id, with the task list locked during `visit`; false when there is none such. */
bool task_visit(u32 tid, void (*visit)(void *arg, struct task *task), void *arg);
/* All of them, oldest first, until `visit` returns false. */
void task_for_each(bool (*visit)(void *arg, struct task *task), void *arg);
u32 task_count(void);

/* CPU time of all threads, those that have ended included. */
u64 task_runtime_ns(void);

/* Prepares threads, futexes and what they show in /proc. Once, after fs_init(). */
void task_init(void);

/* True when the running thread should leave an interruptible wait: a signal, or the end. */
bool task_interrupted(void);

/*
 * Loads and starts the program the manifest names: the first thread. Returns 0, or an error after
 * saying why on the console. See kernel/task/program.c.
 */
int program_start(const struct manifest *manifest) MUST_USE;

/* The path of the program's file, links followed, as path_node_text() gives it. */
long program_path(char *text, size_t size) MUST_USE;

/* exit_group(2): ends every thread, then the machine with this status. */
_Noreturn void program_exit(int status);

/*
 * The program dies of a signal: report, then the machine ends (128 + signal for `ops run`). `regs`
 * may be NULL.
 */
_Noreturn void program_kill_info(const struct abi_siginfo *info, const struct user_regs *regs);

/* How the program ended. */
struct program_end {
    bool by_signal;
    int value; /* The signal, or the exit status. */
};

/*
 * What else is done when the program ends, in a thread that may wait. `begin` comes first, with all
 * as it was then; `finish` when all threads are gone and all files are closed. Where they return,
 * the machine ends. One caller: init.
 */
struct program_end_hooks {
    void (*begin)(const struct program_end *end);
    void (*finish)(const struct program_end *end);
};
void program_on_end(const struct program_end_hooks *hooks);

/* Tells whoever runs the machine how the program ended. */
void program_tell_end(const struct program_end *end);

/* The same, and switches the machine off, whatever is still open. */
_Noreturn void program_power_off(const struct program_end *end);

/* True once the program is ending. */
bool program_is_ending(void);

/* When the program's first instruction ran (clock_now_ns()), 0 before. */
u64 program_start_ns(void);
