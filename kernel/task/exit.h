/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How threads leave: between task.c, which keeps the list, and exit.c. */

#include "lib/base/types.h"

struct task;
struct thread;

/* Takes a task off the list; nobody finds it from now on. Returns how many are left. */
u32 task_remove(struct task *task);

/* For thread_exit(): frees the task of a thread whose stack is no longer in use. */
void task_released(struct thread *thread);
