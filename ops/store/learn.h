/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Learning by a run which files a program uses: the machine's root is this machine's, shared
 * read-only by 9p, and the kernel tells each file that is opened or asked for in vain.
 */

#include "host/strings.h"

struct err;
struct settings;

struct learned {
    struct strings opened;  /* Paths here, each once, sorted. */
    struct strings missing; /* Asked for, not there, and not found elsewhere by the same name. */
};

/*
 * Runs the program of `settings`, whose path here becomes absolute, and `client`, a command that
 * makes use of it, once the program is quiet; the run ends with the client, or with the program if
 * there is none (`client` is empty). Returns 0; -1 with `err` set; or the exit status after a
 * signal that told ops to end. `learned` is to be given back in any case.
 */
int learn_run(struct learned *learned, struct settings *settings, const struct strings *client,
              struct err *err);
void learned_fini(struct learned *learned);
