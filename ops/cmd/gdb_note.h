/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

struct err;
struct settings;

/*
 * Tells, on stderr, how gdb gets to a machine that waits for it as `settings` say. `program` is the
 * program on this computer, NULL if it is not known. Returns 0, or -1 with `err` set.
 */
int gdb_note(const char *program, const char *kernel, const struct settings *settings,
             struct err *err);
