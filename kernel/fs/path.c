/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking: one component after the other. A symbolic link's target is put in front of what is left
 * of the path, and the walk goes on in that.
 */
#include "kernel/fs/path.h"

#include "abi/linux/errors.h"
#include "abi/linux/stat.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path_node.h"
#include "kernel/mm/heap.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

struct walk {
    struct path_node *at; /* With a reference; positive. */
    const char *rest;     /* What is left of the path. */
    char *buffer;         /* Holds `rest` once a link has been followed; else NULL. */
    u32 links;
    u32 flags;
    struct path_node
        *top; /* PATH_BENEATH, PATH_IN_ROOT: what ".." does not leave, with a reference. */
    const struct filesystem *only; /* PATH_NO_CROSSING: it is mounted once. */
};

static struct path_node *root_node(void)
{
    struct path_node *root = mount_root_node();

    return root ? path_node_get(root) : NULL;
}

static void walk_to(struct walk *walk, struct path_node *node)
{
    struct path_node *before = walk->at;

    walk->at = node;
    path_node_put(before);
}

/* Down into what is mounted on the current node, however often. */
static void cross_mounts(struct walk *walk)
{
    while (walk->at->mounted)
        walk_to(walk, path_node_get(walk->at->mounted));
}

/* After each move: whether the walk may be where it is. */
static int check_crossing(const struct walk *walk)
{
    return walk->only && node_inode(walk->at)->filesystem != walk->only ? -EXDEV : 0;
}

static int walk_up(struct walk *walk)
{
    struct path_node *node = walk->at;
    struct path_node *parent;

    if (node == walk->top)
        return walk->flags & PATH_BENEATH ? -EXDEV : 0;
    while (!node->parent && node->covers) /* Whether it is a root does not change. */
        node = node->covers;
    parent = node_parent(node);
    if (parent)
        walk_to(walk, parent);
    cross_mounts(walk);
    if (walk->top && !node_is_within(walk->at, walk->top))
        return -EAGAIN; /* Moved away under us, or it would have met `top`. */
    return check_crossing(walk);
}

/* The length of the component at `rest`, slashes before it skipped. */
static u32 next_component(struct walk *walk)
{
    u32 len = 0;

    while (*walk->rest == '/')
        walk->rest++;
    while (walk->rest[len] != '\0' && walk->rest[len] != '/')
        len++;
    return len;
}

static bool is_at_end(const char *rest)
{
    while (*rest == '/')
        rest++;
    return *rest == '\0';
}

/* Whether a link, with this target, may be followed in this walk. */
static int check_link(const struct walk *walk, const struct inode *link, const char *target)
{
    bool is_magic = link->ops->open || (link->filesystem->has_magic_links && *target == '/');

    if (walk->flags & PATH_NO_SYMLINKS || (is_magic && walk->flags & PATH_NO_MAGIC_LINKS))
        return -ELOOP;
    if ((is_magic && walk->top) || (*target == '/' && walk->flags & PATH_BENEATH))
        return -EXDEV;
    return 0;
}

/* To where absolute paths begin. */
static int walk_to_root(struct walk *walk)
{
    if (walk->flags & PATH_IN_ROOT) {
        walk_to(walk, path_node_get(walk->top));
    } else {
        walk_to(walk, root_node());
    }
    return check_crossing(walk);
}

/* Replaces what is left by the target of `link` and what is left after it. */
static int follow_link(struct walk *walk, struct inode *link)
{
    size_t rest_len = str_len(walk->rest);
    char *buffer;
    long len;

    if (++walk->links > SYMLINKS_MAX)
        return -ELOOP;
    if (!link->ops->readlink)
        return -EINVAL;
    buffer = heap_alloc(PATH_SIZE_MAX);
    if (!buffer)
        return -ENOMEM;
    len = link->ops->readlink(link, buffer, PATH_SIZE_MAX - 1);
    if (len == 0)
        len = -ENOENT;
    if (len > 0 && (size_t)len + rest_len >= PATH_SIZE_MAX)
        len = -ENAMETOOLONG;
    if (len > 0) {
        int err = check_link(walk, link, buffer);

        len = err < 0 ? err : len;
    }
    if (len < 0) {
        heap_free(buffer);
        return (int)len;
    }
    mem_copy(buffer + len, walk->rest, rest_len + 1);
    heap_free(walk->buffer);
    walk->buffer = buffer;
    walk->rest = buffer;
    return *buffer == '/' ? walk_to_root(walk) : 0;
}

/* A link that is opened by itself: -ELOOP or -EXDEV where the walk must not leave by such. */
static int check_opening(const struct walk *walk)
{
    if (walk->flags & (PATH_NO_SYMLINKS | PATH_NO_MAGIC_LINKS))
        return -ELOOP;
    return walk->top || walk->only ? -EXDEV : 0;
}

/* Whether `child`, the last component or not, is a link to follow now. */
static bool is_to_follow(const struct walk *walk, const struct path_node *child, bool is_last,
                         bool wants_directory)
{
    struct inode *inode = node_inode(child);

    if (!inode || inode_type(inode) != S_IFLNK)
        return false;
    if (is_last && walk->flags & WALK_NAME_ITSELF)
        return false;
    return !is_last || wants_directory || !(walk->flags & PATH_NOFOLLOW);
}

/*
 * One step to the component `name`. Sets `result` when it was the last one; else the walk goes on.
 */
static int walk_step(struct walk *walk, const char *name, u32 len, struct walk_result *result)
{
    struct path_node *child;
    bool wants_directory;
    bool is_last;
    u32 moves;
    int err;

    err = node_child(walk->at, name, len, &child, &moves);
    if (err < 0)
        return err;
    walk->rest = name + len;
    wants_directory = *walk->rest == '/';
    is_last = is_at_end(walk->rest);

    if (is_to_follow(walk, child, is_last, wants_directory)) {
        struct inode *inode = node_inode(child);

        if (is_last && inode->ops->open && (walk->flags & WALK_MAGIC) && !wants_directory) {
            err = check_opening(walk);
            if (err < 0) {
                path_node_put(child);
                return err;
            }
            *result = (struct walk_result){ .node = child, .is_magic = true };
            return 0;
        }
        err = follow_link(walk, inode);
        path_node_put(child);
        return err;
    }
    if (!is_last && !node_inode(child)) {
        path_node_put(child);
        return -ENOENT;
    }
    if (is_last && !node_inode(child)) {
        *result = (struct walk_result){ .node = child,
                                        .moves = moves,
                                        .wants_directory = wants_directory };
        return 0;
    }

    walk_to(walk, child);
    cross_mounts(walk);
    err = check_crossing(walk);
    if (err == 0 && is_last) {
        *result = (struct walk_result){ .node = path_node_get(walk->at),
                                        .moves = moves,
                                        .wants_directory = wants_directory };
    }
    return err;
}

static int walk_on(struct walk *walk, struct walk_result *result)
{
    enum walk_last last = WALK_DOT;
    int err = 0;

    while (err == 0 && !result->node) {
        u32 len = next_component(walk);
        const char *name = walk->rest;

        if (len == 0) {
            /* "/", or a path that ended in "." or "..". */
            *result = (struct walk_result){ .node = path_node_get(walk->at), .last = last };
        } else if (inode_type(node_inode(walk->at)) != S_IFDIR) {
            err = -ENOTDIR;
        } else if (len == 1 && name[0] == '.') {
            walk->rest += len;
            last = WALK_DOT;
        } else if (len == 2 && name[0] == '.' && name[1] == '.') {
            walk->rest += len;
            err = walk_up(walk);
            last = WALK_DOTDOT;
        } else {
            err = walk_step(walk, name, len, result);
            last = WALK_DOT;
        }
    }
    return err;
}

/* A path that wants a directory and found something else. */
static int check_directory(const struct walk *walk, const struct walk_result *result)
{
    struct inode *inode = node_inode(result->node);

    if (!inode || result->is_magic)
        return 0;
    if ((result->wants_directory || (walk->flags & PATH_DIRECTORY)) && inode_type(inode) != S_IFDIR)
        return -ENOTDIR;
    return 0;
}

/* Finds the place where the walk begins. Sets `at` to it, or to NULL. */
static int walk_begin(struct walk *walk, struct path_node *base)
{
    bool is_absolute = *walk->rest == '/';

    if (is_absolute && walk->flags & PATH_BENEATH)
        return -EXDEV;
    if (is_absolute && !(walk->flags & PATH_IN_ROOT)) {
        walk->at = root_node();
    } else {
        walk->at = base ? path_node_get(base) : path_current();
    }
    if (!walk->at)
        return -ENOENT;
    if (walk->flags & (PATH_BENEATH | PATH_IN_ROOT))
        walk->top = path_node_get(walk->at);
    if (walk->flags & PATH_NO_CROSSING)
        walk->only = node_inode(walk->at)->filesystem;
    return 0;
}

int path_walk(struct path_node *base, const char *path, u32 flags, struct walk_result *result)
{
    struct walk walk = { .rest = path, .flags = flags };
    int err;

    mem_zero(result, sizeof(*result));
    if (*path == '\0' && !(flags & PATH_EMPTY))
        return -ENOENT;
    if (str_len_max(path, PATH_SIZE_MAX) == PATH_SIZE_MAX)
        return -ENAMETOOLONG;

    err = walk_begin(&walk, base);
    if (err < 0)
        return err;
    if (*path == '\0') {
        *result = (struct walk_result){ .node = path_node_get(walk.at), .last = WALK_DOT };
        err = 0;
    } else {
        err = walk_on(&walk, result);
    }
    if (err == 0)
        err = check_directory(&walk, result);
    if (err < 0 && result->node) {
        path_node_put(result->node);
        result->node = NULL;
    }
    path_node_put(walk.at);
    path_node_put(walk.top);
    heap_free(walk.buffer);
    return err;
}

int path_find(struct path_node *base, const char *path, u32 flags, struct path_node **found)
{
    struct walk_result result;
    int err = path_walk(base, path, flags, &result);

    *found = NULL;
    if (err < 0)
        return err;
    if (!node_inode(result.node)) {
        path_node_put(result.node);
        return -ENOENT;
    }
    *found = result.node;
    return 0;
}
