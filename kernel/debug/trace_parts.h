/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the parts of the trace ask of each other. Only for kernel/debug. */

#include "kernel/debug/trace_call.h"
#include "lib/base/types.h"

/* One line to the host; nobody else's comes between. May sleep. */
void trace_report(const char *key, const char *value);

/* trace_summary.c. 0 or -ENOMEM. */
int trace_summary_start(void) MUST_USE;
void trace_summary_count(u64 nr);
void trace_summary_result(u64 nr, long result, u64 cpu_ns);
void trace_summary_tell(void);

/* trace_files.c. 0 or -ENOMEM. */
int trace_files_start(void) MUST_USE;
void trace_files_note(const struct trace_call *call, long result);
void trace_files_path(const char *path, bool is_there);

/* Takes "//", "/./" and "/../" out of an absolute path, by its text alone; in place. */
void trace_path_clean(char *text);

/* The path with everything but printable characters, and '\\', as \ooo. */
void trace_path_escape(const char *path, char *escaped, size_t size);
