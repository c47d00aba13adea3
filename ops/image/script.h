/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Files that say in their first line, `#!`, which program is to read them: execve(2). */

#include <stdbool.h>

struct err;
struct settings;
struct strings;

/*
 * The first line of the file `source` of this machine without `#!`, to be freed; NULL: no script.
 */
char *script_line(const char *source);

/*
 * Takes a first line apart: the interpreter, to be freed, which has no slash when env(1) is to find
 * it, and adds to `args` what follows it: one argument, or each word when env splits them (-S).
 */
void script_split(const char *line, char **interp, struct strings *args);

/* Whether it is a shell, which is of no use where no program can be started. */
bool script_is_shell(const char *interp);

/*
 * When the program of `settings` is a script, puts its interpreter in its place, the script in
 * front of the arguments and into the image. Returns 0, or -1 with `err` set: it is a shell's, the
 * interpreter is not there, or the program is a name that only a shell would look up.
 */
int script_settings(struct settings *settings, struct err *err);
