/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the kernel tells of a program while it runs, when it is asked to: a trace, a summary of
 * system calls, missing files. `ops run` shows it on stderr, an instance has it in its log. A
 * machine that starts again tells of each of its lives; the summary is of all of them.
 */

#include "host/strings.h"
#include "ops/vm/report.h"

#include <stdbool.h>
#include <stdio.h>

/* All zeros but `out`, `is_live` and what of `reader` is its user's is the start. */
struct watch {
    FILE *out;
    bool is_live; /* Missing files are told at once, not at the end. */
    struct report_reader reader;
    struct strings missing;
    struct watch_calls *calls; /* How often each was made; */
    size_t call_count;         /* of so many system calls. */
};

/* Takes bytes of the report. `context` is a struct watch. */
void watch_feed(void *context, const char *bytes, size_t size);

/* The machine is gone: prints what is to be said at the end. */
void watch_finish(struct watch *watch);
void watch_fini(struct watch *watch);
