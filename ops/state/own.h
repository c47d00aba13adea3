/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A folder below $OPS_HOME that is this process's until it ends, however it ends: it holds a locked
 * file, and whoever makes the next such folder removes those whose lock is free.
 */

#include "ops/state/state.h"

/* All zeros is none. */
struct own_dir {
    char *path;  /* NULL: none. */
    int lock_fd; /* Closed by exec. */
};

/* Makes one in `folder` (STATE_RUN or STATE_TMP). Returns 0, or -1 with `err` set. */
int own_dir_open(struct own_dir *dir, enum state_folder folder, struct err *err);

/* Removes it with all that is in it. */
void own_dir_close(struct own_dir *dir);

/* The path of a file in it, to be freed. */
char *own_dir_file(const struct own_dir *dir, const char *name);

/* Removes from `folder`, whose lock is held, what belongs to nobody any more. */
void own_dirs_sweep(enum state_folder folder);
