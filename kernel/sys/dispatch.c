/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/sys/dispatch.h"

#include "abi/linux/errors.h"
#include "abi/linux/nr_x86_64.h"
#include "kernel/arch/context.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/upcall.h"
#include "kernel/core/log.h"
#include "kernel/debug/trace.h"
#include "kernel/task/signal.h"
#include "kernel/task/task.h"
#include "lib/base/types.h"

#include <stdatomic.h>

typedef long syscall_fn(const struct user_regs *regs);

/*
 * One thunk a call. It narrows each register to the type the call declares, which is what Linux
 * does: an `int` argument may arrive with junk in its upper half.
 */
#define SYSCALL0(name, support)                            \
    static long thunk_##name(const struct user_regs *regs) \
    {                                                      \
        (void)regs;                                        \
        return sys_##name();                               \
    }
#define SYSCALL1(name, support, t0, a0)                    \
    static long thunk_##name(const struct user_regs *regs) \
    {                                                      \
        return sys_##name((t0)regs_argument(regs, 0));     \
    }
#define SYSCALL2(name, support, t0, a0, t1, a1)                                    \
    static long thunk_##name(const struct user_regs *regs)                         \
    {                                                                              \
        return sys_##name((t0)regs_argument(regs, 0), (t1)regs_argument(regs, 1)); \
    }
#define SYSCALL3(name, support, t0, a0, t1, a1, t2, a2)                           \
    static long thunk_##name(const struct user_regs *regs)                        \
    {                                                                             \
        return sys_##name((t0)regs_argument(regs, 0), (t1)regs_argument(regs, 1), \
                          (t2)regs_argument(regs, 2));                            \
    }
#define SYSCALL4(name, support, t0, a0, t1, a1, t2, a2, t3, a3)                    \
    static long thunk_##name(const struct user_regs *regs)                         \
    {                                                                              \
        return sys_##name((t0)regs_argument(regs, 0), (t1)regs_argument(regs, 1),  \
                          (t2)regs_argument(regs, 2), (t3)regs_argument(regs, 3)); \
    }
#define SYSCALL5(name, support, t0, a0, t1, a1, t2, a2, t3, a3, t4, a4)           \
    static long thunk_##name(const struct user_regs *regs)                        \
    {                                                                             \
        return sys_##name((t0)regs_argument(regs, 0), (t1)regs_argument(regs, 1), \
                          (t2)regs_argument(regs, 2), (t3)regs_argument(regs, 3), \
                          (t4)regs_argument(regs, 4));                            \
    }
#define SYSCALL6(name, support, t0, a0, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5)    \
    static long thunk_##name(const struct user_regs *regs)                         \
    {                                                                              \
        return sys_##name((t0)regs_argument(regs, 0), (t1)regs_argument(regs, 1),  \
                          (t2)regs_argument(regs, 2), (t3)regs_argument(regs, 3),  \
                          (t4)regs_argument(regs, 4), (t5)regs_argument(regs, 5)); \
    }
#include "kernel/sys/syscalls.def"

#define SYSCALL0(name, ...) [NR_##name] = thunk_##name,
#define SYSCALL1(name, ...) [NR_##name] = thunk_##name,
#define SYSCALL2(name, ...) [NR_##name] = thunk_##name,
#define SYSCALL3(name, ...) [NR_##name] = thunk_##name,
#define SYSCALL4(name, ...) [NR_##name] = thunk_##name,
#define SYSCALL5(name, ...) [NR_##name] = thunk_##name,
#define SYSCALL6(name, ...) [NR_##name] = thunk_##name,
static syscall_fn *const table[NR_COUNT] = {
#include "kernel/sys/syscalls.def"
};

/* The trace has a list of its own of what the arguments mean: it agrees on how many there are. */
#define PICK(z, a, b, c, d, e, f, n, ...) n
#define COUNT(...)                        PICK(0, ##__VA_ARGS__, 6, 5, 4, 3, 2, 1, 0)
enum {
#define TRACE(name, result, ...) TRACED_##name = COUNT(__VA_ARGS__),
#include "kernel/debug/trace_calls.def"
#undef TRACE
};
#define AGREE(name, count)  static_assert(TRACED_##name == (count), #name " in trace_calls.def");
#define SYSCALL0(name, ...) AGREE(name, 0)
#define SYSCALL1(name, ...) AGREE(name, 1)
#define SYSCALL2(name, ...) AGREE(name, 2)
#define SYSCALL3(name, ...) AGREE(name, 3)
#define SYSCALL4(name, ...) AGREE(name, 4)
#define SYSCALL5(name, ...) AGREE(name, 5)
#define SYSCALL6(name, ...) AGREE(name, 6)
#include "kernel/sys/syscalls.def"

/* [atomic] Which missing calls the log has named. Relaxed: it orders nothing else. */
static atomic_bool missed[NR_COUNT];

/* Numbers that Linux itself does not use are refused without a word. */
static long syscall_missing(u64 nr)
{
    if (!trace_call_name(nr))
        return -ENOSYS;

    if (!atomic_exchange_explicit(&missed[nr], true, memory_order_relaxed))
        log_warn("syscall: this kernel has no %s(), the program gets ENOSYS", trace_call_name(nr));
    return -ENOSYS;
}

long syscall_dispatch(u64 nr, const struct user_regs *regs)
{
    syscall_fn *fn = nr < NR_COUNT ? table[index_clamp(nr, NR_COUNT)] : NULL;

    return fn ? fn(regs) : syscall_missing(nr);
}

static bool has_others(void)
{
    return task_count() > 1;
}

/* The same, watched. */
static __attribute__((noinline)) long dispatch_traced(u64 nr, const struct user_regs *regs)
{
    struct trace_call *call;
    u64 args[6];
    long result;

    for (u32 i = 0; i < ARRAY_COUNT(args); i++)
        args[i] = regs_argument(regs, i);
    call = trace_enter(task_current()->tid, has_others(), nr, args);
    result = syscall_dispatch(nr, regs);
    trace_leave(call, has_others(), result);
    return result;
}

void upcall_syscall(struct user_regs *regs)
{
    u64 nr = regs_syscall_nr(regs);
    long result;

    if (__builtin_expect(trace_active, 0)) {
        result = dispatch_traced(nr, regs);
    } else {
        result = syscall_dispatch(nr, regs);
    }

    /* What rt_sigreturn gives back may look like a code of ours: it clears the number. */
    if (__builtin_expect(signal_is_restart(result), 0) && regs_syscall_nr(regs) == nr) {
        signal_interrupted(nr, result);
        result = -EINTR;
    }
    regs_set_result(regs, result);
}
