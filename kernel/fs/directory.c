/* SPDX-License-Identifier: Apache-2.0 */
/* Open directories, for every filesystem. */
#include "abi/linux/errors.h"
#include "abi/linux/fcntl.h"
#include "kernel/core/mutex.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path.h"
#include "kernel/fs/path_node.h"
#include "lib/base/types.h"

struct listing {
    dir_emit_fn *emit;
    void *arg;
    bool full; /* The reader has no more room. */
    bool bad;
};

/* What a disk or a server calls its entries goes to programs that build paths of it. */
static bool name_is_good(const char *name, u32 len)
{
    for (u32 i = 0; i < len; i++) {
        if (name[i] == '/' || name[i] == '\0')
            return false;
    }
    return len > 0 && len <= NAME_LEN_MAX;
}

static bool emit_noting(void *arg, const char *name, u32 name_len, u64 ino, u64 next_off, u8 type)
{
    struct listing *listing = arg;

    if (!name_is_good(name, name_len)) {
        listing->bad = true;
        return false;
    }
    if (!listing->emit(listing->arg, name, name_len, ino, next_off, type))
        listing->full = true;
    return !listing->full;
}

/* What the filesystem has, then what lies over it in memory. */
static int directory_list(struct file *file, u64 off, dir_emit_fn *emit, void *arg)
{
    struct listing listing = { .emit = emit, .arg = arg };
    struct inode *inode = file->inode;
    int err = 0;

    if (!inode->ops->list)
        return -ENOTDIR;
    rwlock_read_lock(names_lock());
    if (inode->link_count == 0) {
        err = -ENOENT; /* It was removed. */
    } else if (off < OVERLAY_OFF_FIRST) {
        err = inode->ops->list(inode, off, emit_noting, &listing);
    }
    if (err == 0 && listing.bad)
        err = -EIO; /* As Linux says of such a disk. */
    if (err == 0 && !listing.full && file->path)
        overlay_list(file->path, off, emit_noting, &listing);
    rwlock_read_unlock(names_lock());
    return err;
}

/* Positions are what the filesystem says they are: only those it gave make sense. */
static long directory_seek(struct file *file, s64 off, int whence)
{
    if (whence == SEEK_CUR && off == 0)
        return (long)file->position;
    if (whence == SEEK_SET && off >= 0)
        return off;
    return -EINVAL;
}

static int directory_sync(struct file *file, bool data_only)
{
    (void)file;
    (void)data_only;
    return 0;
}

const struct file_ops directory_file_ops = {
    .name = "directory",
    .seek = directory_seek,
    .list = directory_list,
    .sync = directory_sync,
};
