/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Signals: who has which pending, what is blocked, and what a system call does when one comes.
 *
 * A signal waits in the queue of the process or of one thread until a thread that does not block it
 * is about to return to the program (upcall_user_return), where it is delivered or takes its
 * default action. Standard signals are queued once, real-time ones up to SIGNAL_QUEUE_MAX in all.
 *
 * Blocking calls. wait_block() returns -EINTR when the thread has a signal to look at, or has to
 * end. A handler in kernel/sys turns that into what its manual page says, and returns it:
 *
 *     -EINTR                     the program gets EINTR (epoll_wait, and where a timeout is set)
 *     -ERESTARTSYS               the call runs again if no handler ran, or it has SA_RESTART
 *     -ERESTARTNOHAND            the call runs again if no handler ran (poll, select, sigsuspend)
 *     signal_restart_block()     likewise, but goes on where it was (nanosleep)
 *
 * What had an effect before the interruption (bytes moved) is returned instead, as ever.
 */

#include "abi/linux/errors.h"
#include "abi/linux/signal.h"
#include "lib/base/list.h"
#include "lib/base/types.h"

struct task;

enum {
    SIGNAL_QUEUE_MAX = 4096, /* Entries queued in all; kept below RLIMIT_SIGPENDING. */
    RESTART_WORDS = 6,
};

/* Signals that wait to be delivered. Under the lock of the task list (LOCK_RANK_SIGNAL). */
struct signal_queue {
    u64 pending;        /* A bit for each signal that waits. */
    struct list queued; /* Of struct signal_entry; a signal without one came when memory was out. */
};

/* How an interrupted call goes on when the program asks with restart_syscall(2). */
struct signal_restart {
    long (*resume)(const u64 *words);
    u64 words[RESTART_WORDS];
};

struct task_signals {
    struct signal_queue queue;     /* Sent to this thread alone. Under the lock. */
    u64 blocked;                   /* Written by the owner under the lock. */
    u64 saved_blocked;             /* [owner] To come back to, while `is_saved`. */
    u64 waited;                    /* Signals sigtimedwait() is in wait for. Under the lock. */
    bool is_saved;                 /* [owner] */
    u32 altstack_flags;            /* [owner] SS_ flags as set; SS_DISABLE: none. */
    u64 altstack_sp;               /* [owner] */
    u64 altstack_size;             /* [owner] */
    struct signal_restart restart; /* [owner] */
    long interrupted;   /* [owner] The -ERESTART code of the call we return from, or 0. */
    u64 interrupted_nr; /* [owner] And its number. */
};

/* Prepares the signals of the first thread, or of a new one that `parent` makes. */
void signal_task_init(struct task *task, const struct task *parent);
/* Drops what is pending for it, with the task off the list, or never on it. */
void signal_task_fini(struct task *task);

/* Fills in `info` as kill(2) from the program itself would. */
void signal_info_init(struct abi_siginfo *info, int signal, int code);

/*
 * Sends a signal to the process: any thread that does not block it gets it. Any context. Returns 0,
 * or -EAGAIN when a real-time signal from sigqueue() found the queue full.
 */
int signal_post(const struct abi_siginfo *info);

/* To one thread: also -ESRCH when there is none with that number. */
int signal_post_tid(u32 tid, const struct abi_siginfo *info);

/*
 * Of a timer (SI_TIMER), to the process or, with `tid` not 0, to a thread. One of the same timer
 * that is still pending takes it in: its overrun grows by one and by `info`'s, and the result is
 * true.
 */
bool signal_post_timer(u32 tid, const struct abi_siginfo *info);

/* What a user sees of a kernel event: SI_KERNEL, to the process (SIGTERM from the power button). */
void signal_post_kernel(int signal);

/*
 * SIGPIPE and the like, to the running thread, before the call returns its error.
 */
void signal_send_self(int signal);

/*
 * A fault of the running thread, which cannot be put off: when the signal is blocked or ignored,
 * the default action is taken.
 */
void signal_force(const struct abi_siginfo *info);

/* Signals that are pending for it or the process and that it blocks, as sigpending(2). */
u64 signal_pending_set(void);

/*
 * sigaction(2): the action of `signal` becomes `action`, unless NULL; `*old` is what it was. A
 * signal that comes to be ignored is no longer pending.
 */
void signal_action(int signal, const struct abi_sigaction *action, struct abi_sigaction *old);

/* sigtimedwait(2): 0 with a signal of `set` in `*info`, -EAGAIN at the deadline, -EINTR. */
int signal_wait(u64 set, u64 deadline_ns, struct abi_siginfo *info) MUST_USE;

/* Blocked signals of the running thread. SIGKILL and SIGSTOP are never in it. */
u64 signal_mask(void);
void signal_mask_set(u64 mask);

/*
 * For ppoll, pselect6, epoll_pwait and rt_sigsuspend: `mask` holds until the call is over. Pass the
 * call's result to signal_mask_wait_end(): the old mask comes back at once, or, when a signal ended
 * the wait (-EINTR or a restart code), after it was delivered. Returns the result for the handler.
 */
void signal_mask_set_for_wait(u64 mask);
long signal_mask_wait_end(long result) MUST_USE;

/*
 * The same from the program's arguments: NULL `mask` changes nothing, and signal_mask_wait_end() is
 * harmless then. -EINVAL for a wrong `size`, -EFAULT.
 */
int signal_mask_set_for_wait_user(uaddr_t mask, size_t size) MUST_USE;

/* What a restartable call returns for an interrupted wait; other results are left alone. */
static inline long signal_restartable(long result)
{
    return result == -EINTR ? -ERESTARTSYS : result;
}

static inline long signal_restartable_no_handler(long result)
{
    return result == -EINTR ? -ERESTARTNOHAND : result;
}

/*
 * For an interrupted call with a relative timeout: `resume(words)` goes on with it, unless a
 * handler ran. Returns -ERESTART_RESTARTBLOCK.
 */
long signal_restart_block(long (*resume)(const u64 *words), const u64 words[RESTART_WORDS])
    MUST_USE;

/* True for the codes above. */
static inline bool signal_is_restart(long result)
{
    return result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK;
}

/*
 * kernel/sys, after a call that returned a restart code: remembers it for the way back. The result
 * register holds -EINTR then.
 */
void signal_interrupted(u64 nr, long code);

/* Woken (POLLIN) whenever a signal is posted: signalfd and sigtimedwait hang here. */
struct wait_queue *signal_wait_queue(void);

/*
 * Takes a pending signal of `set` from the running thread or the process, lowest first. False when
 * there is none.
 */
bool signal_take(u64 set, struct abi_siginfo *info);
