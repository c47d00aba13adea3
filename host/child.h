/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A command that is run for what it says. */

#include <stdbool.h>
#include <stddef.h>

enum {
    CHILD_NOT_THERE = 127, /* As a shell has it: the command could not be run. */
    CHILD_KILLED = 256,    /* And the number of the signal that ended it. */
};

struct child_spec {
    char *const *argv; /* Looked up in PATH unless there is a `/` in it. */
    const char *dir;   /* Where it is run; NULL: here. */
    bool mutes_stderr; /* Else what it writes there is part of its output. */
    size_t output_max; /* Bytes kept; what comes after that is thrown away. */
};

/*
 * Runs a command with nothing to read and LC_ALL=C, until it ends; it ends with ops. Sets `*output`
 * to a string of what it wrote, to be freed in any case. Returns its exit status; CHILD_KILLED and
 * a signal; or -1 with `errno` set: it could not be started.
 */
int child_run(const struct child_spec *spec, char **output);
