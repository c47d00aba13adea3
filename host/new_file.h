/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A file that comes to be whole or not at all. While it is made it has no name (O_TMPFILE), so that
 * a kill leaves nothing; where the filesystem cannot do that, it has one ending in `.tmp`.
 */

#include <stdbool.h>
#include <sys/types.h>

struct err;

struct new_file {
    int fd;     /* -1: none, or kept, or dropped. */
    char *path; /* By which it can be opened meanwhile. */
    char *target;
    bool is_named;
};

/* Begins an empty one that will be at `target`. Returns 0, or -1 with `err` set. */
int new_file_open(struct new_file *file, const char *target, mode_t mode, struct err *err);

/*
 * Puts it at its target, in place of what is there; with `synced` it is on the disk first. Ends it
 * in any case. Returns 0, or -1 with `err` set: then the target is as it was.
 */
int new_file_keep(struct new_file *file, bool synced, struct err *err);

/* Ends it and leaves nothing. One that is kept or dropped already is fine. */
void new_file_drop(struct new_file *file);
