/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of the tree of names. Each walks to the place first; then, with the names lock held for
 * writing, it looks whether the place is still what it was, asks the filesystem, and brings the
 * cache up to date. When another thread has changed the place meanwhile, it walks again: of several
 * that rename one name, one succeeds, and nobody removes what has come to be called otherwise.
 */
#include "abi/linux/errors.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/stat.h"
#include "kernel/core/mutex.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path.h"
#include "kernel/fs/path_node.h"
#include "lib/base/types.h"

enum {
    /* How often a place may change under us. Each time is somebody else's success. */
    RACES_MAX = 64,
};

/* What a name that does not exist yet may become. */
struct making {
    enum {
        MAKE_FILE,
        MAKE_DIRECTORY,
        MAKE_SYMLINK,
        MAKE_LINK
    } kind;
    u32 mode;
    u64 device;
    const char *target;
    struct inode *inode; /* To link. */
};

static int make_inode(struct inode *dir, const char *name, u32 len, const struct making *making,
                      struct inode **inode)
{
    const struct inode_ops *ops = dir->ops;

    if (dir->filesystem->read_only)
        return -EROFS;
    switch (making->kind) {
    case MAKE_FILE:
        return ops->create ? ops->create(dir, name, len, making->mode, making->device, inode)
                           : -EROFS;
    case MAKE_DIRECTORY:
        return ops->mkdir ? ops->mkdir(dir, name, len, making->mode, inode) : -EROFS;
    case MAKE_SYMLINK:
        return ops->symlink ? ops->symlink(dir, name, len, making->target, inode) : -EROFS;
    case MAKE_LINK:
        if (dir->filesystem != making->inode->filesystem)
            return -EXDEV;
        *inode = making->inode;
        return ops->link ? ops->link(dir, name, len, making->inode) : -EROFS;
    }
    return -EINVAL;
}

/* Whether nothing was renamed to the place of a negative node. */
static bool was_negative(const struct walk_result *place)
{
    return node_inode(place->node->parent)->filesystem->uncached ||
           node_is_in_place(place->node, place->moves);
}

/* Makes of a place without anything what `making` says. -EEXIST when somebody was faster. */
static int node_make(const struct walk_result *place, const struct making *making)
{
    struct path_node *node = place->node;
    struct inode *inode;
    int err;

    rwlock_write_lock(names_lock());
    if (node_inode(node) || !was_negative(place)) {
        err = -EEXIST;
    } else if (node->parent->flags & NODE_DELETED) {
        err = -ENOENT;
    } else {
        err = make_inode(node_inode(node->parent), node->name, node->name_len, making, &inode);
        if (err == 0 && making->kind == MAKE_LINK)
            inode_get(inode);
        if (err == 0) {
            node_set_inode(node, inode);
        } else if (err == -EEXIST) {
            node_unhash(node, false); /* The cache was wrong: ask again next time. */
        }
    }
    rwlock_write_unlock(names_lock());
    return err;
}

static int path_make(struct path_node *base, const char *path, const struct making *making,
                     struct path_node **made)
{
    struct walk_result result;
    int err = path_walk(base, path, PATH_NOFOLLOW, &result);

    if (err < 0)
        return err;
    if (node_inode(result.node)) {
        err = -EEXIST;
    } else if (result.wants_directory && making->kind != MAKE_DIRECTORY) {
        err = -ENOENT;
    } else {
        err = node_make(&result, making);
    }
    if (err == 0 && made) {
        *made = result.node;
    } else {
        path_node_put(result.node);
    }
    return err;
}

int path_mkdir(struct path_node *base, const char *path, u32 mode)
{
    struct making making = { .kind = MAKE_DIRECTORY, .mode = S_IFDIR | (mode & 01777) };

    return path_make(base, path, &making, NULL);
}

int path_create(struct path_node *base, const char *path, u32 mode, u64 device,
                struct path_node **created)
{
    struct making making = { .kind = MAKE_FILE, .mode = mode, .device = device };

    return path_make(base, path, &making, created);
}

int path_symlink(struct path_node *base, const char *path, const char *target)
{
    struct making making = { .kind = MAKE_SYMLINK, .target = target };

    if (*target == '\0')
        return -ENOENT;
    return path_make(base, path, &making, NULL);
}

int path_link(struct path_node *from, struct path_node *base, const char *path)
{
    struct making making = { .kind = MAKE_LINK, .inode = path_node_inode(from) };

    if (inode_type(making.inode) == S_IFDIR)
        return -EPERM;
    return path_make(base, path, &making, NULL);
}

int node_create_file(const struct walk_result *place, u32 mode)
{
    struct making making = { .kind = MAKE_FILE, .mode = S_IFREG | (mode & 07777) };

    return node_make(place, &making);
}

/* ---- Removing. ---- */

static int remove_allowed(const struct path_node *node, bool directory)
{
    struct inode *inode = node_inode(node);

    if (!inode)
        return -ENOENT;
    if (node->mounted || !node->parent)
        return -EBUSY;
    if (inode->filesystem->read_only)
        return -EROFS;
    if (directory && inode_type(inode) != S_IFDIR)
        return -ENOTDIR;
    if (!directory && inode_type(inode) == S_IFDIR)
        return -EISDIR;
    return 0;
}

/* -ESTALE when the place is no longer what the walk found. */
static int node_remove(const struct walk_result *place, bool directory)
{
    struct path_node *node = place->node;
    struct inode *dir;
    int err;

    rwlock_write_lock(names_lock());
    err = remove_allowed(node, directory);
    if (err == 0 && !node_is_in_place(node, place->moves))
        err = -ESTALE;
    if (err == 0) {
        int (*remove)(struct inode *, const char *, u32, struct inode *);

        dir = node_inode(node->parent);
        remove = directory ? dir->ops->rmdir : dir->ops->unlink;
        err = remove ? remove(dir, node->name, node->name_len, node_inode(node)) : -EROFS;
    }
    if (err == 0)
        node_unhash(node, true);
    rwlock_write_unlock(names_lock());
    return err;
}

/* -ENOENT after too many races: at some moment that was true. */
static bool is_to_repeat(int *err, u32 tries)
{
    if (*err != -ESTALE)
        return false;
    if (tries < RACES_MAX)
        return true;
    *err = -ENOENT;
    return false;
}

static int unlink_once(struct path_node *base, const char *path)
{
    struct walk_result result;
    int err = path_walk(base, path, WALK_NAME_ITSELF, &result);

    if (err < 0)
        return err;
    if (result.last != WALK_NAME) {
        err = -EISDIR;
    } else if (result.wants_directory && node_inode(result.node)) {
        err = inode_type(node_inode(result.node)) == S_IFDIR ? -EISDIR : -ENOTDIR;
    } else {
        err = node_remove(&result, false);
    }
    path_node_put(result.node);
    return err;
}

int path_unlink(struct path_node *base, const char *path)
{
    u32 tries = 0;
    int err;

    do {
        err = unlink_once(base, path);
    } while (is_to_repeat(&err, ++tries));
    return err;
}

static int rmdir_once(struct path_node *base, const char *path)
{
    struct walk_result result;
    int err = path_walk(base, path, WALK_NAME_ITSELF, &result);

    if (err < 0)
        return err;
    if (result.last == WALK_DOT) {
        err = result.node->parent ? -EINVAL : -EBUSY;
    } else if (result.last == WALK_DOTDOT) {
        err = -ENOTEMPTY;
    } else {
        err = node_remove(&result, true);
    }
    path_node_put(result.node);
    return err;
}

int path_rmdir(struct path_node *base, const char *path)
{
    u32 tries = 0;
    int err;

    do {
        err = rmdir_once(base, path);
    } while (is_to_repeat(&err, ++tries));
    return err;
}

/* ---- Renaming. ---- */

static int rename_types(const struct inode *from, const struct inode *to)
{
    bool from_directory = inode_type(from) == S_IFDIR;
    bool to_directory = to && inode_type(to) == S_IFDIR;

    if (!to || from_directory == to_directory)
        return 0;
    return from_directory ? -ENOTDIR : -EISDIR;
}

/* Everything that can be wrong and is not the filesystem's business. Names lock held. */
static int rename_allowed(const struct path_node *from, const struct path_node *to, u32 flags)
{
    const struct inode *inode = node_inode(from);
    const struct inode *target = node_inode(to);

    if (!inode)
        return -ENOENT;
    if (!from->parent || !to->parent || from->mounted || to->mounted)
        return -EBUSY;
    if (to->parent->flags & NODE_DELETED)
        return -ENOENT;
    if (node_inode(from->parent)->filesystem != node_inode(to->parent)->filesystem)
        return -EXDEV;
    if (inode->filesystem->read_only)
        return -EROFS;
    if ((flags & RENAME_NOREPLACE) && target)
        return -EEXIST;
    if ((flags & RENAME_EXCHANGE) && !target)
        return -ENOENT;
    if (node_is_below(to, from))
        return to == from ? 0 : -EINVAL;
    if (node_is_below(from, to))
        return (flags & RENAME_EXCHANGE) ? -EINVAL : -ENOTEMPTY;
    return (flags & RENAME_EXCHANGE) ? 0 : rename_types(inode, target);
}

/* -ESTALE when one of the places is no longer what the walk found. */
static int node_rename(const struct walk_result *old, const struct walk_result *new, u32 flags)
{
    bool exchange = (flags & RENAME_EXCHANGE) != 0;
    struct path_node *from = old->node;
    struct path_node *to = new->node;
    struct inode *dir;
    int err;

    rwlock_write_lock(names_lock());
    err = rename_allowed(from, to, flags);
    if (err == 0 && (!node_is_in_place(from, old->moves) || !node_is_in_place(to, new->moves)))
        err = -ESTALE;
    dir = err == 0 ? node_inode(from->parent) : NULL;
    if (dir && node_inode(from) != node_inode(to)) {
        err = dir->ops->rename ? dir->ops->rename(dir, from->name, from->name_len, node_inode(from),
                                                  node_inode(to->parent), to->name, to->name_len,
                                                  node_inode(to), exchange ? RENAME_EXCHANGE : 0)
                               : -EROFS;
        if (err == 0)
            node_move(from, to, exchange);
    }
    rwlock_write_unlock(names_lock());
    return err;
}

static int rename_slashes(const struct walk_result *from, const struct walk_result *to)
{
    const struct inode *inode = node_inode(from->node);

    if (from->last != WALK_NAME || to->last != WALK_NAME)
        return -EBUSY;
    if ((from->wants_directory || to->wants_directory) && inode && inode_type(inode) != S_IFDIR)
        return -ENOTDIR;
    return 0;
}

static int rename_once(struct path_node *from_base, const char *from, struct path_node *to_base,
                       const char *to, u32 flags)
{
    struct walk_result old;
    struct walk_result new;
    int err;

    err = path_walk(from_base, from, WALK_NAME_ITSELF, &old);
    if (err < 0)
        return err;
    err = path_walk(to_base, to, WALK_NAME_ITSELF, &new);
    if (err == 0) {
        err = rename_slashes(&old, &new);
        if (err == 0)
            err = node_rename(&old, &new, flags);
        path_node_put(new.node);
    }
    path_node_put(old.node);
    return err;
}

int path_rename(struct path_node *from_base, const char *from, struct path_node *to_base,
                const char *to, u32 flags)
{
    u32 tries = 0;
    int err;

    if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) ||
        flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
        return -EINVAL;
    do {
        err = rename_once(from_base, from, to_base, to, flags);
    } while (is_to_repeat(&err, ++tries));
    return err;
}
