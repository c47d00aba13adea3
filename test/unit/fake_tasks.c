/* SPDX-License-Identifier: Apache-2.0 */
#include "test/unit/fake_tasks.h"

#include "kernel/arch/cpu.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/thread.h"
#include "kernel/task/signal.h"
#include "kernel/task/task_list.h"
#include "lib/base/list.h"
#include "test/unit/fake_kernel.h"

struct task fake_tasks[FAKE_TASKS];
struct spinlock tasks_lock = SPINLOCK_INIT(LOCK_RANK_SIGNAL);
struct list tasks = LIST_INIT(tasks);

void fake_tasks_init(u32 count)
{
    list_init(&tasks);
    for (u32 i = 0; i < count; i++) {
        struct task *task = &fake_tasks[i];

        task->tid = i + 1;
        task->thread.user = task;
        signal_task_init(task, NULL);
        list_push_back(&tasks, &task->link);
    }
    fake_task_switch(0);
}

void fake_task_switch(u32 index)
{
    (void)fake_thread_switch(&fake_tasks[index].thread);
}

bool task_visit(u32 tid, void (*visit)(void *arg, struct task *task), void *arg)
{
    if (tid == 0 || tid > FAKE_TASKS || !fake_tasks[tid - 1].thread.user)
        return false;
    visit(arg, &fake_tasks[tid - 1]);
    return true;
}

void task_for_each(bool (*visit)(void *arg, struct task *task), void *arg)
{
    struct list *node;

    LIST_FOR_EACH (&tasks, node) {
        if (!visit(arg, task_of(node)))
            return;
    }
}

u64 task_runtime_ns(void)
{
    return fake_tasks[0].thread.runtime_ns;
}

bool task_interrupted(void)
{
    return (thread_current()->work & (THREAD_WORK_SIGNAL | THREAD_WORK_EXIT)) != 0;
}
