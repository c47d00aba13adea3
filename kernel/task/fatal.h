/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The report on the console when the program dies of a signal. */

#include "abi/linux/signal.h"

struct user_regs;

/*
 * One line with the reason; registers and a backtrace after it where Linux would dump core, unless
 * `regs` is NULL: those of the running thread are not of interest.
 */
void fatal_report(const struct abi_siginfo *info, const struct user_regs *regs);

/* "SIGSEGV" and so on. Never NULL. */
const char *signal_name(int signal);
