/* SPDX-License-Identifier: Apache-2.0 */
/* From raw registers to a handler, and to a clear answer where there is none. */
#include "kernel/sys/dispatch.h"

#include "abi/linux/errors.h"
#include "abi/linux/nr_x86_64.h"
#include "kernel/arch/upcall.h"
#include "kernel/core/thread.h"
#include "kernel/debug/trace.h"
#include "kernel/task/signal.h"
#include "kernel/task/task.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#include <string.h>

/* Every handler there is, each noting who was called with what. */
static const char *called;
static long result;
static long long arguments[6];

static long note(const char *name, const long long *values)
{
    called = name;
    memcpy(arguments, values, sizeof(arguments));
    return result;
}

#define NOTE(name, ...) return note(#name, (const long long[6]){ __VA_ARGS__ });
#define SYSCALL0(name, support) \
    long sys_##name(void)       \
    {                           \
        NOTE(name, 0)           \
    }
#define SYSCALL1(name, support, t0, a0) \
    long sys_##name(t0 a0)              \
    {                                   \
        NOTE(name, (long long)(a0))     \
    }
#define SYSCALL2(name, support, t0, a0, t1, a1)      \
    long sys_##name(t0 a0, t1 a1)                    \
    {                                                \
        NOTE(name, (long long)(a0), (long long)(a1)) \
    }
#define SYSCALL3(name, support, t0, a0, t1, a1, t2, a2)               \
    long sys_##name(t0 a0, t1 a1, t2 a2)                              \
    {                                                                 \
        NOTE(name, (long long)(a0), (long long)(a1), (long long)(a2)) \
    }
#define SYSCALL4(name, support, t0, a0, t1, a1, t2, a2, t3, a3)                        \
    long sys_##name(t0 a0, t1 a1, t2 a2, t3 a3)                                        \
    {                                                                                  \
        NOTE(name, (long long)(a0), (long long)(a1), (long long)(a2), (long long)(a3)) \
    }
#define SYSCALL5(name, support, t0, a0, t1, a1, t2, a2, t3, a3, t4, a4)                \
    long sys_##name(t0 a0, t1 a1, t2 a2, t3 a3, t4 a4)                                 \
    {                                                                                  \
        NOTE(name, (long long)(a0), (long long)(a1), (long long)(a2), (long long)(a3), \
             (long long)(a4))                                                          \
    }
#define SYSCALL6(name, support, t0, a0, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5)        \
    long sys_##name(t0 a0, t1 a1, t2 a2, t3 a3, t4 a4, t5 a5)                          \
    {                                                                                  \
        NOTE(name, (long long)(a0), (long long)(a1), (long long)(a2), (long long)(a3), \
             (long long)(a4), (long long)(a5))                                         \
    }
#include "kernel/sys/syscalls.def"

static u64 interrupted_nr;
static long interrupted_code;

void signal_interrupted(u64 nr, long code)
{
    interrupted_nr = nr;
    interrupted_code = code;
}

static long call(u64 nr, u64 first, u64 second, u64 third)
{
    struct user_regs regs = { .nr = nr, .argument = { first, second, third, 4, 5, 6 } };

    upcall_syscall(&regs);
    return (long)regs.result;
}

TEST(dispatch, narrows_arguments_as_linux_does)
{
    result = 9;
    CHECK_EQ(call(NR_dup3, 0xdeadbeef00000003, 0xffffffff, 0), 9);
    CHECK_EQ(strcmp(called, "dup3"), 0);
    CHECK_EQ(arguments[0], 3);
    CHECK_EQ(arguments[1], -1);
}

TEST(dispatch, passes_six_arguments_in_order)
{
    CHECK_EQ(call(NR_mmap, 1, 2, 3), 0);
    CHECK_EQ(strcmp(called, "mmap"), 0);
    for (int i = 0; i < 6; i++)
        CHECK_EQ(arguments[i], i + 1);
}

TEST(dispatch, names_a_missing_call_once)
{
    CHECK_EQ(call(NR_io_uring_setup, 0, 0, 0), -ENOSYS);
    CHECK_EQ(call(NR_io_uring_setup, 0, 0, 0), -ENOSYS);
    CHECK_EQ(fake_log_lines, 1);
}

TEST(dispatch, refuses_numbers_that_linux_lacks_in_silence)
{
    static const u64 unknown[] = { NR_COUNT - 1, NR_COUNT, ~(u64)0 };

    for (size_t i = 0; i < ARRAY_COUNT(unknown); i++)
        CHECK_EQ(call(unknown[i], 0, 0, 0), -ENOSYS);
    CHECK_EQ(fake_log_lines, 0);
}

TEST(dispatch, hides_restart_codes_from_the_program)
{
    static const long codes[] = { -ERESTARTSYS, -ERESTARTNOINTR, -ERESTARTNOHAND,
                                  -ERESTART_RESTARTBLOCK };

    for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
        result = codes[i];
        CHECK_EQ(call(NR_read, 0, 0, 0), -EINTR);
        CHECK_EQ(interrupted_code, codes[i]);
        CHECK_EQ(interrupted_nr, NR_read);
    }
}

/* The trace, as far as the dispatcher knows it. */
bool trace_active;
static u64 entered;
static long left;

const char *trace_call_name(u64 nr)
{
    return nr == NR_io_uring_setup ? "io_uring_setup" : NULL;
}

struct trace_call *trace_enter(u32 tid, bool others, u64 nr, const u64 *args)
{
    CHECK_EQ(tid, 7);
    CHECK(others);
    CHECK_EQ(args[5], 6);
    entered = nr;
    return (struct trace_call *)&entered;
}

void trace_leave(struct trace_call *its_call, bool others, long its_result)
{
    CHECK(its_call == (struct trace_call *)&entered);
    CHECK(others);
    left = its_result;
}

u32 task_count(void)
{
    return 2;
}

TEST(dispatch, tells_the_trace_of_a_call_and_its_result_when_that_is_on)
{
    static struct task task = { .tid = 7 };

    task.thread.user = &task;
    (void)fake_thread_switch(&task.thread);
    result = -ERESTARTSYS;
    (void)call(NR_mmap, 1, 2, 3);
    CHECK_EQ(entered, 0);
    trace_active = true;
    CHECK_EQ(call(NR_mmap, 1, 2, 3), -EINTR);
    CHECK_EQ(entered, NR_mmap);
    CHECK_EQ(left, -ERESTARTSYS);
}
