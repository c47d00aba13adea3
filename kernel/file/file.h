/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Open files: what a descriptor names. A file lives while someone holds a reference to it.
 *
 * What a file is lies in its ops: a table per kind. An entry that is NULL means that the kind does
 * not have the operation, and the generic function here answers with the error Linux gives.
 *
 * Readiness: `poll` says which events of poll(2) hold now; a file that can block has a wait queue,
 * on which everything that waits for it hangs (kernel/core/wait.h). A file without `poll` is always
 * ready.
 *
 * The storage of a closed file is only ever used for another file. So who finds one without holding
 * a reference (fdtable_get(), epoll) may try file_try_get() and look again whether it is the right
 * one.
 */

#include "kernel/core/mutex.h"
#include "kernel/mm/iter.h"
#include "lib/base/list.h"
#include "lib/base/types.h"

struct file;
struct page;
struct wait_queue;

/* Takes an entry of a directory: false when there is no room for it, which ends the listing. */
typedef bool dir_emit_fn(void *arg, const char *name, u32 name_len, u64 ino, u64 next_off, u8 type);

struct file_ops {
    const char *name; /* Of the kind, for /proc/self/fd: "socket", "anon_inode:[eventfd]", ... */

    /*
     * Moves bytes; returns how many, or a negative error number. `off` is where: pread's, or the
     * file's own position, which the caller advances. Files without positions ignore it. Blocks
     * unless `flags` has FILE_NONBLOCK (the file's or the call's). Returns -EINTR for a signal.
     */
    long (*read)(struct file *file, struct iter *to, u64 off, u32 flags);
    long (*write)(struct file *file, struct iter *from, u64 off, u32 flags);

    u32 (*poll)(struct file *file); /* Events that hold now. */
    struct wait_queue *(*wait_queue)(struct file *file);

    long (*ioctl)(struct file *file, u32 command, uaddr_t arg); /* -ENOTTY: not known. */
    /* For SEEK_DATA, SEEK_HOLE and files whose positions are special. NULL: generic, by `size`. */
    long (*seek)(struct file *file, s64 off, int whence);
    int (*list)(struct file *file, u64 off, dir_emit_fn *emit, void *arg); /* getdents. */

    /* Size, for SEEK_END. NULL: 0. */
    u64 (*size)(struct file *file);

    int (*truncate)(struct file *file, u64 size);
    int (*sync)(struct file *file, bool data_only);
    int (*allocate)(struct file *file, u32 mode, u64 off, u64 len);

    /*
     * Sends part of a page by reference (sendfile): returns the bytes taken, or an error number. It
     * takes references of its own. Blocks like `write`.
     */
    long (*send_page)(struct file *file, struct page *page, u32 off, u32 len, u32 flags);

    /*
     * The page at `index` of the file by reference, for sendfile; 0, or a negative error number.
     * Only where `size` is there as well.
     */
    int (*get_page)(struct file *file, u64 index, struct page **page);

    /* Whether it may be mapped (kernel/vm then uses inode->cache): 0, -ENODEV, -EACCES. */
    int (*mmap)(struct file *file, bool shared, u32 protection);

    /* fcntl's F_SETFL changed flags, O_NONBLOCK among them. Rarely needed. */
    void (*flags_changed)(struct file *file);

    /* Every close() of a descriptor that names it, not only the last. Rarely needed (locks). */
    void (*closed)(struct file *file);

    /* The last reference is gone; frees what `data` names. May sleep. */
    void (*release)(struct file *file);
};

enum file_flags {
    /* [const] */
    FILE_READABLE = 1u << 0,
    FILE_WRITABLE = 1u << 1,
    FILE_PATH = 1u << 2,     /* O_PATH: names, and does nothing. */
    FILE_SEEKABLE = 1u << 3, /* Has a position. */
    FILE_DIRECTORY = 1u << 4,
    FILE_POSITION_FIXED = 1u << 5, /* With FILE_SEEKABLE: it is 0 for ever, as /dev/null's. */
    /* [atomic] Changed by fcntl. */
    FILE_NONBLOCK = 1u << 8,
    FILE_APPEND = 1u << 9,
    FILE_ASYNC = 1u << 10,
    FILE_DIRECT = 1u << 11,
    FILE_NOATIME = 1u << 12,
    FILE_DSYNC = 1u << 13,
    FILE_LARGEFILE = 1u << 14,
    /* Of one call of `send_page` alone. */
    FILE_MORE = 1u << 16, /* More follows at once: nothing small need leave yet. */
};

struct file {
    u32 refs;                   /* [atomic] */
    u32 flags;                  /* [atomic] enum file_flags */
    const struct file_ops *ops; /* [const] */
    struct inode *inode;        /* [const] NULL for sockets, pipes, eventfds ... */
    struct path_node *path;     /* [const] Where it was opened, see kernel/fs/path.h; or NULL. */
    void (*leave)(struct file *file); /* [const] Gives `inode` and `path` back; or NULL. */
    void *data;                       /* [const] The kind's own. */
    u64 position;                     /* Under `position_lock` while FILE_SEEKABLE. */
    u64 number;                 /* [const] Of this file since boot: st_ino where no inode is. */
    struct mutex position_lock; /* LOCK_RANK_FILE_POSITION */
    struct list epoll_items;    /* Who watches it; under a lock of kernel/file/epoll.c. */
};

/* One reference, or NULL when memory is out. Takes over the caller's reference to nothing. */
struct file *file_create(const struct file_ops *ops, void *data, u32 flags) MUST_USE;

/* Takes one more reference, for a caller that already holds one. Returns `file`. */
struct file *file_get(struct file *file);

/* The same for a caller that holds none: false when the last one is gone. See above. */
bool file_try_get(struct file *file) MUST_USE;

/* Gives a reference back. The last one closes the file, which may sleep. */
void file_put(struct file *file);

/* The flags as they are now. */
static inline u32 file_flags(const struct file *file)
{
    return __atomic_load_n(&file->flags, __ATOMIC_RELAXED); /* They order nothing. */
}

/* Replaces those of the changeable flags in `mask` by `flags`, and tells the file. */
void file_set_flags(struct file *file, u32 mask, u32 flags);

/*
 * read(2) and write(2) on any file: checks readability, takes care of the position. With `off`
 * not NULL it is pread/pwrite: -ESPIPE for files without positions. `extra` are enum file_flags of
 * this call alone (FILE_NONBLOCK, FILE_APPEND).
 */
long file_read(struct file *file, struct iter *to, const u64 *off) MUST_USE;
long file_write(struct file *file, struct iter *from, const u64 *off) MUST_USE;
long file_read_flags(struct file *file, struct iter *to, const u64 *off, u32 extra) MUST_USE;
long file_write_flags(struct file *file, struct iter *from, const u64 *off, u32 extra) MUST_USE;

/* lseek(2): the new position, -ESPIPE, -EINVAL, -EOVERFLOW, -ENXIO. */
long file_seek(struct file *file, s64 off, int whence) MUST_USE;

/* Events that hold now, errors included; POLLIN | POLLOUT for files that cannot block. */
u32 file_poll(struct file *file);

/* Where waiters hang; NULL for a file that is always ready. */
struct wait_queue *file_wait_queue(struct file *file);

/*
 * For reads and writes that may have to wait: tries until `attempt` is true, asleep on `queue` in
 * between. 0; -EAGAIN instead of sleeping when `flags` have FILE_NONBLOCK; -EINTR.
 */
int file_try(struct wait_queue *queue, u32 events, u32 flags, bool (*attempt)(void *arg), void *arg)
    MUST_USE;

/* A number no other open file has; the two ends of a pipe share one. */
static inline u64 file_number(const struct file *file)
{
    return file->number;
}

/* Number of open files, for leak tests. */
u64 file_count(void);
