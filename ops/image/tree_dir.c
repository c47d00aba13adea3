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
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LISTING_STEP = 16384,
    LISTING_SIZE_MAX = 1 << 29, /* More than TREE_NODES_MAX names. */
};

/* A directory of this machine on its way into the tree. */
struct dir_copy {
    struct tree *tree;
    struct tree_node *node; /* Where its entries go. */
    const char *source;
    size_t source_len;
    int fd;
    int depth;
    const char *const *except; /* Or NULL. */
};

/* The path of an entry, to be freed. */
static char *entry_path(const struct dir_copy *copy, const char *name)
{
    size_t name_size = strlen(name) + 1;
    char *path = xcalloc(copy->source_len + 1 + name_size, 1);

    memcpy(path, copy->source, copy->source_len);
    path[copy->source_len] = '/';
    memcpy(path + copy->source_len + 1, name, name_size);
    return path;
}

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

/* What is in a directory, sorted: each is then added at the end. */
struct listing {
    char *bytes; /* As getdents64() gave them. */
    size_t len;
    struct dirent64 **entries;
    size_t count;
};

static void listing_fini(struct listing *listing)
{
    free(listing->bytes);
    free(listing->entries);
}

static int listing_read(struct listing *listing, const struct dir_copy *copy, struct err *err)
{
    size_t room = 0;
    ssize_t got;

    do {
        if (room - listing->len < LISTING_STEP) {
            room = room * 2 + LISTING_STEP;
            listing->bytes = xrealloc(listing->bytes, room, 1);
        }
        got = getdents64(copy->fd, listing->bytes + listing->len, room - listing->len);
        if (got < 0)
            return err_set_errno(err, "cannot read directory '%s'", copy->source);
        listing->len += (size_t)got;
    } while (got > 0 && listing->len < LISTING_SIZE_MAX);
    return 0;
}

static struct dirent64 *entry_at(const struct listing *listing, size_t off)
{
    return (struct dirent64 *)(void *)(listing->bytes + off);
}

static int entry_order(const void *left, const void *right)
{
    return strcmp((*(struct dirent64 *const *)left)->d_name,
                  (*(struct dirent64 *const *)right)->d_name);
}

static void listing_sort(struct listing *listing, const struct dir_copy *copy)
{
    size_t max = 0;

    for (size_t off = 0; off < listing->len; off += entry_at(listing, off)->d_reclen)
        max++;
    listing->entries = xcalloc(max, sizeof(struct dirent64 *));
    for (size_t off = 0; off < listing->len; off += entry_at(listing, off)->d_reclen) {
        if (is_wanted(copy, entry_at(listing, off)->d_name))
            listing->entries[listing->count++] = entry_at(listing, off);
    }
    qsort(listing->entries, listing->count, sizeof(struct dirent64 *), entry_order);
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
    return tree_file_set(node, entry_path(copy, name), st, err);
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
    char *source = entry_path(copy, name);
    int status = -1;

    inner.source = source;
    inner.source_len = strlen(source);
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

/* What a file is, when its directory does not tell, or it has attributes that count. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static int looked_at_add(const struct dir_copy *copy, const struct tree_node *child,
                         const char *name, struct err *err)
{
    struct stat st;
    char *source;
    int status;

    if (fstatat(copy->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return err_set_errno(err, "cannot read '%s/%s'", copy->source, name);
    if (child && child->type == TREE_LINK) {
        source = entry_path(copy, name);
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

/* NOLINTNEXTLINE(misc-no-recursion) */
static int entry_add(const struct dir_copy *copy, const struct dirent64 *entry, struct err *err)
{
    const struct tree_node *child = tree_child_find(copy->node, entry->d_name);

    if ((!child || child->type == TREE_DIR) && entry->d_type == DT_DIR)
        return dir_add(copy, entry->d_name, err);
    if (!child && entry->d_type == DT_LNK)
        return link_add(copy, entry->d_name, err);
    return looked_at_add(copy, child, entry->d_name, err);
}

/* Recursion is bounded by TREE_DEPTH_MAX. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static int dir_fill(struct dir_copy *copy, struct err *err)
{
    struct listing listing = { 0 };
    int status = listing_read(&listing, copy, err);

    if (status == 0)
        listing_sort(&listing, copy);
    for (size_t i = 0; i < listing.count && status == 0; i++)
        status = entry_add(copy, listing.entries[i], err);
    listing_fini(&listing);
    return status;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int part_add(struct tree *tree, const char *path, const char *source, int depth,
                    const char *const *except, struct err *err)
{
    struct dir_copy copy = { .tree = tree,
                             .source = source,
                             .source_len = strlen(source),
                             .depth = depth,
                             .except = except };
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
