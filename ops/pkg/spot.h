/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Places below a directory where an archive's entry goes, reached without ever leaving that
 * directory, whatever links lie there.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct made;

struct spot {
    int dir_fd;       /* The directory it lies in; -1: none. */
    const char *path; /* From the top. */
    const char *name; /* The last part of `path`. */
    unsigned made;    /* Directories that were made on the way. */
};

/*
 * Opens the directory of `path`, a clean path that outlives `spot`. With `makes` it and those above
 * it are made where they are missing. Returns NULL, or why it cannot be, to follow a name: "leads
 * through a link out of the archive".
 */
const char *spot_open(struct spot *spot, int top_fd, const char *path, bool makes);
void spot_close(struct spot *spot);

/*
 * Removes what is at the spot, a directory with all in it; what cannot be removed stays. What is in
 * `made` stays too, and directories that hold such. `made` may be NULL.
 */
void spot_clear(const struct spot *spot, const struct made *made);

/* The same for all that lies beside it. */
void spot_empty(const struct spot *spot, const struct made *made);

/* Writes all of it at `off`. Returns 0, or -1 with `errno` set. */
int pwrite_all(int fd, const void *bytes, size_t size, off_t off);
