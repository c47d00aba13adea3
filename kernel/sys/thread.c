/* SPDX-License-Identifier: Apache-2.0 */
/* Threads: how they begin and end, and what they wait on. */
#include "abi/linux/errors.h"
#include "abi/linux/futex.h"
#include "abi/linux/sched.h"
#include "abi/linux/signal.h"
#include "abi/linux/time.h"
#include "kernel/arch/context.h"
#include "kernel/core/clock.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sys/dispatch.h"
#include "kernel/sys/timespec.h"
#include "kernel/task/clone.h"
#include "kernel/task/futex.h"
#include "kernel/task/signal.h"
#include "kernel/task/task.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"

enum {
    CLONE_ARGS_SIZE_MIN = 64, /* The first version of the struct. */
    CLONE_ARGS_SIZE_MAX = 4096,
    ARCH_SET_GS = 0x1001,
    ARCH_SET_FS = 0x1002,
    ARCH_GET_FS = 0x1003,
    ARCH_GET_GS = 0x1004,
};

long sys_clone(u64 flags, uaddr_t stack, uaddr_t parent_tid, uaddr_t child_tid, u64 tls)
{
    struct clone_request request = {
        .flags = flags & ~CSIGNAL & UINT32_MAX,
        .stack = stack,
        .parent_tid = parent_tid,
        .child_tid = child_tid,
        .tls = tls,
    };

    return task_clone(&request);
}

/* A struct that may be longer than ours, if what we do not know is zero. */
static int args_copy_in(struct abi_clone_args *args, uaddr_t from, size_t size)
{
    u8 byte;
    int err;

    if (size > CLONE_ARGS_SIZE_MAX)
        return -E2BIG;
    if (size < CLONE_ARGS_SIZE_MIN)
        return -EINVAL;
    mem_zero(args, sizeof(*args));
    err = copy_in(args, from, size < sizeof(*args) ? size : sizeof(*args));
    for (size_t i = sizeof(*args); i < size && err == 0; i++) {
        err = copy_in(&byte, from + i, 1);
        if (err == 0 && byte != 0)
            err = -E2BIG;
    }
    return err;
}

static int args_check(const struct abi_clone_args *args)
{
    u64 known = UINT32_MAX | CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP;

    if (args->flags & (CSIGNAL | CLONE_DETACHED | ~known))
        return -EINVAL;
    if (args->exit_signal > SIGNALS || (args->exit_signal != 0 && args->flags & CLONE_THREAD))
        return -EINVAL;
    if ((args->stack == 0) != (args->stack_size == 0) || args->set_tid_size != 0)
        return -EINVAL;
    if (args->stack != 0 && !user_range_ok(args->stack, args->stack_size))
        return -EINVAL;
    return 0;
}

long sys_clone3(uaddr_t address, size_t size)
{
    struct abi_clone_args args;
    struct clone_request request;
    int err = args_copy_in(&args, address, size);

    if (err == 0)
        err = args_check(&args);
    if (err < 0)
        return err;
    request = (struct clone_request){
        .flags = args.flags,
        .stack = args.stack + args.stack_size,
        .parent_tid = args.parent_tid,
        .child_tid = args.child_tid,
        .tls = args.tls,
    };
    return task_clone(&request);
}

long sys_exit(int status)
{
    task_exit(status & 0xff);
}

long sys_exit_group(int status)
{
    program_exit(status & 0xff);
}

long sys_gettid(void)
{
    return task_current()->tid;
}

long sys_set_tid_address(uaddr_t address)
{
    task_current()->clear_child_tid = address;
    return task_current()->tid;
}

long sys_set_robust_list(uaddr_t list, size_t size)
{
    if (size != sizeof(struct abi_robust_list))
        return -EINVAL;
    task_current()->robust_list = list;
    return 0;
}

static void robust_list_get(void *arg, struct task *task)
{
    *(u64 *)arg = task->robust_list;
}

long sys_get_robust_list(int tid, uaddr_t list, uaddr_t size)
{
    u64 length = sizeof(struct abi_robust_list);
    u64 head = task_current()->robust_list;
    int err;

    if (tid != 0 && !task_visit((u32)tid, robust_list_get, &head))
        return -ESRCH;
    err = copy_out(size, &length, sizeof(length));
    return err < 0 ? err : copy_out(list, &head, sizeof(head));
}

/* Goes on waiting with the deadline it had. */
static long futex_resume(const u64 *words)
{
    long result = futex_wait(words[0], (u32)words[1], (u32)words[2], words[3] != 0, words[4]);

    return result == -EINTR ? signal_restart_block(futex_resume, words) : result;
}

static long futex_wait_call(uaddr_t address, u32 value, u32 bitset, bool shared, u64 deadline)
{
    u64 words[RESTART_WORDS] = { address, value, bitset, shared, deadline };
    long result;

    if (bitset == 0)
        return -EINVAL;
    result = futex_wait(address, value, bitset, shared, deadline);
    if (result != -EINTR)
        return result;
    return deadline == DEADLINE_NONE ? -ERESTARTSYS : signal_restart_block(futex_resume, words);
}

/* FUTEX_WAIT has a duration, FUTEX_WAIT_BITSET a moment. */
static int futex_deadline(int op, uaddr_t timeout, u64 *deadline)
{
    struct abi_timespec time;
    int err;

    *deadline = DEADLINE_NONE;
    if (timeout == 0)
        return 0;
    err = timespec_copy_in(&time, timeout);
    if (err < 0)
        return err;
    if ((op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)) == FUTEX_WAIT) {
        *deadline = clock_deadline(timespec_to_ns(&time));
    } else {
        *deadline = timespec_deadline(&time, (op & FUTEX_CLOCK_REALTIME) != 0);
    }
    return 0;
}

static long futex_requeue_call(uaddr_t from, uaddr_t to, u32 wake, u64 move, bool shared,
                               const u32 *expected)
{
    struct futex_requeue request = {
        .from = from,
        .to = to,
        .wake_count = wake,
        .move_count = (u32)move,
        .shared = shared,
        .compares = expected != NULL,
        .expected = expected ? *expected : 0,
    };

    if ((s32)wake < 0 || (s32)move < 0)
        return -EINVAL;
    return futex_requeue(&request);
}

/* FUTEX_WAKE with a count of 0 or less wakes one, as on Linux. */
static u32 wake_count(u32 count)
{
    return (s32)count < 1 ? 1 : count;
}

long sys_futex(uaddr_t address, int op, u32 value, uaddr_t timeout, uaddr_t second, u32 third)
{
    int command = op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
    bool shared = (op & FUTEX_PRIVATE_FLAG) == 0;
    u64 deadline;
    int err;

    if (op & FUTEX_CLOCK_REALTIME && command != FUTEX_WAIT && command != FUTEX_WAIT_BITSET)
        return -ENOSYS;
    switch (command) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
        err = futex_deadline(op, timeout, &deadline);
        if (err < 0)
            return err;
        return futex_wait_call(address, value,
                               command == FUTEX_WAIT ? FUTEX_BITSET_MATCH_ANY : third, shared,
                               deadline);
    case FUTEX_WAKE:
        return futex_wake(address, wake_count(value), FUTEX_BITSET_MATCH_ANY, shared);
    case FUTEX_WAKE_BITSET:
        return third == 0 ? -EINVAL : futex_wake(address, wake_count(value), third, shared);
    case FUTEX_REQUEUE:
        return futex_requeue_call(address, second, value, timeout, shared, NULL);
    case FUTEX_CMP_REQUEUE:
        return futex_requeue_call(address, second, value, timeout, shared, &third);
    case FUTEX_WAKE_OP:
        return futex_wake_op(address, second, value, (u32)timeout, third, shared);
    default:
        return -ENOSYS;
    }
}

long sys_arch_prctl(int command, u64 address)
{
    u64 base;

    switch (command) {
    case ARCH_SET_FS:
        if (!user_range_ok(address, 1))
            return -EPERM;
        context_set_thread_pointer(address);
        return 0;
    case ARCH_GET_FS:
        base = context_thread_pointer();
        return copy_out(address, &base, sizeof(base));
    case ARCH_SET_GS:
        if (!user_range_ok(address, 1))
            return -EPERM;
        context_set_segment_base(address);
        return 0;
    case ARCH_GET_GS:
        base = context_segment_base();
        return copy_out(address, &base, sizeof(base));
    default:
        return -EINVAL;
    }
}

/*
 * rseq(2): not here. Refusing is clean: libraries fall back to atomics and getcpu(), which the vDSO
 * answers.
 */
long sys_rseq(uaddr_t area, u32 size, int flags, u32 signature)
{
    (void)area;
    (void)size;
    (void)flags;
    (void)signature;
    return -ENOSYS;
}
