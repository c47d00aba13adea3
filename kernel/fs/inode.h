/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Inodes: what a path leads to, independent of the kind of filesystem.
 *
 * A filesystem embeds a struct inode in its own. References keep it in memory; it is `release`d when the last
 * one goes, and its storage too when no name is left.
 */

#include "kernel/core/mutex.h"
#include "kernel/file/file.h"
#include "kernel/fs/page_cache.h"
#include "lib/base/types.h"

struct inode;
struct filesystem;

struct timestamp {
    s64 seconds;
    u32 ns;
};

/* What may be set at once by inode_ops.set (chmod, chown, truncate, utimensat). */
enum inode_set {
    INODE_SET_MODE = 1u << 0,
    INODE_SET_UID = 1u << 1,
    INODE_SET_GID = 1u << 2,
    INODE_SET_SIZE = 1u << 3,
    INODE_SET_ATIME = 1u << 4,
    INODE_SET_MTIME = 1u << 5,
};

struct inode_change {
    u32 set; /* enum inode_set */
    u32 mode;
    u32 uid;
    u32 gid;
    u64 size;
    struct timestamp atime;
    struct timestamp mtime;
};

/*
 * All may sleep, return 0 or a negative error number, and give a new reference where they return
 * an inode. Names are not NUL-ended and hold no '/'. NULL entries answer -EROFS for changes of a
 * directory, -ENOTDIR for lookups. The directory's lock is held: for writing by those that change it.
 */
struct inode_ops {
    int (*lookup)(struct inode *dir, const char *name, u32 len, struct inode **inode);
    int (*create)(struct inode *dir, const char *name, u32 len, u32 mode, u64 device,
                  struct inode **inode); /* Regular, FIFO, socket, device: by mode's type bits. */
    int (*mkdir)(struct inode *dir, const char *name, u32 len, u32 mode, struct inode **inode);
    int (*symlink)(struct inode *dir, const char *name, u32 len, const char *target,
                   struct inode **inode);
    int (*link)(struct inode *dir, const char *name, u32 len, struct inode *inode);
    int (*unlink)(struct inode *dir, const char *name, u32 len, struct inode *inode);
    int (*rmdir)(struct inode *dir, const char *name, u32 len, struct inode *inode);
    int (*rename)(struct inode *from_dir, const char *from, u32 from_len, struct inode *inode,
                  struct inode *to_dir, const char *to, u32 to_len, struct inode *replaced,
                  u32 flags);
    int (*list)(struct inode *dir, u64 off, dir_emit_fn *emit,
                void *arg); /* "." and ".." included. */
    /* The target's text, not NUL-ended; returns its length. */
    long (*readlink)(struct inode *inode, char *target, size_t size);
    int (*set)(struct inode *inode, const struct inode_change *change);
    /*
     * Brings mode, size, times up to date in the struct before stat; rarely needed. */
    void (*refresh)(struct inode *inode);
    /*
     * Opens what is no plain file or directory (devices, procfs, FIFOs), or NULL for those: gives a file with `ops`
     * of its own. `flags` are the O_ flags.
     */
    int (*open)(struct inode *inode, u32 flags, struct file **file);
    void (*release)(struct inode *inode); /* The last reference is gone. */
};

struct inode {
    u32 refs;                      /* [atomic] */
    u32 mode;                      /* Type and permission, as in stat(2). Under `lock`. */
    const struct inode_ops *ops;   /* [const] */
    struct filesystem *filesystem; /* [const] */
    u64 number;                    /* [const] */
    u64 size;                      /* Under `lock`. Read without it for hints. */
    u32 link_count;
    u32 uid;
    u32 gid;
    u64 device; /* For device nodes. */
    u64 blocks; /* In units of 512 bytes, for stat. */
    struct timestamp atime, mtime, ctime, btime;
    struct rwlock lock;      /* LOCK_RANK_INODE */
    struct page_cache cache; /* Of regular files. */
    void *bound;             /* A unix socket bound here (kernel/socket/unix.c), or NULL. */
};

struct inode *inode_get(struct inode *inode);
void inode_put(struct inode *inode); /* May sleep. */

/* A mounted filesystem. */
struct filesystem {
    const char *type; /* "ext4", "tmpfs", "proc", ... */
    struct inode *root;
    u64 device_id; /* st_dev */
    bool read_only;
    u64 block_size;
    void *data;
    /* Fills in the totals for statfs(2). */
    void (*counts)(struct filesystem *fs, u64 *blocks, u64 *blocks_free, u64 *files,
                   u64 *files_free);
    u64 magic; /* f_type of statfs(2) */
};
