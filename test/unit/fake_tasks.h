/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A program with a few threads for tests of kernel/task: plain structs, the first one runs. */

#include "kernel/task/task.h"
#include "lib/base/types.h"

enum {
    FAKE_TASKS = 4,
};

extern struct task fake_tasks[FAKE_TASKS]; /* Numbers 1 to FAKE_TASKS. */

/* `count` threads; the first is the running one. */
void fake_tasks_init(u32 count);

/* Makes another the running one. */
void fake_task_switch(u32 index);
