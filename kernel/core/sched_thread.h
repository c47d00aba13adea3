/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside kernel/core: between the scheduler (sched.c) and the life of threads (thread.c). */

#include "kernel/core/thread.h"

/* sched.c: makes a NEW thread runnable. */
void sched_start(struct thread *thread);

/* sched.c: what a thread does first, on its own stack. */
void sched_first_run(void);

/* sched.c: leaves the running thread for good. */
_Noreturn void sched_exit(void);

/* thread.c: `thread` is dead and off its stack: hands it to its owner. Interrupts may be off. */
void thread_bury(struct thread *thread);

/* thread.c: storage for the idle thread of `cpu`. */
struct thread *thread_idle(u32 cpu);
