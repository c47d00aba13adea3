/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * /proc and /sys: text files that are made when they are read. Both own no facts: who has them
 * registers a file here at boot.
 */

#include "lib/base/types.h"

struct filesystem;
struct proc_output;

/* Appends to what the file will say. Text that grows beyond PROC_FILE_MAX is cut. */
void proc_put(struct proc_output *out, const char *bytes, size_t len);
void proc_printf(struct proc_output *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

enum {
    PROC_FILE_MAX = 4 << 20,
};

typedef void proc_show_fn(struct proc_output *out, void *arg);
/* Takes what the program wrote: 0 or a negative error number. */
typedef int proc_store_fn(const char *text, size_t len, void *arg);

/*
 * Adds a file at `path` below the mount ("self/maps", "sys/kernel/hostname"); directories come into
 * being as needed. `store` NULL: read-only. At boot; panics on a path that exists.
 */
void procfs_add(const char *path, proc_show_fn *show, proc_store_fn *store, void *arg);
void sysfs_add(const char *path, proc_show_fn *show, proc_store_fn *store, void *arg);

/* A symbolic link whose target is made when it is read: 0 and the text, or an error number. */
typedef long proc_link_fn(char *target, size_t size, void *arg);
void procfs_add_link(const char *path, proc_link_fn *link, void *arg);

struct filesystem *procfs_create(void); /* NULL when memory is out. */
struct filesystem *sysfs_create(void);
