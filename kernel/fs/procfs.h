/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * /proc and /sys: text files that are made when they are read. Both own no facts: who has them
 * registers a file here at boot.
 */

#include "lib/base/types.h"

struct file;
struct proc_output;

/* Appends to what the file will say. Text that grows beyond PROC_FILE_MAX is cut. */
void proc_put(struct proc_output *out, const char *bytes, size_t len);
void proc_printf(struct proc_output *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

enum {
    PROC_FILE_MAX = 4 << 20,
    PROC_STORE_MAX = 4096, /* Bytes of one write. */
    PROC_PATH_MAX = 128,   /* Of a path given to procfs_add(). */
    PROC_NAME_MAX = 40,    /* Of a name that procfs_children.next gives, with its NUL. */
};

typedef void proc_show_fn(struct proc_output *out, void *arg);
/* Takes what the program wrote, NUL-ended: 0 or a negative error number. */
typedef int proc_store_fn(const char *text, size_t len, void *arg);

/*
 * Adds a file at `path` below the mount ("1/maps", "sys/kernel/hostname"); directories come into
 * being as needed. `store` NULL: read-only. At boot. A path that exists keeps what it has, and the
 * log says so.
 */
void procfs_add(const char *path, proc_show_fn *show, proc_store_fn *store, void *arg);
void sysfs_add(const char *path, proc_show_fn *show, proc_store_fn *store, void *arg);

/* A file that always says `text`, which stays. */
void procfs_add_text(const char *path, const char *text);
void sysfs_add_text(const char *path, const char *text);

/* A symbolic link whose target is made when it is read: its length, or an error number. */
typedef long proc_link_fn(char *target, size_t size, void *arg);
void procfs_add_link(const char *path, proc_link_fn *link, void *arg);

/* What a name in a directory of changing contents turns out to be. */
struct procfs_item {
    enum {
        PROCFS_FILE,
        PROCFS_LINK,
        PROCFS_DIRECTORY
    } kind;
    void *arg;
    proc_show_fn *show;                     /* Of a file. */
    proc_store_fn *store;                   /* Likewise, or NULL. */
    proc_link_fn *link;                     /* Of a link. */
    const struct procfs_children *children; /* Of a directory. */
    /* Of a link that leads to an open file rather than to a path; or NULL. */
    int (*open)(void *arg, u32 flags, struct file **file);
};

/*
 * A directory whose names come and go by themselves (1/fd, 1/task). `arg` is the directory's:
 * what procfs_add_children() or its own item gave.
 */
struct procfs_children {
    /* Fills in `item`, which is zeroed: 0 or -ENOENT. */
    int (*lookup)(void *arg, const char *name, u32 len, struct procfs_item *item);
    /* The first name at or after `*position`, which moves to where it was found. False: no more. */
    bool (*next)(void *arg, u64 *position, char name[PROC_NAME_MAX]);
};
void procfs_add_children(const char *path, const struct procfs_children *children, void *arg);

/* Helps lookup: a decimal number without sign or leading zeros. */
bool procfs_parse_number(const char *name, u32 len, u64 *number);

struct filesystem *procfs_create(void); /* NULL when memory is out. */
struct filesystem *sysfs_create(void);

/* What kernel/fs, core, mm and arch know: registers the files of procfs/proc_*.c. At boot. */
void procfs_add_standard(void);
