/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Registers and calls of the program in words, for the report of its death. Thread context. */

struct user_regs;

void registers_report(const struct user_regs *regs);

/*
 * Lists the calls that led to `regs`: by frame pointers, and where there are none by what on the
 * stack looks like a return address (marked with '?').
 */
void backtrace_report(const struct user_regs *regs);
