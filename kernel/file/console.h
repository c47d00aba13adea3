/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The console as a file: standard input, output and error of the program. It is no terminal:
 * isatty() says no, so programs write it like a pipe.
 */

#include "lib/base/types.h"

enum {
    CONSOLE_INPUT_SIZE = 4096, /* Bytes typed and not read; more are dropped. */
};

/* One reference, or NULL when memory is out. */
struct file *console_create(u32 flags) MUST_USE;

/* Bytes somebody typed. From a driver, any context. */
void console_input(const char *bytes, size_t len);

/* There will be no more: read() gives 0 once the rest is read. */
void console_input_end(void);
