/* SPDX-License-Identifier: Apache-2.0 */
/* The scheduler, as the program may steer it: CPUs, priorities, barriers. */
#include "abi/linux/sched.h"
#include "abi/linux/errors.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/clock.h"
#include "kernel/core/thread.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sys/dispatch.h"
#include "kernel/sys/timespec.h"
#include "kernel/task/task.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    PRIORITY_MIN = 1, /* Of the real-time policies. */
    PRIORITY_MAX = 99,
    SCHED_ATTR_SIZE_MIN = 48, /* SCHED_ATTR_SIZE_VER0 */
};

long sys_sched_yield(void)
{
    thread_yield();
    return 0;
}

/* Runs `visit` on the thread a call names; 0 is the caller. */
static int thread_visit(int tid, void (*visit)(void *arg, struct task *task), void *arg)
{
    if (tid < 0)
        return -EINVAL;
    return task_visit(tid == 0 ? task_current()->tid : (u32)tid, visit, arg) ? 0 : -ESRCH;
}

static void do_nothing(void *arg, struct task *task)
{
    (void)arg;
    (void)task;
}

static cpu_mask_t all_cpus(void)
{
    u32 count = cpu_count();

    return count >= 64 ? UINT64_MAX : (1ull << count) - 1;
}

struct affinity {
    cpu_mask_t mask;
    int err;
};

static void affinity_set(void *arg, struct task *task)
{
    struct affinity *affinity = arg;

    affinity->err = sched_set_affinity(&task->thread, affinity->mask);
}

static void affinity_get(void *arg, struct task *task)
{
    *(cpu_mask_t *)arg = task->thread.affinity;
}

long sys_sched_setaffinity(int tid, u32 size, uaddr_t mask_at)
{
    struct affinity affinity = { 0 };
    int err = copy_in(&affinity.mask, mask_at, u32_min(size, sizeof(affinity.mask)));

    if (err < 0)
        return err;
    affinity.mask &= all_cpus();
    if (affinity.mask == 0)
        return -EINVAL;
    if (tid == 0 || (u32)tid == task_current()->tid) /* It may have to move, which sleeps. */
        return sched_set_affinity(thread_current(), affinity.mask);
    err = thread_visit(tid, affinity_set, &affinity);
    return err < 0 ? err : affinity.err;
}

long sys_sched_getaffinity(int tid, u32 size, uaddr_t mask_at)
{
    cpu_mask_t mask;
    int err;

    if (size < sizeof(mask) || size % sizeof(u64) != 0)
        return -EINVAL;
    err = thread_visit(tid, affinity_get, &mask);
    if (err < 0)
        return err;
    mask &= all_cpus();
    err = copy_out(mask_at, &mask, sizeof(mask));
    return err < 0 ? err : (long)sizeof(mask);
}

static bool is_real_time(int policy)
{
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool is_fair(int policy)
{
    return policy == SCHED_OTHER || policy == SCHED_BATCH || policy == SCHED_IDLE;
}

/* What the one policy we have makes of a wish for another. */
static int policy_check(int policy, int priority)
{
    if (is_fair(policy))
        return priority == 0 ? 0 : -EINVAL;
    if (!is_real_time(policy))
        return -EINVAL;
    return priority >= PRIORITY_MIN && priority <= PRIORITY_MAX ? -EPERM : -EINVAL;
}

long sys_sched_setscheduler(int tid, int policy, uaddr_t param)
{
    s32 priority;
    int err;

    if (policy < 0 || param == 0)
        return -EINVAL;
    err = copy_in(&priority, param, sizeof(priority));
    if (err == 0)
        err = thread_visit(tid, do_nothing, NULL);
    return err < 0 ? err : policy_check(policy & ~SCHED_RESET_ON_FORK, priority);
}

long sys_sched_getscheduler(int tid)
{
    int err = thread_visit(tid, do_nothing, NULL);

    return err < 0 ? err : SCHED_OTHER;
}

long sys_sched_setparam(int tid, uaddr_t param)
{
    return sys_sched_setscheduler(tid, SCHED_OTHER, param);
}

long sys_sched_getparam(int tid, uaddr_t param)
{
    s32 priority = 0;
    int err;

    if (param == 0)
        return -EINVAL;
    err = thread_visit(tid, do_nothing, NULL);
    return err < 0 ? err : copy_out(param, &priority, sizeof(priority));
}

long sys_sched_get_priority_max(int policy)
{
    if (is_real_time(policy))
        return PRIORITY_MAX;
    return is_fair(policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

long sys_sched_get_priority_min(int policy)
{
    if (is_real_time(policy))
        return PRIORITY_MIN;
    return is_fair(policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

long sys_sched_rr_get_interval(int tid, uaddr_t interval)
{
    int err = thread_visit(tid, do_nothing, NULL);

    return err < 0 ? err : timespec_copy_out(interval, 3 * NS_PER_MS);
}

static void nice_set(void *arg, struct task *task)
{
    sched_set_nice(&task->thread, *(const s32 *)arg);
}

static void nice_get(void *arg, struct task *task)
{
    *(s32 *)arg = task->thread.nice;
}

long sys_sched_setattr(int tid, uaddr_t attr_at, u32 flags)
{
    struct abi_sched_attr attr;
    u32 size;
    int err;

    if (attr_at == 0 || flags != 0)
        return -EINVAL;
    err = copy_in(&size, attr_at, sizeof(size));
    if (err < 0)
        return err;
    if (size == 0)
        size = SCHED_ATTR_SIZE_MIN;
    if (size < SCHED_ATTR_SIZE_MIN || size > 4096)
        return -E2BIG;
    mem_zero(&attr, sizeof(attr));
    err = copy_in(&attr, attr_at, size_min(size, sizeof(attr)));
    if (err == 0)
        err = policy_check((int)attr.policy, (int)attr.priority);
    if (err == 0 && (attr.nice < -20 || attr.nice > 19))
        err = -EINVAL;
    return err == 0 ? thread_visit(tid, nice_set, &attr.nice) : err;
}

long sys_sched_getattr(int tid, uaddr_t attr_at, u32 size, u32 flags)
{
    struct abi_sched_attr attr;
    int err;

    if (attr_at == 0 || flags != 0 || size < SCHED_ATTR_SIZE_MIN || size > 4096)
        return -EINVAL;
    mem_zero(&attr, sizeof(attr));
    attr.size = SCHED_ATTR_SIZE_MIN;
    attr.policy = SCHED_OTHER;
    err = thread_visit(tid, nice_get, &attr.nice);
    return err < 0 ? err : copy_out(attr_at, &attr, SCHED_ATTR_SIZE_MIN);
}

long sys_getcpu(uaddr_t cpu_at, uaddr_t node_at, uaddr_t unused)
{
    u32 cpu = cpu_id();
    u32 node = 0;
    int err = 0;

    (void)unused;
    if (cpu_at != 0)
        err = copy_out(cpu_at, &cpu, sizeof(cpu));
    if (err == 0 && node_at != 0)
        err = copy_out(node_at, &node, sizeof(node));
    return err;
}

enum membarrier_command {
    MEMBARRIER_QUERY = 0,
    MEMBARRIER_GLOBAL = 1 << 0,
    MEMBARRIER_GLOBAL_EXPEDITED = 1 << 1,
    MEMBARRIER_REGISTER_GLOBAL_EXPEDITED = 1 << 2,
    MEMBARRIER_PRIVATE_EXPEDITED = 1 << 3,
    MEMBARRIER_REGISTER_PRIVATE_EXPEDITED = 1 << 4,
    MEMBARRIER_PRIVATE_EXPEDITED_SYNC_CORE = 1 << 5,
    MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE = 1 << 6,
};

/*
 * A flush interrupts every other CPU and waits for each: an interrupt is the barrier, and its
 * return serialises the instruction stream. Page 0 is never mapped; what is flushed does not
 * matter.
 */
static void cpus_serialize(void)
{
    memory_barrier();
    tlb_flush(0, PAGE_SIZE);
    memory_barrier();
}

/* [atomic] Which expedited commands the program has registered for. */
static u32 membarrier_registered;

static long membarrier_private(u32 command)
{
    u32 registered = __atomic_load_n(&membarrier_registered, __ATOMIC_RELAXED);

    if ((registered & command << 1) == 0)
        return -EPERM;
    cpus_serialize();
    return 0;
}

long sys_membarrier(int command, u32 flags, int cpu)
{
    (void)cpu;
    if (flags != 0)
        return -EINVAL;
    switch (command) {
    case MEMBARRIER_QUERY:
        return MEMBARRIER_GLOBAL | MEMBARRIER_GLOBAL_EXPEDITED |
               MEMBARRIER_REGISTER_GLOBAL_EXPEDITED | MEMBARRIER_PRIVATE_EXPEDITED |
               MEMBARRIER_REGISTER_PRIVATE_EXPEDITED | MEMBARRIER_PRIVATE_EXPEDITED_SYNC_CORE |
               MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;
    case MEMBARRIER_GLOBAL:
    case MEMBARRIER_GLOBAL_EXPEDITED:
        cpus_serialize();
        return 0;
    case MEMBARRIER_REGISTER_GLOBAL_EXPEDITED:
    case MEMBARRIER_REGISTER_PRIVATE_EXPEDITED:
    case MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
        __atomic_fetch_or(&membarrier_registered, (u32)command, __ATOMIC_RELAXED);
        return 0;
    case MEMBARRIER_PRIVATE_EXPEDITED:
    case MEMBARRIER_PRIVATE_EXPEDITED_SYNC_CORE:
        return membarrier_private((u32)command);
    default:
        return -EINVAL;
    }
}

enum {
    PRIO_PROCESS = 0,
    PRIO_USER = 2,
    NICE_BIAS = 20, /* getpriority() returns 20 - nice, so that it is not negative. */
};

/* Only the calling process exists; its nice value is that of each thread. */
static int priority_check(int which, int who)
{
    if (which < PRIO_PROCESS || which > PRIO_USER)
        return -EINVAL;
    if (which != PRIO_PROCESS)
        return who == 0 || who == PROGRAM_PID ? 0 : -ESRCH;
    return thread_visit(who, do_nothing, NULL) < 0 ? -ESRCH : 0;
}

long sys_getpriority(int which, int who)
{
    s32 nice = task_current()->thread.nice;
    int err = priority_check(which, who);

    if (err == 0 && which == PRIO_PROCESS)
        err = thread_visit(who, nice_get, &nice);
    return err < 0 ? err : NICE_BIAS - nice;
}

long sys_setpriority(int which, int who, int nice)
{
    s32 value = nice < -20 ? -20 : nice > 19 ? 19 : nice;
    int err = priority_check(which, who);

    if (err < 0)
        return err;
    return thread_visit(which == PRIO_PROCESS ? who : 0, nice_set, &value);
}

enum {
    IOPRIO_WHO_PROCESS = 1,
    IOPRIO_WHO_USER = 3,
    IOPRIO_DEFAULT = 2 << 13 | 4, /* Best effort, level 4. */
};

long sys_ioprio_get(int which, int who)
{
    (void)who;
    return which >= IOPRIO_WHO_PROCESS && which <= IOPRIO_WHO_USER ? IOPRIO_DEFAULT : -EINVAL;
}

long sys_ioprio_set(int which, int who, int priority)
{
    (void)who;
    if (which < IOPRIO_WHO_PROCESS || which > IOPRIO_WHO_USER || priority < 0 || priority >> 13 > 3)
        return -EINVAL;
    return 0;
}
