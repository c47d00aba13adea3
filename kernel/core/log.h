/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The kernel's log: one line a call, no newline at the end, kept in a ring and written to the
 * console when its level is at or above the one set (`log=` on the command line). Any context.
 */

#include "lib/base/types.h"

enum log_level {
    LOG_ERROR,
    LOG_WARN,
    LOG_INFO,
    LOG_DEBUG,
};

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

void log_set_level(enum log_level level);

/*
 * Where console bytes go beside machine_console_write(), once a driver has something better. It may
 * be called with any lock held and must not log.
 */
typedef void log_sink_fn(const char *bytes, size_t len);
void log_set_sink(log_sink_fn *sink);

/* The program's own output to the console: as it is, in the order of the log's lines. */
void console_write(const char *bytes, size_t len);

/*
 * The last `size` bytes at most of what was logged, from the start of a line. Returns how many were
 * stored, or what all of it takes when `bytes` is NULL.
 */
size_t log_read(char *bytes, size_t size);

/* For panic(): from now on this CPU logs without the lock, and straight to the console. */
void log_begin_panic(void);
