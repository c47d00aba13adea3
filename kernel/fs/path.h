/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Paths: from names to inodes, across mounts and symbolic links, by way of a cache of names.
 *
 * A `struct path_node` is a name in its place in the tree: parent, name, inode. It is what the
 * current directory, an open directory and /proc/self/fd need, and what gives getcwd its answer.
 */

#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "lib/base/types.h"

enum {
    PATH_SIZE_MAX = 4096, /* With the NUL, as PATH_MAX. */
    NAME_LEN_MAX = 255,
    SYMLINKS_MAX = 40,
};

struct path_node *path_node_get(struct path_node *node);
void path_node_put(struct path_node *node); /* NULL is fine. May sleep. */
struct inode *path_node_inode(struct path_node *node);

/* The absolute path in `text`, or -ENAMETOOLONG; names that were unlinked end in " (deleted)". */
long path_node_text(struct path_node *node, char *text, size_t size) MUST_USE;

/* Its name is gone: it was unlinked, or removed. */
bool path_node_is_deleted(const struct path_node *node);

enum path_flags {
    PATH_NOFOLLOW = 1u << 0,  /* Do not follow a symbolic link in the last place. */
    PATH_DIRECTORY = 1u << 1, /* -ENOTDIR if it is none. */
    PATH_EMPTY = 1u << 2,     /* An empty path means `base` itself (AT_EMPTY_PATH). */

    /* What openat2(2) calls RESOLVE_...: a walk that would break one fails. */
    PATH_NO_SYMLINKS = 1u << 3,    /* -ELOOP. But one in the last place with PATH_NOFOLLOW. */
    PATH_NO_MAGIC_LINKS = 1u << 4, /* -ELOOP: links that lead where no text says (procfs). */
    PATH_NO_CROSSING = 1u << 5,    /* -EXDEV: out of the mount that the walk begins in. */
    PATH_BENEATH = 1u << 6,        /* -EXDEV: out of `base`, and by absolute paths. */
    PATH_IN_ROOT = 1u << 7,        /* `base` is the root of this walk. Magic links: -EXDEV. */
};

/*
 * Finds what `path` names, starting at `base` (NULL: the current directory). Gives a reference. May
 * sleep. -ENOENT, -ENOTDIR, -ELOOP, -ENAMETOOLONG, -EACCES, -EIO, -ENOMEM.
 */
int path_find(struct path_node *base, const char *path, u32 flags, struct path_node **found)
    MUST_USE;

/*
 * The same, but a link in the last place that stands for an open file (/proc/self/fd/0) leads to
 * that: `*file` is set then, with a reference, and `*found` is NULL.
 */
int path_find_or_file(struct path_node *base, const char *path, u32 flags, struct path_node **found,
                      struct file **file) MUST_USE;

/*
 * open(2): `flags` are the O_ flags, `mode` has had the umask applied. Gives a new file. Checks
 * access as root does: everything but write to a read-only filesystem or a directory.
 */
int path_open(struct path_node *base, const char *path, u32 flags, u32 mode, struct file **file)
    MUST_USE;

/* The same with the last five of enum path_flags. -EAGAIN when directories move meanwhile. */
int path_open_resolved(struct path_node *base, const char *path, u32 flags, u32 mode, u32 resolve,
                       struct file **file) MUST_USE;

/* enum file_flags for a file opened with the O_ flags `flags`. */
u32 file_flags_from_open(u32 flags);

/* The operations on names; each resolves its paths itself. */
int path_mkdir(struct path_node *base, const char *path, u32 mode) MUST_USE;
int path_create(struct path_node *base, const char *path, u32 mode, u64 device,
                struct path_node **created)
    MUST_USE; /* mknod, and bind of a unix socket. `created` may be NULL. */
int path_unlink(struct path_node *base, const char *path) MUST_USE;
int path_rmdir(struct path_node *base, const char *path) MUST_USE;
int path_symlink(struct path_node *base, const char *path, const char *target) MUST_USE;
int path_link(struct path_node *from, struct path_node *base, const char *path) MUST_USE;
int path_rename(struct path_node *from_base, const char *from, struct path_node *to_base,
                const char *to, u32 flags) MUST_USE;

/* The program's current directory. */
struct path_node *path_current(void);          /* With a reference. */
void path_set_current(struct path_node *node); /* Takes a reference of its own. */

/* Mounts `fs` over the directory `path`, which is created in memory if the root has none such. */
int path_mount(const char *path, struct filesystem *fs, const char *source) MUST_USE;
int path_mount_root(struct filesystem *fs, const char *source) MUST_USE;

/* Visits every mount: source, mount point, type, read-only. For /proc/mounts. */
void path_for_each_mount(void (*visit)(void *arg, const char *source, const char *path,
                                       const struct filesystem *fs),
                         void *arg);
