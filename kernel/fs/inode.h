/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Inodes: what a path leads to, independent of the kind of filesystem.
 *
 * A filesystem embeds a struct inode in its own. References keep it in memory; it is `release`d
 * when the last one goes, and its storage too when no name is left.
 *
 * The tree of names has one lock (names_lock(), kernel/fs/path_node.h): lookups that ask a
 * filesystem read-lock it, changes write-lock it. An inode's own lock guards size and contents.
 */

#include "kernel/arch/mmu.h"
#include "kernel/core/mutex.h"
#include "kernel/file/file.h"
#include "kernel/fs/page_cache.h"
#include "lib/base/types.h"

struct timestamp {
    s64 seconds;
    u32 ns;
};

/* What may be set at once by inode_set() (chmod, chown, truncate, utimensat). */
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
 * directory, -ENOTDIR for lookups. The names lock is held: for writing by those that change it.
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
    /* `flags`: RENAME_EXCHANGE or 0. `replaced`: what `to` named, or NULL. */
    int (*rename)(struct inode *from_dir, const char *from, u32 from_len, struct inode *inode,
                  struct inode *to_dir, const char *to, u32 to_len, struct inode *replaced,
                  u32 flags);
    /* Entries from `off` on, which is 0 or an entry's `next_off`. "." and ".." included. */
    int (*list)(struct inode *dir, u64 off, dir_emit_fn *emit, void *arg);
    /* The target's text, not NUL-ended; returns its length, cut to `size`. */
    long (*readlink)(struct inode *inode, char *target, size_t size);
    /* Under the inode's lock. NULL: -EROFS. */
    int (*set)(struct inode *inode, const struct inode_change *change);
    /* Brings mode, size, times up to date in the struct before stat; rarely needed. */
    void (*refresh)(struct inode *inode);
    /*
     * Opens what is no plain file or directory (devices, procfs, FIFOs), or NULL for those: gives a
     * file with `ops` of its own. `flags` are the O_ flags. Of a symbolic link: where it leads
     * cannot be said by its text alone (/proc/self/fd/1), so following it opens it. No lock is
     * held.
     */
    int (*open)(struct inode *inode, u32 flags, struct file **file);
    int (*allocate)(struct inode *inode, u32 mode, u64 off, u64 len); /* Under the inode's lock. */
    void (*release)(struct inode *inode); /* The last reference is gone. */
};

struct inode {
    u32 refs;                      /* [atomic] */
    u32 mode;                      /* Type (const) and permission, as in stat(2). Under `lock`. */
    const struct inode_ops *ops;   /* [const] */
    struct filesystem *filesystem; /* [const] */
    u64 number;                    /* [const] */
    u64 size;                      /* [atomic] Changed under `lock`. */
    u32 link_count;                /* Under the names lock. */
    u32 uid;
    u32 gid;
    u32 seals;                                   /* F_SEAL_ bits of a memfd. Under `lock`. */
    u64 device;                                  /* For device nodes. */
    u64 blocks;                                  /* In units of 512 bytes, for stat. */
    struct timestamp atime, mtime, ctime, btime; /* Under `lock`. */
    struct rwlock lock;                          /* LOCK_RANK_INODE */
    struct page_cache cache;                     /* Of regular files. */
    void *bound; /* A unix socket bound here (kernel/socket/unix.c), a FIFO's pipe, or NULL. */
};

/* A mounted filesystem. */
struct filesystem {
    const char *type; /* "ext4", "tmpfs", "proc", ... */
    struct inode *root;
    u64 device_id; /* st_dev */
    bool read_only;
    bool uncached; /* Names come and go by themselves (procfs): they are looked up each time. */
    bool has_magic_links; /* Absolute targets of its links stand for places (/proc/self/exe). */
    u64 block_size;
    void *data;
    /* Fills in the totals for statfs(2). NULL: all 0. */
    void (*counts)(struct filesystem *fs, u64 *blocks, u64 *blocks_free, u64 *files,
                   u64 *files_free);
    u64 magic; /* f_type of statfs(2) */
};

/* Fills in a new inode with one reference, one link, and the present time. It has been zeroed. */
void inode_init(struct inode *inode, struct filesystem *fs, const struct inode_ops *ops, u64 number,
                u32 mode);

struct inode *inode_get(struct inode *inode);
void inode_put(struct inode *inode); /* May sleep. */

static inline u64 inode_size(const struct inode *inode)
{
    return __atomic_load_n(&inode->size, __ATOMIC_ACQUIRE); /* Pairs with inode_set_size(). */
}

/* Bytes first, then the size that shows them. Under the inode's lock. */
static inline void inode_set_size(struct inode *inode, u64 size)
{
    __atomic_store_n(&inode->size, size, __ATOMIC_RELEASE);
}

static inline u32 inode_type(const struct inode *inode)
{
    return inode->mode & 0170000u; /* S_IFMT */
}

/* Changes attributes: 0, -EROFS, -EPERM (seals), -EFBIG, ... */
int inode_set(struct inode *inode, const struct inode_change *change) MUST_USE;

/* The present time; and its use as the inode's mtime and ctime. Under the inode's lock. */
struct timestamp timestamp_now(void);
void inode_touch(struct inode *inode);

/* The largest size a file may have. */
#define INODE_SIZE_MAX ((u64)INT64_MAX - PAGE_SIZE)

/*
 * Takes pages of [from, to), which begins and ends on page boundaries, out of the program's
 * mappings; with `copies_too` also those that private mappings have made copies of. Under the
 * inode's lock. Of a file that shrinks: after its size was set and before its pages are dropped,
 * so that nobody brings them back. Of a hole: after they were dropped.
 */
void inode_unmap(struct inode *inode, u64 from, u64 to, bool copies_too);

/* Who does that: kernel/vm. Set once at boot. */
typedef void inode_unmap_fn(struct inode *inode, u64 from, u64 to, bool copies_too);
void inode_set_unmap_hook(inode_unmap_fn *fn);

/* A device number for a filesystem without a device, each time another. */
u64 filesystem_device_id(void);

/* Files over the page cache, and directories: kernel/fs/regular.c, directory.c. */
extern const struct file_ops regular_file_ops;
extern const struct file_ops directory_file_ops;

/* The part of inode_ops.set that all filesystems share: mode, owners, times. Under the lock. */
void inode_apply(struct inode *inode, const struct inode_change *change);

/*
 * Changes the size of a file whose data is all in its page cache; a smaller one unmaps what is cut.
 * Under the inode's lock: 0, or what page_cache_get() gives.
 */
int regular_resize(struct inode *inode, u64 size) MUST_USE;
