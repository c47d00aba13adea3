/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a detached machine prints is kept in two files: when the newer one is full, it takes the
 * place of the older, and a new one begins. So there is always the end of it, and never more than
 * was said. With a trace (ops/vm/watch.h), that is among what is printed. Whoever cuts or moves the
 * newer file meanwhile does no harm (logrotate's copytruncate).
 */

#include <stdint.h>

struct console {
    const char *newer; /* Their names. */
    const char *older;
    uint64_t size_max;  /* Of both. */
    int console_fd;     /* The reading end of the pipe that the machine prints to. */
    int report_fd;      /* The same for its report; 0: that is none of our business. */
    const char *report; /* Gets the report but for what there is much of, which is kept here. */
};

/*
 * Keeps what comes, until the other ends are closed. What cannot be written (a disk is full) is
 * lost; the machine never waits for it. `context` is a struct console: a vm_keeper's function.
 */
void console_keep(void *context);
