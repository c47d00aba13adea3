/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories that are copied whole. There can be many files in them, so each costs one look, from
 * the directory it is in, and its node is put where it belongs without a walk from the top.
 */
#include "host/err.h"
#include "host/xmem.h"
#include "ops/image/tree.h"
#include "ops/image/tree_inner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A directory of this machine on its way into the tree. */
struct dir_copy {
    struct tree *tree;
    struct tree_node *node; /* Where its entries go. */
    const char *source;
    int fd;
    int depth;
    const char *const *except; /* Or NULL. */
};

static bool is_wanted(const struct dir_copy *copy, const char *name)
{
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    for (const char *const *except = copy->except; except && *except; except++) {
        if (fnmatch(*except, name, 0) == 0)
            return false;
    }
    return true;
}

static int name_order(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* The names in a directory, sorted: each is then added at the end. */
struct names {
    char **items;
    size_t count;
};

static void names_fini(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
}

static int names_read(struct names *names, const struct dir_copy *copy, struct err *err)
{
    int fd = dup(copy->fd);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    size_t room = 0;
    int status = 0;

    *names = (struct names){ 0 };
    if (!dir) {
        err_set_errno(err, "cannot read directory '%s'", copy->source);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    while (names->count < TREE_NODES_MAX) {
        errno = 0;
        entry = readdir(dir);
        if (!entry && errno != 0)
            status = err_set_errno(err, "cannot read directory '%s'", copy->source);
        if (!entry)
            break;
        if (!is_wanted(copy, entry->d_name))
            continue;
        if (names->count == room) {
            room = room * 2 + 16;
            names->items = xrealloc(names->items, room, sizeof(*names->items));
        }
        names->items[names->count++] = xstrdup(entry->d_name);
    }
    closedir(dir);
    if (names->count > 1)
        qsort(names->items, names->count, sizeof(*names->items), name_order);
    return status;
}

/* Finds or makes the node of an entry. NULL with `err` set: something else is there. */
static struct tree_node *node_make(const struct dir_copy *copy, const char *name,
                                   enum tree_type type, struct err *err)
{
    struct tree_node *node = tree_child_find(copy->node, name);

    if (!node && copy->tree->count < TREE_NODES_MAX)
        node = tree_child_add(copy->tree, copy->node, name, type);
    if (node && node->type == type)
        return node;
    err_set(err, "cannot put '%s/%s' into the image: %s", copy->source, name,
            node ? "something else is there" : "there are too many files");
    return NULL;
}

static int file_add(const struct dir_copy *copy, const char *name, const struct stat *st,
                    struct err *err)
{
    struct tree_node *node;

    /* Where everybody may read, there is no need to ask. */
    if ((st->st_mode & 0444) != 0444 && faccessat(copy->fd, name, R_OK, 0) < 0)
        return err_set_errno(err, "cannot read '%s/%s'", copy->source, name);
    node = node_make(copy, name, TREE_FILE, err);
    if (!node)
        return -1;
    if (copy->tree->keeps && (node->source || node->text))
        return 0;
    return tree_file_set(node, xasprintf("%s/%s", copy->source, name), st, err);
}

static int link_add(const struct dir_copy *copy, const char *name, struct err *err)
{
    char target[PATH_MAX];
    ssize_t len = readlinkat(copy->fd, name, target, sizeof(target));
    struct tree_node *node;

    if (len <= 0 || (size_t)len >= sizeof(target))
        return err_set_errno(err, "cannot read link '%s/%s'", copy->source, name);
    if (tree_child_find(copy->node, name))
        return 0;
    node = node_make(copy, name, TREE_LINK, err);
    if (!node)
        return -1;
    node->mode = 0777;
    node->text = xstrndup(target, (size_t)len);
    node->size = strlen(node->text);
    return 0;
}

static int part_add(struct tree *tree, const char *path, const char *source, int depth,
                    const char *const *except, struct err *err);

/* Where a link is in the tree already, what the image's user sees behind it counts. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static int behind_link_add(const struct dir_copy *copy, const struct tree_node *link,
                           const char *source, const struct stat *st, struct err *err)
{
    char *path = tree_path(link);
    int status = 0;

    if (S_ISDIR(st->st_mode)) {
        status = part_add(copy->tree, path, source, copy->depth + 1, NULL, err);
    } else if (S_ISREG(st->st_mode)) {
        status = tree_add_file(copy->tree, path, source, err);
    }
    free(path);
    return status;
}

static int dir_fill(struct dir_copy *copy, struct err *err);

/* NOLINTNEXTLINE(misc-no-recursion) */
static int dir_add(const struct dir_copy *copy, const char *name, struct err *err)
{
    struct dir_copy inner = { .tree = copy->tree, .depth = copy->depth + 1 };
    char *source = xasprintf("%s/%s", copy->source, name);
    int status = -1;

    inner.source = source;
    inner.fd = openat(copy->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (inner.depth > TREE_DEPTH_MAX) {
        err_set(err, "'%s' lies too deep", source);
    } else if (inner.fd < 0) {
        err_set_errno(err, "cannot read directory '%s'", source);
    } else {
        inner.node = node_make(copy, name, TREE_DIR, err);
        status = inner.node ? dir_fill(&inner, err) : -1;
    }
    if (inner.fd >= 0)
        close(inner.fd);
    free(source);
    return status;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int entry_add(const struct dir_copy *copy, const char *name, struct err *err)
{
    const struct tree_node *child = tree_child_find(copy->node, name);
    struct stat st;
    int status;

    if (fstatat(copy->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return err_set_errno(err, "cannot read '%s/%s'", copy->source, name);
    if (child && child->type == TREE_LINK) {
        char *source = xasprintf("%s/%s", copy->source, name);

        status = behind_link_add(copy, child, source, &st, err);
        free(source);
        return status;
    }
    if (S_ISDIR(st.st_mode))
        return dir_add(copy, name, err);
    if (S_ISREG(st.st_mode))
        return file_add(copy, name, &st, err);
    if (S_ISLNK(st.st_mode))
        return link_add(copy, name, err);
    return 0; /* Sockets, devices and pipes are passed over. */
}

/* Recursion is bounded by TREE_DEPTH_MAX. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static int dir_fill(struct dir_copy *copy, struct err *err)
{
    struct names names;
    int status = names_read(&names, copy, err);

    for (size_t i = 0; i < names.count && status == 0; i++)
        status = entry_add(copy, names.items[i], err);
    names_fini(&names);
    return status;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int part_add(struct tree *tree, const char *path, const char *source, int depth,
                    const char *const *except, struct err *err)
{
    struct dir_copy copy = { .tree = tree, .source = source, .depth = depth, .except = except };
    int status;

    if (depth > TREE_DEPTH_MAX)
        return err_set(err, "'%s' lies too deep", source);
    if (tree_add_dir(tree, path, err) < 0)
        return -1;
    copy.node = tree_find(tree, path);
    copy.fd = open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (copy.fd < 0)
        return err_set_errno(err, "cannot read directory '%s'", source);
    status = dir_fill(&copy, err);
    close(copy.fd);
    return status;
}

int tree_add_host_part(struct tree *tree, const char *path, const char *source,
                       const char *const *except, struct err *err)
{
    return part_add(tree, path, source, 0, except, err);
}

int tree_add_host_dir(struct tree *tree, const char *path, const char *source, struct err *err)
{
    return part_add(tree, path, source, 0, NULL, err);
}
