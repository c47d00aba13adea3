/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Signals: numbers, codes and structures of Linux on x86-64 (asm-generic but for sa_restorer). */

#include "lib/base/types.h"

#define SIGHUP    1
#define SIGINT    2
#define SIGQUIT   3
#define SIGILL    4
#define SIGTRAP   5
#define SIGABRT   6
#define SIGBUS    7
#define SIGFPE    8
#define SIGKILL   9
#define SIGUSR1   10
#define SIGSEGV   11
#define SIGUSR2   12
#define SIGPIPE   13
#define SIGALRM   14
#define SIGTERM   15
#define SIGSTKFLT 16
#define SIGCHLD   17
#define SIGCONT   18
#define SIGSTOP   19
#define SIGTSTP   20
#define SIGTTIN   21
#define SIGTTOU   22
#define SIGURG    23
#define SIGXCPU   24
#define SIGXFSZ   25
#define SIGVTALRM 26
#define SIGPROF   27
#define SIGWINCH  28
#define SIGIO     29
#define SIGPWR    30
#define SIGSYS    31
#define SIGRTMIN  32 /* The kernel's; C libraries keep the first few to themselves. */

enum {
    SIGNALS = 64,        /* Numbers are 1..SIGNALS. */
    SIGNAL_SET_SIZE = 8, /* Of a mask, as the calls' sigsetsize. */
    SIGNAL_STACK_MIN = 2048,
};

/* Signal `number` in a mask. */
#define SIGNAL_BIT(number) (1ull << ((number)-1))

/* sigaction: handlers that are none, and flags. */
#define SIG_DFL 0ull
#define SIG_IGN 1ull

#define SA_NOCLDSTOP      0x00000001u
#define SA_NOCLDWAIT      0x00000002u
#define SA_SIGINFO        0x00000004u
#define SA_UNSUPPORTED    0x00000400u
#define SA_EXPOSE_TAGBITS 0x00000800u
#define SA_RESTORER       0x04000000u
#define SA_ONSTACK        0x08000000u
#define SA_RESTART        0x10000000u
#define SA_NODEFER        0x40000000u
#define SA_RESETHAND      0x80000000u

/* rt_sigprocmask */
#define SIG_BLOCK   0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

/* sigaltstack */
#define SS_ONSTACK    1u
#define SS_DISABLE    2u
#define SS_AUTODISARM (1u << 31)

/* si_code */
#define SI_USER     0
#define SI_KERNEL   0x80
#define SI_QUEUE    (-1)
#define SI_TIMER    (-2)
#define SI_TKILL    (-6)
#define ILL_ILLOPN  2
#define FPE_INTDIV  1
#define FPE_FLTDIV  3
#define FPE_FLTOVF  4
#define FPE_FLTUND  5
#define FPE_FLTRES  6
#define FPE_FLTINV  7
#define SEGV_MAPERR 1
#define SEGV_ACCERR 2
#define BUS_ADRALN  1
#define BUS_ADRERR  2
#define BUS_OBJERR  3
#define TRAP_BRKPT  1
#define TRAP_TRACE  2

/* sigevent */
#define SIGEV_SIGNAL    0
#define SIGEV_NONE      1
#define SIGEV_THREAD    2
#define SIGEV_THREAD_ID 4

/* struct kernel_sigaction of rt_sigaction(2). */
struct abi_sigaction {
    u64 handler;
    u64 flags;
    u64 restorer;
    u64 mask;
};
static_assert(sizeof(struct abi_sigaction) == 32, "rt_sigaction(2)");

/* stack_t */
struct abi_sigaltstack {
    u64 sp;
    u32 flags;
    u32 padding;
    u64 size;
};
static_assert(sizeof(struct abi_sigaltstack) == 24, "sigaltstack(2)");

/* The part of siginfo_t that has a meaning; the program's is 128 bytes, the rest zeros. */
struct abi_siginfo {
    s32 signo;
    s32 error;
    s32 code;
    u32 padding;
    union {
        struct { /* kill, tkill, sigqueue */
            u32 pid;
            u32 uid;
            u64 value;
        } sender;
        struct {
            s32 id;
            s32 overrun;
            u64 value;
        } timer;
        struct { /* SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP */
            u64 address;
            u16 lsb;
        } fault;
        u64 raw[4];
    };
};
static_assert(sizeof(struct abi_siginfo) == 48, "siginfo_t");

enum {
    ABI_SIGINFO_SIZE = 128,
};
