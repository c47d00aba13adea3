/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Descriptor table: which small integers name which open files.
 *
 * The one table serves every thread of the program. It owns one reference to each file in it. A
 * file that falls out of the table is handed to the caller, who drops it with no lock held: nothing
 * here sleeps, and nothing here calls into a filesystem or the network. It grows as needed, up to
 * the program's RLIMIT_NOFILE.
 */

#include "kernel/file/file.h"
#include "lib/base/types.h"

struct fdtable;

enum {
    FDTABLE_SIZE_MAX = 1 << 20, /* Hard limit of RLIMIT_NOFILE. */
    FDTABLE_SIZE_DEFAULT = 65536,
};

/* The program's table. There is one program, so there is one. */
struct fdtable *current_fdtable(void);

void fdtable_init(struct fdtable *table);

/* Returns a new reference to the file `fd` names, or NULL when it names none. */
struct file *fdtable_get(struct fdtable *table, int fd) MUST_USE;

/* The same for calls that do more than name a file: none for those opened with O_PATH. */
struct file *fdtable_get_opened(struct fdtable *table, int fd) MUST_USE;

/*
 * Gives `file` the lowest free descriptor at or above `from`. Returns it, -EMFILE, -EINVAL when
 * `from` is out of range, or -ENOMEM. On success the table takes the caller's reference.
 */
int fdtable_insert(struct fdtable *table, struct file *file, int from, bool cloexec) MUST_USE;

/* Whether fdtable_insert() at 0 would give -EMFILE just now. */
bool fdtable_is_full(struct fdtable *table);

/*
 * Makes `fd` name `file`, and stores the file it named before, or NULL, in `*displaced`. With NULL
 * for `file` the descriptor becomes free.
 *
 * Returns 0, -EBADF when `fd` is out of range, -ENOMEM.
 * On success two references change hands: the table takes the caller's to `file`, and the caller
 * gets the table's to `*displaced`. On error none does, and `*displaced` is NULL.
 */
int fdtable_replace(struct fdtable *table, int fd, struct file *file, bool cloexec,
                    struct file **displaced) MUST_USE;

/* -EBADF, else 0 or 1 (get), 0 (set). */
int fdtable_get_cloexec(struct fdtable *table, int fd) MUST_USE;
int fdtable_set_cloexec(struct fdtable *table, int fd, bool cloexec) MUST_USE;

/* The lowest descriptor in use at or above `from`, or -1. For close_range() and /proc/self/fd. */
int fdtable_next(struct fdtable *table, int from);

/* The current RLIMIT_NOFILE (soft, hard). Setting is the caller's job to check. */
u64 fdtable_limit(struct fdtable *table);
void fdtable_set_limit(struct fdtable *table, u64 limit);

/* Closes everything, at the program's end. May sleep. */
void fdtable_close_all(struct fdtable *table);
