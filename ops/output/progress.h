/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A progress bar on stderr, drawn over itself at most ten times a second, and only when ui_draws().
 * What takes less than half a second draws nothing.
 */

#include <stdint.h>

struct progress {
    const char *what; /* "writing image" */
    uint64_t total;   /* In bytes; 0: not known, a spinner. */
    uint64_t done;
    uint64_t start_ns;
    uint64_t drawn_ns;
};

void progress_start(struct progress *progress, const char *what, uint64_t total);
void progress_add(struct progress *progress, uint64_t bytes);

/* Takes the bar from the screen again. */
void progress_end(struct progress *progress);
