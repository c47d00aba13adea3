/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * System call entry: from registers to a C function and back.
 *
 * A handler is a plain function, `long sys_<name>(...)`, with the types its caller used. It returns
 * the result, or a negated error number; one that a signal interrupted may return the restart codes
 * of kernel/task/signal.h. Its prototype comes from its line in syscalls.def, so a handler that
 * disagrees with the table does not compile.
 */

#include "kernel/arch/context.h"
#include "lib/base/types.h"

/*
 * Runs system call `nr` with the arguments in `regs`. Returns the result: -ENOSYS for a call we
 * lack, which is named in the log the first time the program tries it.
 */
long syscall_dispatch(u64 nr, const struct user_regs *regs);

#define SYSCALL0(name, support)                         long sys_##name(void);
#define SYSCALL1(name, support, t0, a0)                 long sys_##name(t0 a0);
#define SYSCALL2(name, support, t0, a0, t1, a1)         long sys_##name(t0 a0, t1 a1);
#define SYSCALL3(name, support, t0, a0, t1, a1, t2, a2) long sys_##name(t0 a0, t1 a1, t2 a2);
#define SYSCALL4(name, support, t0, a0, t1, a1, t2, a2, t3, a3) \
    long sys_##name(t0 a0, t1 a1, t2 a2, t3 a3);
#define SYSCALL5(name, support, t0, a0, t1, a1, t2, a2, t3, a3, t4, a4) \
    long sys_##name(t0 a0, t1 a1, t2 a2, t3 a3, t4 a4);
#define SYSCALL6(name, support, t0, a0, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5) \
    long sys_##name(t0 a0, t1 a1, t2 a2, t3 a3, t4 a4, t5 a5);
#include "kernel/sys/syscalls.def"
