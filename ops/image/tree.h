/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What goes into an image's root filesystem: a tree of directories, files and symbolic links, each
 * with where its content comes from. Nothing is read but attributes; the content follows when the
 * image is written. Children are sorted by name, so the same inputs give the same image.
 *
 * Paths in the tree ("guest paths") are absolute. Links in the tree are followed on the way to
 * where something is added, as the kernel will follow them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct stat;

enum {
    TREE_LINKS_MAX = 40, /* Links followed in one path, as in Linux. */
    TREE_NAME_MAX = 255,
    TREE_DEPTH_MAX = 64, /* Directories below a directory that is copied whole. */
    TREE_NODES_MAX = 1 << 20,
};

/* As much as ext4 takes, halved: then not even the sum of all files can wrap. */
#define TREE_FILE_SIZE_MAX ((uint64_t)8 << 40)

enum tree_type {
    TREE_DIR,
    TREE_FILE,
    TREE_LINK,
};

/* What stat(2) tells of a file: while it is the same, so is the content. Without padding. */
struct tree_stamp {
    uint64_t device;
    uint64_t inode;
    uint64_t size;
    int64_t modified_s;
    int64_t modified_ns;
    int64_t changed_s;
    int64_t changed_ns;
};

struct tree_node {
    const char *name; /* Lies behind the node itself. */
    enum tree_type type;
    uint32_t mode;   /* Permission bits. */
    char *source;    /* TREE_FILE: the file on this machine; NULL: `text` is the content. */
    char *text;      /* TREE_FILE: content made by ops. TREE_LINK: where it points. */
    uint64_t size;   /* Bytes of content. */
    uint32_t time_s; /* When it was changed, in seconds of Unix time; 0: as the whole image. */
    struct tree_stamp stamp; /* Of `source`, when it was added. */
    uint32_t inode;          /* For whoever writes the filesystem. */
    bool seen;               /* For whoever goes over the tree more than once. */
    struct tree_node *parent;
    size_t index;                /* Among the children of `parent`. */
    struct tree_node **children; /* TREE_DIR: sorted by name. */
    size_t child_count;
    size_t child_room;
};

struct tree {
    struct tree_node root;
    size_t count; /* Nodes, the root not counted. */
    bool keeps;   /* Files that are there are not replaced. */
};

void tree_stamp_set(struct tree_stamp *stamp, const struct stat *st);

/* Whether the file at `path`, links followed, has this stamp. */
bool tree_stamp_is(const struct tree_stamp *stamp, const char *path);

void tree_init(struct tree *tree);

/* A tree of all zeros is fine too. */
void tree_fini(struct tree *tree);

/* The node at a path, links followed, or NULL. */
struct tree_node *tree_find(struct tree *tree, const char *path);

/* Sees to it that there is a directory at `path`, and those above it. */
int tree_add_dir(struct tree *tree, const char *path, struct err *err);

/* Puts a file of this machine, links followed, at `path`. Replaces a file that is there. */
int tree_add_file(struct tree *tree, const char *path, const char *source, struct err *err);

/* Puts a file with a content of its own at `path`. Leaves alone what is there already. */
int tree_add_bytes(struct tree *tree, const char *path, const void *bytes, size_t size,
                   struct err *err);
int tree_add_text(struct tree *tree, const char *path, const char *text, struct err *err);

/*
 * Puts what lies at `path` under `root` on this machine at the same path: the links on the way as
 * links, and what they lead to. Absolute links count from `root`. A directory comes without what is
 * in it. Sets `*real`, unless NULL, to the path behind all links, to be freed.
 */
int tree_add_host(struct tree *tree, const char *root, const char *path, char **real,
                  struct err *err);

/*
 * Puts a directory of this machine with all that is in it at `path`. Links stay links. Sockets,
 * devices and pipes are passed over.
 */
int tree_add_host_dir(struct tree *tree, const char *path, const char *source, struct err *err);

/*
 * The same without the names that match one of `except`, patterns of fnmatch() that end with NULL,
 * at its top. `except` may be NULL.
 */
int tree_add_host_part(struct tree *tree, const char *path, const char *source,
                       const char *const *except, struct err *err);

/* Puts a symbolic link at `path`, and the directories above it. Leaves alone what is there. */
int tree_add_link(struct tree *tree, const char *path, const char *target, struct err *err);

/* Calls `fn` for every node but the root, a directory before what is in it, until it fails. */
int tree_walk(struct tree *tree, int (*fn)(struct tree_node *node, void *context, struct err *err),
              void *context, struct err *err);

/* The same for the nodes below `top`. */
int tree_walk_below(struct tree_node *top,
                    int (*fn)(struct tree_node *node, void *context, struct err *err),
                    void *context, struct err *err);

/* The path of a node, to be freed. */
char *tree_path(const struct tree_node *node);
