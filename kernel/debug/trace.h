/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the program asks of the kernel, told to whoever started the machine (machine_report()):
 *
 *   trace            every system call and signal, as strace(1) prints them
 *   syscall-summary  how often each call was made, how often it failed, the CPU time it took
 *   trace-files      each path once that was opened or looked at, and each that was not there
 *
 * All of it is asked for by the manifest, before the program starts. While nothing is, a system
 * call pays for one look at `trace_active`.
 *
 * Lines are put together in a buffer of the call and leave whole, one at a time. A call that is
 * still running when another thread has something to say is printed in two pieces, `<unfinished
 * ...>` and `<... NAME resumed>`, as strace does.
 *
 * This module knows no threads: who calls says which one it is, and whether there are `others`,
 * whose lines then carry `[pid N]`.
 */

#include "lib/base/types.h"

struct abi_siginfo;
struct manifest;
struct trace_call;

/* [const] once the program runs. */
extern bool trace_active;

/*
 * At boot, before the program starts. 0; -EINVAL, after a line in the log, for a name in `notrace`
 * that no system call has; -ENOMEM.
 */
int trace_start(const struct manifest *manifest) MUST_USE;

/*
 * The thread `tid` begins and ends a system call. trace_enter() may return NULL, which
 * trace_leave() takes. Both copy from the program: no locks are held. May sleep.
 */
struct trace_call *trace_enter(u32 tid, bool others, u64 nr, const u64 *args);
void trace_leave(struct trace_call *call, bool others, long result);

/* A signal is about to be delivered to the thread. May sleep. */
void trace_signal(u32 tid, bool others, const struct abi_siginfo *info);

/* The thread has ended by exit(2), or the program has: no other thread runs then. May sleep. */
void trace_exited(u32 tid, bool others, int status);
void trace_killed(u32 tid, bool others, int signal);

/* The kernel itself opened the absolute `path` for the program: `err` is 0 or why not. */
void trace_file(const char *path, int err);

/* The name of system call `nr`, or NULL: Linux has none such. Those we lack are named, too. */
const char *trace_call_name(u64 nr);

/* The end: what was counted is told. */
void trace_finish(void);
