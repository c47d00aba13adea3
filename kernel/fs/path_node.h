/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Names in their places: the nodes that kernel/fs/path*.c share. Others see kernel/fs/path.h.
 *
 * A node is a parent and a name; it knows the inode there, or that there is none (a negative node).
 * Nodes that nobody refers to stay in a cache of bounded size, oldest out first. A child holds a
 * reference to its parent, so a node's way to the root is always there.
 *
 * Locks: the names lock (sleeps) orders lookups in filesystems and changes of the tree; the cache's
 * spinlock guards the hash, the references that go to 0, names and parents. The inode of a node is
 * set once, from none to some, under both.
 */

#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "lib/base/list.h"
#include "lib/base/types.h"

enum {
    NODE_NAME_INLINE = 32,
    NODES_UNUSED_MAX = 4096, /* In the cache, beyond those in use. */
};

enum path_node_flags {
    NODE_HASHED = 1u << 0,  /* Found by lookups. */
    NODE_DELETED = 1u << 1, /* Its name is gone; " (deleted)". */
};

struct path_node {
    u32 refs;                  /* [atomic] From and to 0 only under the cache's lock. */
    u32 flags;                 /* enum path_node_flags; under the cache's lock, as all below. */
    u32 moves;                 /* How often it got another name. Under the names lock as well. */
    struct path_node *parent;  /* With a reference; NULL for a root. */
    struct inode *inode;       /* [atomic] With a reference; NULL: negative. */
    struct path_node *mounted; /* The root of what is mounted here, with a reference; or NULL. */
    struct path_node *covers;  /* Of a mounted root: the node it lies on. Not counted. */
    struct path_node *hash_next;
    struct list unused_link; /* In the list of nodes without references. */
    u64 hash;
    char *name; /* `inline_name` or on the heap. Not NUL-ended. */
    u32 name_len;
    char inline_name[NODE_NAME_INLINE];
};

struct rwlock *names_lock(void);

/* At boot, before the first node. */
void path_nodes_init(void);

static inline struct inode *node_inode(const struct path_node *node)
{
    return __atomic_load_n(&node->inode, __ATOMIC_ACQUIRE); /* Pairs with node_set_inode(). */
}

/* A root of a filesystem: one reference, one of `inode` taken. NULL: no memory. */
struct path_node *node_create_root(struct inode *inode) MUST_USE;

/*
 * The node of `name` in `parent`, asking the filesystem if the cache does not know; may be
 * negative. With a reference, and its `moves` as it was then. Takes the names lock. 0, -ENOTDIR,
 * -ENAMETOOLONG, -ENOMEM, -EIO.
 */
int node_child(struct path_node *parent, const char *name, u32 len, struct path_node **child,
               u32 *moves) MUST_USE;

/* The node above, with a reference; NULL for a root. */
struct path_node *node_parent(struct path_node *node) MUST_USE;

/*
 * Whether `node` still is what its name leads to, and has the name that it had with `moves`. Names
 * lock held for writing.
 */
bool node_is_in_place(const struct path_node *node, u32 moves);

/* A negative node becomes a positive one. Takes over the reference to `inode`. */
void node_set_inode(struct path_node *node, struct inode *inode);

/* The name is gone (`deleted`), or only no longer to be trusted. Names lock held for writing. */
void node_unhash(struct path_node *node, bool deleted);

/*
 * `node` takes the name and place of `to`, which leaves the tree; with `exchange` they swap.
 * Names lock held for writing.
 */
void node_move(struct path_node *node, struct path_node *to, bool exchange);

/* True when `node` is `ancestor` or lies below it, mounts not crossed. Names lock held. */
bool node_is_below(const struct path_node *node, const struct path_node *ancestor);

/* The same with mounts crossed. Takes no lock but the cache's. */
bool node_is_within(const struct path_node *node, const struct path_node *ancestor);

/* The number of nodes that exist, for tests. */
u32 node_count(void);
/* Drops all that nobody refers to, for tests and under memory pressure. May sleep. */
void node_drop_unused(void);

/*
 * A directory that exists only in memory, for mount points a read-only root lacks. NULL: no memory.
 */
struct inode *overlay_directory(struct inode *parent) MUST_USE;

/*
 * Gives the negative `node` an inode that its filesystem does not know, for good: listings of the
 * directory show it from now on. Takes over the reference to `inode` if it returns 0; -ENOMEM.
 * Only while the machine boots. Names lock held for writing.
 */
int overlay_add(struct path_node *node, struct inode *inode) MUST_USE;

/*
 * Hands out the names that overlay_add() gave the directory `parent`, from `off` on, where
 * OVERLAY_OFF_FIRST is the first.
 */
#define OVERLAY_OFF_FIRST ((u64)1 << 62)
void overlay_list(const struct path_node *parent, u64 off, dir_emit_fn *emit, void *arg);

enum walk_flags {
    WALK_MAGIC = 1u << 16, /* Beside enum path_flags: stop at a link that inode_ops.open follows. */
    /* The last name even if a slash follows: to remove or rename it. */
    WALK_NAME_ITSELF = 1u << 17,
};

enum walk_last {
    WALK_NAME,   /* The last component is a name. */
    WALK_DOT,    /* ".", or the path was "/" or empty. */
    WALK_DOTDOT, /* ".." */
};

struct walk_result {
    struct path_node *node; /* With a reference. May be negative; its parent is a directory then. */
    u32 moves;              /* Of the node, when the walk found it. */
    enum walk_last last;
    bool wants_directory; /* The path ends in a slash. */
    bool is_magic;        /* `node` is a link that inode_ops.open follows. */
};

/* Like path_find(), but the last component need not exist. */
int path_walk(struct path_node *base, const char *path, u32 flags, struct walk_result *result)
    MUST_USE;

/* The root of the tree, without a reference; NULL before path_mount_root(). */
struct path_node *mount_root_node(void);

/* Opens what is at `node`, which is positive. Takes references of its own. */
int node_open(struct path_node *node, u32 flags, struct file **file) MUST_USE;

/*
 * Makes a plain file of what a walk found not to exist: 0, -EEXIST when somebody was faster,
 * -EROFS, ...
 */
int node_create_file(const struct walk_result *place, u32 mode) MUST_USE;
