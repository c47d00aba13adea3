/* SPDX-License-Identifier: Apache-2.0 */
/* The program's threads: their numbers, their list. */
#include "kernel/task/task.h"

#include "kernel/arch/context.h"
#include "kernel/core/clock.h"
#include "kernel/core/spinlock.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/task/exit.h"
#include "kernel/task/signal_internal.h"
#include "kernel/task/task_list.h"

struct spinlock tasks_lock = SPINLOCK_INIT(LOCK_RANK_SIGNAL);
struct list tasks = LIST_INIT(tasks);

static u32 count;        /* [atomic] Tasks in the list; written under the lock. */
static u32 created;      /* [atomic] Those that have a number. */
static u32 last_tid;     /* Under the lock. */
static u64 gone_runtime; /* CPU time of those that have ended. Under the lock. */

static bool tid_is_used(u32 tid)
{
    struct list *node;

    LIST_FOR_EACH (&tasks, node) {
        if (task_of(node)->tid == tid)
            return true;
    }
    return false;
}

/* Numbers are not used again soon: a tgkill() for a thread that is gone should not hit another. */
static u32 tid_next(void)
{
    static bool wrapped;
    u32 tid;

    spin_lock(&tasks_lock);
    do {
        last_tid++;
        if (last_tid > TASKS_MAX * 8) {
            last_tid = PROGRAM_PID + 1;
            wrapped = true;
        }
        tid = last_tid;
    } while (wrapped && tid_is_used(tid));
    spin_unlock(&tasks_lock);
    return tid;
}

static void task_entry(void *arg)
{
    context_enter_user(thread_user_regs(arg));
}

static void task_free(struct task *task)
{
    context_user_fini(&task->thread.context);
    stack_free(task->thread.stack, THREAD_STACK_SIZE);
    heap_free(task);
    __atomic_fetch_sub(&created, 1, __ATOMIC_RELAXED);
}

struct task *task_create(const char *name, const struct user_regs *regs)
{
    struct task *task;
    u8 *stack;

    if (__atomic_fetch_add(&created, 1, __ATOMIC_RELAXED) >= TASKS_MAX)
        goto uncount;
    task = heap_alloc_zero(sizeof(*task));
    if (!task)
        goto uncount;
    stack = stack_alloc(THREAD_STACK_SIZE);
    if (!stack)
        goto free_task;

    thread_init(&task->thread, name, stack, task_entry, &task->thread);
    task->thread.user = task;
    if (context_user_init(&task->thread.context) < 0)
        goto free_stack;
    *thread_user_regs(&task->thread) = *regs;
    task->tid = tid_next();
    task->start_ns = clock_now_ns();
    list_init(&task->link);
    signal_task_init(task, thread_current()->user);
    return task;

free_stack:
    stack_free(stack, THREAD_STACK_SIZE);
free_task:
    heap_free(task);
uncount:
    __atomic_fetch_sub(&created, 1, __ATOMIC_RELAXED);
    return NULL;
}

void task_destroy(struct task *task)
{
    signal_task_fini(task);
    task_free(task);
}

bool task_start(struct task *task)
{
    bool ending;

    spin_lock(&tasks_lock);
    ending = program_is_ending(); /* Else program_exit() finds it in the list. */
    if (!ending) {
        list_push_back(&tasks, &task->link);
        if (__atomic_add_fetch(&count, 1, __ATOMIC_RELAXED) == 1)
            signal_retarget_locked(); /* To the first what came before it. */
    }
    spin_unlock(&tasks_lock);

    if (!ending)
        thread_start(&task->thread);
    return !ending;
}

u32 task_remove(struct task *task)
{
    u32 left;

    spin_lock(&tasks_lock);
    list_remove(&task->link);
    gone_runtime += sched_runtime_ns(&task->thread);
    left = __atomic_sub_fetch(&count, 1, __ATOMIC_RELAXED);
    spin_unlock(&tasks_lock);
    return left;
}

void task_released(struct thread *thread)
{
    task_free(thread->user);
}

bool task_visit(u32 tid, void (*visit)(void *arg, struct task *task), void *arg)
{
    struct list *node;
    bool found = false;

    spin_lock(&tasks_lock);
    LIST_FOR_EACH (&tasks, node) {
        if (task_of(node)->tid == tid) {
            visit(arg, task_of(node));
            found = true;
            break;
        }
    }
    spin_unlock(&tasks_lock);
    return found;
}

void task_for_each(bool (*visit)(void *arg, struct task *task), void *arg)
{
    struct list *node;

    spin_lock(&tasks_lock);
    LIST_FOR_EACH (&tasks, node) {
        if (!visit(arg, task_of(node)))
            break;
    }
    spin_unlock(&tasks_lock);
}

u32 task_count(void)
{
    return __atomic_load_n(&count, __ATOMIC_RELAXED);
}

u64 task_runtime_ns(void)
{
    struct list *node;
    u64 sum;

    spin_lock(&tasks_lock);
    sum = gone_runtime;
    LIST_FOR_EACH (&tasks, node)
        sum += sched_runtime_ns(&task_of(node)->thread);
    spin_unlock(&tasks_lock);
    return sum;
}

bool task_interrupted(void)
{
    u32 work = __atomic_load_n(&thread_current()->work, __ATOMIC_RELAXED);

    return (work & (THREAD_WORK_SIGNAL | THREAD_WORK_EXIT)) != 0;
}
