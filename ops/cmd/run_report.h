/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What `ops run` makes of the report while the machine runs: a trace, a summary, missing files. */

#include "host/strings.h"
#include "ops/vm/report.h"

#include <stddef.h>

struct launch;
struct settings;

struct run_report {
    struct report_reader reader;
    struct strings missing;
    struct strings syscalls; /* "NAME CALLS ERRORS NANOSECONDS" */
};

/* Adds to the launch what makes the kernel say what `settings` ask for. */
void run_report_lines(struct launch *launch, const struct settings *settings);

/* Takes bytes of the report. `context` is a struct run_report, all zeros at first. */
void run_report_feed(void *context, const char *bytes, size_t size);

/* The machine is gone: prints what is to be said at the end, to stderr. */
void run_report_finish(struct run_report *report);
void run_report_fini(struct run_report *report);
