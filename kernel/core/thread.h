/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Threads and the scheduler.
 *
 * Each thread has a kernel stack and runs until it sleeps, yields, or goes back to the program when
 * a reschedule is due. Run queues are per CPU, fair by virtual runtime; an idle CPU steals. A CPU
 * with nothing to run halts, and its timer is armed for the next deadline only.
 */

#include "kernel/arch/context.h"
#include "lib/base/list.h"
#include "lib/base/tree.h"
#include "lib/base/types.h"

enum {
    THREAD_STACK_SIZE = 16384,
    THREAD_NAME_SIZE = 16, /* With the NUL, as on Linux. */
};

enum thread_state {
    THREAD_NEW,
    THREAD_RUNNABLE, /* Running, or on a run queue. */
    THREAD_SLEEPING,
    THREAD_DEAD,
};

/* Why a thread has to look around before it goes back to the program. [atomic] bits of `work`. */
enum thread_work {
    THREAD_WORK_RESCHED = 1u << 0,
    THREAD_WORK_SIGNAL = 1u << 1, /* Signals to deliver; ends an interruptible sleep. */
    THREAD_WORK_EXIT = 1u << 2,   /* The thread has to end. */
};

/* A set of CPUs, one bit each. */
typedef u64 cpu_mask_t;

struct thread {
    u32 work;                    /* [atomic] enum thread_work. Its offset is known to entry code. */
    struct arch_context context; /* [owner] while running, else the scheduler's. */
    u8 *stack;                   /* [const] Lowest byte; NULL for a boot CPU's idle thread. */
    enum thread_state state;     /* Under the run queue's lock of `cpu`. */
    u32 cpu;                     /* Where it runs or ran last. */
    bool on_cpu;                 /* [atomic] Its stack is in use by a CPU. */
    bool is_idle;                /* [const] */
    bool is_queued;              /* In a run queue's tree. Under its lock. */
    cpu_mask_t affinity;
    u64 vruntime_ns;
    u64 run_since_ns; /* When it was last given the CPU or charged. */
    u64 runtime_ns;   /* CPU time used, kernel and program. */
    u64 switches;     /* Voluntary ones. */
    u64 preemptions;
    int nice;                  /* -20..19. */
    struct tree_node run_node; /* In its run queue. */
    struct list dead_link;     /* Among the dead of its last CPU, when it is one. */
    char name[THREAD_NAME_SIZE];
    u32 locks_held; /* [owner] Ranks of the sleeping locks held, a bit each, for debug checks. */
    void (*entry)(void *arg);                /* [const] */
    void *arg;                               /* [const] */
    void (*released)(struct thread *thread); /* [owner] For thread_exit(). */
    void *user; /* [const] The program's side, struct task; NULL for our own. */
};

/*
 * Prepares a thread on storage of the caller's: the struct, zeroed, and a stack of
 * THREAD_STACK_SIZE (stack_alloc()). It is in state NEW; thread_start() lets it run `entry(arg)`,
 * which ends with thread_exit(). Cannot fail.
 */
void thread_init(struct thread *thread, const char *name, u8 *stack, void (*entry)(void *arg),
                 void *arg);

void thread_start(struct thread *thread);

/*
 * Ends the running thread. When its stack is no longer in use, `released(thread)` runs in a bottom
 * half: from then on struct and stack are the caller's again. Does not sleep.
 */
_Noreturn void thread_exit(void (*released)(struct thread *thread));

/* Where the program's registers of `thread` are, while it is in the kernel. */
struct user_regs *thread_user_regs(struct thread *thread);

/*
 * Sets bits of `work`; SIGNAL and EXIT also end a sleep, and any of them brings the thread in from
 * the program on another CPU. The caller keeps the thread from ending meanwhile.
 */
void thread_post_work(struct thread *thread, u32 work);

/*
 * Lets others run. (sched_yield() is the C library's.) sched_yield_if_due() only when one should:
 * for long loops in the kernel, and on the way back to the program.
 */
void thread_yield(void);
void sched_yield_if_due(void);

/*
 * The two halves of a sleep; others use kernel/core/wait.h. sched_sleep() returns at the next
 * sched_wake() of this thread or at the deadline, or at once when the wake-up came since
 * sched_sleep_prepare(). True: it was woken; false: the deadline passed.
 */
void sched_sleep_prepare(void);
bool sched_sleep(u64 deadline_ns);
void sched_sleep_cancel(void);
/*
 * Makes a thread runnable that has prepared or begun a sleep. Any context. The caller keeps the
 * thread from ending meanwhile, with a lock that it has to take before it does.
 */
void sched_wake(struct thread *thread);

/* Moves the thread off CPUs it may not use any more. 0, or -EINVAL when no CPU is left. */
int sched_set_affinity(struct thread *thread, cpu_mask_t mask) MUST_USE;
void sched_set_nice(struct thread *thread, int nice);

/* CPU time of `thread` up to now. */
u64 sched_runtime_ns(struct thread *thread);

/* Time CPU `cpu` has idled since boot, and time it has not. Neither ever goes back. */
u64 sched_idle_ns(u32 cpu);
u64 sched_busy_ns(u32 cpu);

/* Prepares the scheduler; the caller becomes CPU 0's idle thread. Then sched_run_idle(). */
void sched_init(void);
_Noreturn void sched_run_idle(void);

/* Threads that exist, idle ones not counted; those that run or could. */
u32 sched_thread_count(void);
u32 sched_runnable_count(void);

/* Load averages over 1, 5 and 15 minutes, in 1/65536. They are brought up to date by asking. */
void sched_load_averages(u32 loads[3]);

/* Context switches since boot, on all CPUs. */
u64 sched_switch_count(void);
