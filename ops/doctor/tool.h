/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Programs of this machine that ops uses. */

/* The path of a program in $PATH or a folder for administrators, to be freed; NULL: none. */
char *tool_find(const char *name);

/*
 * The first line that a program prints when run with one argument, to be freed; NULL when it cannot
 * be run or prints nothing.
 */
char *tool_line(const char *path, const char *argument);

/* The version in a line such as "QEMU emulator version 7.2.22 (Debian)", to be freed, or NULL. */
char *tool_version(const char *line);
