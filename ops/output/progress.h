/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A progress bar on stderr, drawn over itself at most ten times a second, and only when ui_draws().
 * What takes less than half a second draws nothing.
 */

#include <stdint.h>

enum {
    PROGRESS_LINE_MAX = 160, /* Room for one drawn line. */
};

struct progress {
    const char *what; /* "writing image" */
    uint64_t total;   /* In bytes; 0: not known, a spinner. */
    uint64_t done;
    uint64_t start_ns;
    uint64_t drawn_ns; /* 0: nothing is on the screen. */
};

void progress_start(struct progress *progress, const char *what, uint64_t total);
void progress_add(struct progress *progress, uint64_t bytes);

/* Takes the bar from the screen again. */
void progress_end(struct progress *progress);

/*
 * What is drawn at `now_ns`, without a newline and less than 80 characters; for tests. Returns
 * `line`.
 */
char *progress_line(char line[PROGRESS_LINE_MAX], const struct progress *progress, uint64_t now_ns);
