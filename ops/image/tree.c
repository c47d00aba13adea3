/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/image/tree.h"

#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "ops/image/tree_inner.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void tree_init(struct tree *tree)
{
    *tree = (struct tree){ .root = { .name = "", .type = TREE_DIR, .mode = 0755 } };
    tree->root.parent = &tree->root;
}

/* Children before their directory, without recursion: the last child of each goes first. */
void tree_fini(struct tree *tree)
{
    struct tree_node *node = &tree->root;

    if (!node->parent) /* Never filled in. */
        return;
    for (;;) {
        struct tree_node *parent = node->parent;

        if (node->child_count > 0) {
            node = node->children[node->child_count - 1];
            continue;
        }
        free(node->source);
        free(node->text);
        free(node->children);
        if (node == &tree->root)
            return;
        parent->child_count--;
        free(node);
        node = parent;
    }
}

/* Whether `name` comes behind all children: so it is while a sorted list is added. */
static bool is_behind(const struct tree_node *dir, const char *name)
{
    return dir->child_count == 0 || strcmp(dir->children[dir->child_count - 1]->name, name) < 0;
}

/* The index of the child called `name`, or of the one it would have to precede. */
static size_t child_index(const struct tree_node *dir, const char *name, bool *found)
{
    size_t lo = 0;
    size_t hi = dir->child_count;

    *found = false;
    if (is_behind(dir, name))
        return hi;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        int order = strcmp(dir->children[middle]->name, name);

        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0) {
            lo = middle + 1;
        } else {
            hi = middle;
        }
    }
    return lo;
}

struct tree_node *tree_child_find(const struct tree_node *dir, const char *name)
{
    bool found;
    size_t index = child_index(dir, name, &found);

    return found ? dir->children[index] : NULL;
}

struct tree_node *tree_child_add(struct tree *tree, struct tree_node *dir, const char *name,
                                 enum tree_type type)
{
    size_t name_size = strlen(name) + 1;
    struct tree_node *node = xcalloc(1, sizeof(*node) + name_size);
    bool found;
    size_t index = child_index(dir, name, &found);

    if (dir->child_count == dir->child_room) {
        dir->child_room = dir->child_room * 2 + 4;
        dir->children = xrealloc(dir->children, dir->child_room, sizeof(struct tree_node *));
    }
    for (size_t i = dir->child_count; i > index; i--) {
        dir->children[i] = dir->children[i - 1];
        dir->children[i]->index = i;
    }
    dir->children[index] = node;
    dir->child_count++;
    tree->count++;
    node->name = memcpy(node + 1, name, name_size);
    node->type = type;
    node->index = index;
    node->parent = dir;
    node->mode = type == TREE_DIR ? 0755 : 0644;
    return node;
}

/* A path that is being walked: its next part, and what is left when links have been put in. */
struct walk {
    char *left; /* Owned. */
    char name[TREE_NAME_MAX + 1];
    int links;
};

static void walk_init(struct walk *walk, const char *path)
{
    *walk = (struct walk){ .left = xstrdup(path) };
}

static void walk_fini(struct walk *walk)
{
    free(walk->left);
}

/* Moves the next part to `walk->name`. Returns 1, 0 at the end, or -1: the name is too long. */
static int walk_next(struct walk *walk)
{
    const char *start = walk->left + strspn(walk->left, "/");
    size_t len = strcspn(start, "/");

    if (len > TREE_NAME_MAX)
        return -1;
    memcpy(walk->name, start, len);
    walk->name[len] = '\0';
    memmove(walk->left, start + len, strlen(start + len) + 1);
    return len > 0;
}

/* Goes on at `target`, then with what was left. Returns false when there were too many links. */
static bool walk_link(struct walk *walk, const char *target)
{
    char *left = xasprintf("%s/%s", target, walk->left);

    free(walk->left);
    walk->left = left;
    return ++walk->links <= TREE_LINKS_MAX;
}

static bool is_dot(const char *name)
{
    return strcmp(name, ".") == 0;
}

static bool is_dot_dot(const char *name)
{
    return strcmp(name, "..") == 0;
}

/*
 * Walks to the directory that holds the last part of `path`, whose name is left in `walk`. Follows
 * links, the last part included if it is one. Directories on the way are made if `tree` may change.
 */
static struct tree_node *dir_reach(struct tree *tree, struct walk *walk, bool make)
{
    struct tree_node *dir = &tree->root;
    struct tree_node *child;

    for (;;) {
        if (walk_next(walk) <= 0)
            return NULL;
        if (is_dot(walk->name))
            continue;
        if (is_dot_dot(walk->name)) {
            dir = dir->parent;
            continue;
        }
        child = tree_child_find(dir, walk->name);
        if (child && child->type == TREE_LINK) {
            if (!walk_link(walk, child->text))
                return NULL;
            if (child->text[0] == '/')
                dir = &tree->root;
            continue;
        }
        if (walk->left[strspn(walk->left, "/")] == '\0')
            return dir;
        if (!child && make)
            child = tree_child_add(tree, dir, walk->name, TREE_DIR);
        if (!child || child->type != TREE_DIR)
            return NULL;
        dir = child;
    }
}

struct tree_node *tree_find(struct tree *tree, const char *path)
{
    struct walk walk;
    struct tree_node *dir;
    struct tree_node *found = NULL;

    if (path[strspn(path, "/")] == '\0')
        return &tree->root;
    walk_init(&walk, path);
    dir = dir_reach(tree, &walk, false);
    if (dir)
        found = tree_child_find(dir, walk.name);
    walk_fini(&walk);
    return found;
}

/* Finds or makes a node of a type at `path`. NULL with `err` set: something else is in the way. */
static struct tree_node *node_make(struct tree *tree, const char *path, enum tree_type type,
                                   struct err *err)
{
    struct walk walk;
    struct tree_node *dir;
    struct tree_node *node = NULL;

    walk_init(&walk, path);
    dir = dir_reach(tree, &walk, true);
    if (dir)
        node = tree_child_find(dir, walk.name);
    if (dir && !node && tree->count < TREE_NODES_MAX)
        node = tree_child_add(tree, dir, walk.name, type);
    walk_fini(&walk);

    if (!node) {
        err_set(err, "cannot put '%s' into the image: no directory can be there", path);
    } else if (node->type != type) {
        err_set(err, "cannot put '%s' into the image: something else is there", path);
    }
    return node && node->type == type ? node : NULL;
}

int tree_add_dir(struct tree *tree, const char *path, struct err *err)
{
    if (path[strspn(path, "/")] == '\0')
        return 0;
    return node_make(tree, path, TREE_DIR, err) ? 0 : -1;
}

/* Set-user-ID means nothing in an image. */
int tree_file_set(struct tree_node *node, char *source, const struct stat *st, struct err *err)
{
    free(node->source);
    free(node->text);
    node->source = source;
    node->text = NULL;
    node->size = (uint64_t)st->st_size;
    node->mode = st->st_mode & 0777;
    tree_stamp_set(&node->stamp, st);
    return node->size > TREE_FILE_SIZE_MAX
               ? err_set(err, "'%s' is larger than a file in an image can be", source)
               : 0;
}

void tree_stamp_set(struct tree_stamp *stamp, const struct stat *st)
{
    *stamp = (struct tree_stamp){
        .device = st->st_dev,
        .inode = st->st_ino,
        .size = (uint64_t)st->st_size,
        .modified_s = st->st_mtim.tv_sec,
        .modified_ns = st->st_mtim.tv_nsec,
        .changed_s = st->st_ctim.tv_sec,
        .changed_ns = st->st_ctim.tv_nsec,
    };
}

bool tree_stamp_is(const struct tree_stamp *stamp, const char *path)
{
    struct tree_stamp now;
    struct stat st;

    if (stat(path, &st) < 0)
        return false;
    tree_stamp_set(&now, &st);
    return memcmp(&now, stamp, sizeof(now)) == 0;
}

int tree_add_file(struct tree *tree, const char *path, const char *source, struct err *err)
{
    struct tree_node *node;
    struct stat st;

    if (stat(source, &st) < 0)
        return err_set_errno(err, "cannot read '%s'", source);
    if (!S_ISREG(st.st_mode))
        return err_set(err, "'%s' is not a regular file", source);
    if (access(source, R_OK) < 0)
        return err_set_errno(err, "cannot read '%s'", source);
    node = node_make(tree, path, TREE_FILE, err);
    if (!node)
        return -1;
    if (tree->keeps && (node->source || node->text))
        return 0;
    return tree_file_set(node, xstrdup(source), &st, err);
}

int tree_add_bytes(struct tree *tree, const char *path, const void *bytes, size_t size,
                   struct err *err)
{
    struct tree_node *node;

    if (tree_find(tree, path))
        return 0;
    node = node_make(tree, path, TREE_FILE, err);
    if (!node)
        return -1;
    node->text = xcalloc(size, 1);
    if (size > 0)
        memcpy(node->text, bytes, size);
    node->size = size;
    return 0;
}

int tree_add_text(struct tree *tree, const char *path, const char *text, struct err *err)
{
    return tree_add_bytes(tree, path, text, strlen(text), err);
}

/* Puts a link at the end of `path`, whose directories are there. */
static int link_add(struct tree *tree, const char *dir_path, const char *name, const char *target,
                    struct err *err)
{
    struct tree_node *dir = tree_find(tree, dir_path);
    struct tree_node *node;

    if (!dir || dir->type != TREE_DIR)
        return err_set(err, "cannot put '%s/%s' into the image: no directory", dir_path, name);
    if (tree_child_find(dir, name))
        return 0;
    node = tree_child_add(tree, dir, name, TREE_LINK);
    node->mode = 0777;
    node->text = xstrdup(target);
    node->size = strlen(target);
    return 0;
}

static char *link_read(const char *path, struct err *err)
{
    char target[PATH_MAX];
    ssize_t len = readlink(path, target, sizeof(target));

    if (len <= 0 || (size_t)len >= sizeof(target)) {
        err_set_errno(err, "cannot read link '%s'", path);
        return NULL;
    }
    return xstrndup(target, (size_t)len);
}

/* One part of tree_add_host(): what `host` is, and what that does to `*real`, the path so far. */
static int host_step(struct tree *tree, struct walk *walk, const char *host, char **real,
                     struct err *err)
{
    struct stat st;
    char *target;
    char *longer;
    int status;

    if (lstat(host, &st) < 0)
        return err_set_errno(err, "cannot read '%s'", host);
    if (S_ISLNK(st.st_mode)) {
        target = link_read(host, err);
        if (!target)
            return -1;
        status = link_add(tree, *real, walk->name, target, err);
        if (status == 0 && !walk_link(walk, target))
            status = err_set(err, "too many symbolic links at '%s'", host);
        if (target[0] == '/')
            **real = '\0';
        free(target);
        return status;
    }
    longer = xasprintf("%s/%s", *real, walk->name);
    free(*real);
    *real = longer;
    if (S_ISDIR(st.st_mode))
        return tree_add_dir(tree, longer, err);
    if (walk->left[strspn(walk->left, "/")] != '\0')
        return err_set(err, "'%s' is not a directory", host);
    return tree_add_file(tree, longer, host, err);
}

static int host_walk(struct tree *tree, const char *root, struct walk *walk, char **real,
                     struct err *err)
{
    for (;;) {
        int more = walk_next(walk);
        char *host;
        char *slash;
        int status;

        if (more < 0)
            return err_set(err, "a name in a path is too long");
        if (more == 0)
            return 0;
        if (is_dot(walk->name))
            continue;
        if (is_dot_dot(walk->name)) {
            slash = strrchr(*real, '/');
            if (slash)
                *slash = '\0';
            continue;
        }
        host = xasprintf("%s%s/%s", strcmp(root, "/") == 0 ? "" : root, *real, walk->name);
        status = host_step(tree, walk, host, real, err);
        free(host);
        if (status < 0)
            return -1;
    }
}

int tree_add_host(struct tree *tree, const char *root, const char *path, char **real,
                  struct err *err)
{
    struct walk walk;
    char *reached = xstrdup("");
    int status;

    walk_init(&walk, path);
    status = host_walk(tree, root, &walk, &reached, err);
    walk_fini(&walk);
    if (status == 0 && real) {
        *real = reached;
    } else {
        free(reached);
    }
    return status;
}

int tree_add_link(struct tree *tree, const char *path, const char *target, struct err *err)
{
    char *dir = path_dir(path);
    int status = tree_add_dir(tree, dir, err);

    if (status == 0)
        status = link_add(tree, dir, path_base(path), target, err);
    free(dir);
    return status;
}

/* The node after `node`, parents first, within `top`. NULL: there is none. */
static struct tree_node *node_next(const struct tree_node *top, struct tree_node *node)
{
    if (node->child_count > 0)
        return node->children[0];
    while (node != top) {
        struct tree_node *parent = node->parent;

        if (node->index + 1 < parent->child_count)
            return parent->children[node->index + 1];
        node = parent;
    }
    return NULL;
}

int tree_walk_below(struct tree_node *top,
                    int (*fn)(struct tree_node *node, void *context, struct err *err),
                    void *context, struct err *err)
{
    for (struct tree_node *node = node_next(top, top); node; node = node_next(top, node)) {
        if (fn(node, context, err) < 0)
            return -1;
    }
    return 0;
}

int tree_walk(struct tree *tree, int (*fn)(struct tree_node *node, void *context, struct err *err),
              void *context, struct err *err)
{
    return tree_walk_below(&tree->root, fn, context, err);
}

char *tree_path(const struct tree_node *node)
{
    char *path = xasprintf("/%s", node->name);

    while (node->parent->parent != node->parent) {
        char *longer;

        node = node->parent;
        longer = xasprintf("/%s%s", node->name, path);
        free(path);
        path = longer;
    }
    return path;
}
