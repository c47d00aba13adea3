/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The program's registers for unit tests: named for what they mean. */

#include "lib/base/types.h"

struct arch_context {
    void *machine; /* The fake's own. */
    void (*entry)(void *arg);
    void *arg;
    u64 thread_pointer;
};

struct user_regs {
    u64 nr;
    u64 argument[6];
    u64 result;
    u64 ip;
    u64 sp;
    u64 flags;
};

static inline u64 regs_syscall_nr(const struct user_regs *regs)
{
    return regs->nr;
}

static inline u64 regs_argument(const struct user_regs *regs, u32 index)
{
    return regs->argument[index];
}

static inline void regs_set_result(struct user_regs *regs, long result)
{
    regs->result = (u64)result;
}

static inline long regs_result(const struct user_regs *regs)
{
    return (long)regs->result;
}

/* One "instruction" back, with the number where the result would be. */
static inline void regs_restart_syscall(struct user_regs *regs, u64 nr)
{
    regs->result = nr;
    regs->ip -= 2;
}

static inline u64 regs_frame_pointer(const struct user_regs *regs)
{
    (void)regs;
    return 0;
}

static inline u64 regs_ip(const struct user_regs *regs)
{
    return regs->ip;
}

static inline u64 regs_sp(const struct user_regs *regs)
{
    return regs->sp;
}

static inline void regs_set_ip(struct user_regs *regs, u64 ip)
{
    regs->ip = ip;
}

static inline void regs_set_sp(struct user_regs *regs, u64 sp)
{
    regs->sp = sp;
}
