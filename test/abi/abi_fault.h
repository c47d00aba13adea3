/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Catches the fault that a piece of code causes, and keeps its siginfo and registers. */

/* IWYU pragma: begin_exports */
#include "test/abi/abi.h"

#include <setjmp.h>
#include <signal.h>
#include <ucontext.h>
/* IWYU pragma: end_exports */

static sigjmp_buf fault_back;
static siginfo_t fault_info;
static greg_t fault_rip;
static greg_t fault_trap;
static greg_t fault_cr2;

static void fault_handler(int sig, siginfo_t *info, void *context)
{
    const ucontext_t *uc = context;

    fault_info = *info;
    fault_info.si_signo = sig;
    fault_rip = uc->uc_mcontext.gregs[REG_RIP];
    fault_trap = uc->uc_mcontext.gregs[REG_TRAPNO];
    fault_cr2 = uc->uc_mcontext.gregs[REG_CR2];
    siglongjmp(fault_back, 1);
}

static inline void fault_catch(int sig)
{
    struct sigaction action = { .sa_sigaction = fault_handler, .sa_flags = SA_SIGINFO };

    EXPECT_EQ(sigaction(sig, &action, NULL), 0);
}

/* The signal that `statement` caused, or 0. */
#define FAULT_OF(statement)                  \
    __extension__({                          \
        fault_info.si_signo = 0;             \
        if (sigsetjmp(fault_back, 1) == 0) { \
            statement;                       \
        }                                    \
        fault_info.si_signo;                 \
    })

#define EXPECT_FAULT(statement, signal, code, address)     \
    do {                                                   \
        EXPECT_EQ(FAULT_OF(statement), signal);            \
        EXPECT_EQ(fault_info.si_code, code);               \
        EXPECT_EQ((uintptr_t)fault_info.si_addr, address); \
    } while (0)
