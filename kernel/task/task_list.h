/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The list of all tasks, oldest first, for kernel/task itself. Its lock guards all state of signals
 * as well: who sends one looks for a thread to tell.
 */

#include "kernel/core/spinlock.h"
#include "kernel/task/task.h"
#include "lib/base/list.h"

extern struct spinlock tasks_lock; /* LOCK_RANK_SIGNAL */
extern struct list tasks GUARDED_BY(&tasks_lock);

static inline struct task *task_of(struct list *node)
{
    return LIST_ENTRY(node, struct task, link);
}
