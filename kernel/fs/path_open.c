/* SPDX-License-Identifier: Apache-2.0 */
/* From a path to an open file. */
#include "abi/linux/errors.h"
#include "abi/linux/open_flags.h"
#include "abi/linux/stat.h"
#include "kernel/file/file.h"
#include "kernel/file/pipe.h"
#include "kernel/fs/devfs/devfs.h"
#include "kernel/fs/flock.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path.h"
#include "kernel/fs/path_node.h"
#include "lib/base/types.h"

enum {
    OPEN_RACES_MAX = 16, /* How often the place may change under us before we give up. */
};

u32 file_flags_from_open(u32 flags)
{
    static const struct {
        u32 open;
        u32 file;
    } pairs[] = {
        { O_NONBLOCK, FILE_NONBLOCK },   { O_APPEND, FILE_APPEND },   { O_ASYNC, FILE_ASYNC },
        { O_DIRECT, FILE_DIRECT },       { O_NOATIME, FILE_NOATIME }, { O_DSYNC, FILE_DSYNC },
        { O_LARGEFILE, FILE_LARGEFILE },
    };
    u32 result = 0;

    if (flags & O_PATH)
        return FILE_PATH;
    if ((flags & O_ACCMODE) != O_WRONLY)
        result |= FILE_READABLE;
    if ((flags & O_ACCMODE) != O_RDONLY)
        result |= FILE_WRITABLE;
    for (size_t i = 0; i < ARRAY_COUNT(pairs); i++) {
        if (flags & pairs[i].open)
            result |= pairs[i].file;
    }
    return result;
}

/* file->leave: the last reference to an opened path is gone. */
static void leave(struct file *file)
{
    flock_forget(file);
    inode_put(file->inode);
    path_node_put(file->path);
}

static const struct file_ops path_only_ops = {
    .name = "path",
};

static void set_place(struct file *file, struct path_node *node)
{
    if (file->leave)
        return; /* A file that was open already (/proc/self/fd/0). */
    file->inode = inode_get(node_inode(node));
    file->path = path_node_get(node);
    file->leave = leave;
}

static int open_allowed(const struct inode *inode, u32 flags)
{
    bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);
    u32 type = inode_type(inode);

    if ((flags & O_DIRECTORY) && type != S_IFDIR)
        return -ENOTDIR;
    if (type == S_IFLNK)
        return -ELOOP;
    if (type == S_IFDIR && (writes || (flags & O_CREAT)))
        return -EISDIR;
    if (type == S_IFREG && writes && inode->filesystem->read_only)
        return -EROFS;
    if (type == S_IFSOCK)
        return -ENXIO;
    return 0;
}

static int open_kind(struct path_node *node, u32 flags, struct file **file)
{
    struct inode *inode = node_inode(node);
    u32 file_flags = file_flags_from_open(flags);

    if (inode->ops->open && inode_type(inode) != S_IFREG && inode_type(inode) != S_IFDIR)
        return inode->ops->open(inode, flags, file);
    switch (inode_type(inode)) {
    case S_IFREG:
        if (inode->ops->open)
            return inode->ops->open(inode, flags, file);
        *file = file_create(&regular_file_ops, NULL, file_flags | FILE_SEEKABLE);
        break;
    case S_IFDIR:
        *file = file_create(&directory_file_ops, NULL, file_flags | FILE_SEEKABLE | FILE_DIRECTORY);
        break;
    case S_IFCHR:
        return device_open(inode->device, flags, file);
    case S_IFIFO:
        return fifo_open(&inode->bound, file_flags, file);
    default:
        return -ENXIO;
    }
    return *file ? 0 : -ENOMEM;
}

static int truncate_opened(struct inode *inode, u32 flags)
{
    struct inode_change change = { .set = INODE_SET_SIZE, .size = 0 };

    if (!(flags & O_TRUNC) || inode_type(inode) != S_IFREG || inode->ops->open)
        return 0;
    return inode_set(inode, &change);
}

int node_open(struct path_node *node, u32 flags, struct file **file)
{
    struct inode *inode = node_inode(node);
    int err;

    *file = NULL;
    if (flags & O_PATH) {
        if ((flags & O_DIRECTORY) && inode_type(inode) != S_IFDIR)
            return -ENOTDIR;
        *file = file_create(&path_only_ops, NULL, FILE_PATH);
        if (!*file)
            return -ENOMEM;
        set_place(*file, node);
        return 0;
    }
    err = open_allowed(inode, flags);
    if (err == 0)
        err = open_kind(node, flags, file);
    if (err < 0)
        return err;
    set_place(*file, node);
    err = truncate_opened(inode, flags);
    if (err < 0) {
        file_put(*file);
        *file = NULL;
    }
    return err;
}

/* The walk has ended at a name that does not exist, and O_CREAT is there. */
static int create_and_open(const struct walk_result *result, u32 flags, u32 mode,
                           struct file **file)
{
    int err;

    if (result->wants_directory)
        return -EISDIR;
    err = node_create_file(result, mode);
    if (err < 0)
        return err;
    return node_open(result->node, flags & ~(u32)(O_TRUNC | O_CREAT), file);
}

static int open_result(const struct walk_result *result, u32 flags, u32 mode, struct file **file)
{
    struct inode *inode = node_inode(result->node);

    if (!inode)
        return (flags & O_CREAT) ? create_and_open(result, flags, mode, file) : -ENOENT;
    if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        return -EEXIST;
    if (result->is_magic)
        return inode->ops->open(inode, flags, file);
    return node_open(result->node, flags, file);
}

int path_find_or_file(struct path_node *base, const char *path, u32 flags, struct path_node **found,
                      struct file **file)
{
    struct walk_result result;
    struct inode *inode;
    int err = path_walk(base, path, flags | WALK_MAGIC, &result);

    *found = NULL;
    *file = NULL;
    if (err < 0)
        return err;
    inode = node_inode(result.node);
    if (inode && !result.is_magic) {
        *found = result.node;
        return 0;
    }
    err = inode ? inode->ops->open(inode, O_PATH, file) : -ENOENT;
    path_node_put(result.node);
    return err;
}

int path_open(struct path_node *base, const char *path, u32 flags, u32 mode, struct file **file)
{
    return path_open_resolved(base, path, flags, mode, 0, file);
}

int path_open_resolved(struct path_node *base, const char *path, u32 flags, u32 mode, u32 resolve,
                       struct file **file)
{
    u32 walk_flags = resolve | (flags & O_PATH ? 0u : WALK_MAGIC);
    bool may_race = (flags & (O_CREAT | O_EXCL)) == O_CREAT;
    struct walk_result result;
    int err = -EEXIST;

    *file = NULL;
    if (flags & O_NOFOLLOW || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        walk_flags |= PATH_NOFOLLOW;
    if (flags & O_DIRECTORY)
        walk_flags |= PATH_DIRECTORY;

    /* Created by another thread between the walk and us: then it is simply there. */
    for (u32 i = 0; i < OPEN_RACES_MAX && err == -EEXIST && (i == 0 || may_race); i++) {
        err = path_walk(base, path, walk_flags, &result);
        if (err < 0)
            return err;
        err = open_result(&result, flags, mode, file);
        path_node_put(result.node);
    }
    return err;
}
