/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/fs/path_node.h"

#include "abi/linux/errors.h"
#include "abi/linux/stat.h"
#include "kernel/core/entropy.h"
#include "kernel/core/mutex.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path.h"
#include "kernel/mm/heap.h"
#include "lib/base/list.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"
#include "lib/hash/fold.h"

enum {
    BUCKETS = 2048,
};

static struct rwlock tree_lock; /* LOCK_RANK_NAMES */
static struct spinlock cache_lock = SPINLOCK_INIT(LOCK_RANK_NAME_CACHE);
static struct path_node *buckets[BUCKETS] GUARDED_BY(&cache_lock);
static struct list unused GUARDED_BY(&cache_lock) = LIST_INIT(unused); /* Oldest first. */
static u32 unused_count GUARDED_BY(&cache_lock);
static u32 total_count;              /* [atomic] */
static struct foldhash_key hash_key; /* [const] Names come from strangers. */
static struct path_node *current_directory GUARDED_BY(&cache_lock);

struct rwlock *names_lock(void)
{
    return &tree_lock;
}

void path_nodes_init(void)
{
    rwlock_init(&tree_lock, LOCK_RANK_NAMES);
    random_bytes(&hash_key, sizeof(hash_key));
}

u32 node_count(void)
{
    return __atomic_load_n(&total_count, __ATOMIC_RELAXED);
}

/* ---- The hash. ---- */

static u64 name_hash(const struct path_node *parent, const char *name, u32 len)
{
    return foldhash(&hash_key, name, len) ^ ((u64)(uintptr_t)parent * 0x9e3779b97f4a7c15ull);
}

static struct path_node **bucket_of(u64 hash)
{
    return &buckets[(hash >> 32) % BUCKETS];
}

static struct path_node *hash_find(const struct path_node *parent, const char *name, u32 len,
                                   u64 hash) HOLDS(&cache_lock)
{
    for (struct path_node *node = *bucket_of(hash); node; node = node->hash_next) {
        if (node->hash == hash && node->parent == parent && node->name_len == len &&
            mem_equal(node->name, name, len))
            return node;
    }
    return NULL;
}

static void hash_insert(struct path_node *node) HOLDS(&cache_lock)
{
    struct path_node **bucket;

    node->hash = name_hash(node->parent, node->name, node->name_len);
    bucket = bucket_of(node->hash);
    node->hash_next = *bucket;
    *bucket = node;
    node->flags |= NODE_HASHED;
}

static void hash_remove(struct path_node *node) HOLDS(&cache_lock)
{
    struct path_node **link = bucket_of(node->hash);

    if (!(node->flags & NODE_HASHED))
        return;
    while (*link != node)
        link = &(*link)->hash_next;
    *link = node->hash_next;
    node->flags &= ~(u32)NODE_HASHED;
}

/* ---- References. ---- */

struct path_node *path_node_get(struct path_node *node)
{
    u32 before = __atomic_fetch_add(&node->refs, 1, __ATOMIC_RELAXED); /* The caller has one. */

    ASSERT(before != 0);
    return node;
}

static void get_cached(struct path_node *node) HOLDS(&cache_lock)
{
    if (__atomic_fetch_add(&node->refs, 1, __ATOMIC_RELAXED) == 0) { /* Under the lock. */
        list_remove(&node->unused_link);
        unused_count--;
    }
}

/* Drops a reference that is not the last: false when it may be. */
static bool put_if_shared(struct path_node *node)
{
    u32 refs = __atomic_load_n(&node->refs, __ATOMIC_RELAXED);

    while (refs > 1) {
        if (__atomic_compare_exchange_n(&node->refs, &refs, refs - 1, true, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED))
            return true;
    }
    return false;
}

static struct path_node *oldest_unused(void) HOLDS(&cache_lock)
{
    struct list *first = list_pop_front(&unused);
    struct path_node *node;

    if (!first)
        return NULL;
    unused_count--;
    node = LIST_ENTRY(first, struct path_node, unused_link);
    hash_remove(node);
    return node;
}

/* Drops what may be the last reference. Returns a node to free: this one, or one it pushes out. */
static struct path_node *put_locked(struct path_node *node) HOLDS(&cache_lock)
{
    if (__atomic_sub_fetch(&node->refs, 1, __ATOMIC_ACQ_REL) > 0) /* With put_if_shared(). */
        return NULL;
    if (!(node->flags & NODE_HASHED))
        return node;
    list_push_back(&unused, &node->unused_link);
    unused_count++;
    return unused_count > NODES_UNUSED_MAX ? oldest_unused() : NULL;
}

/* Frees a node that nobody can find. Returns its parent, whose reference is the caller's now. */
static struct path_node *node_free(struct path_node *node)
{
    struct path_node *parent = node->parent;

    if (node->inode)
        inode_put(node->inode);
    if (node->name != node->inline_name)
        heap_free(node->name);
    heap_free(node);
    __atomic_fetch_sub(&total_count, 1, __ATOMIC_RELAXED); /* A count. */
    return parent;
}

void path_node_put(struct path_node *node)
{
    while (node && !put_if_shared(node)) {
        struct path_node *victim;

        spin_lock(&cache_lock);
        victim = put_locked(node);
        spin_unlock(&cache_lock);
        node = victim ? node_free(victim) : NULL;
    }
}

void node_drop_unused(void)
{
    struct path_node *node;

    do {
        spin_lock(&cache_lock);
        node = oldest_unused();
        spin_unlock(&cache_lock);
        if (node)
            path_node_put(node_free(node));
    } while (node);
}

/* ---- Making nodes. ---- */

static struct path_node *node_create(struct path_node *parent, const char *name, u32 len)
{
    struct path_node *node = heap_alloc_zero(sizeof(*node));

    if (!node)
        return NULL;
    node->name = len <= NODE_NAME_INLINE ? node->inline_name : heap_alloc(len);
    if (!node->name) {
        heap_free(node);
        return NULL;
    }
    mem_copy(node->name, name, len);
    node->name_len = len;
    node->refs = 1;
    node->parent = parent ? path_node_get(parent) : NULL;
    list_init(&node->unused_link);
    __atomic_fetch_add(&total_count, 1, __ATOMIC_RELAXED); /* A count. */
    return node;
}

struct path_node *node_create_root(struct inode *inode)
{
    struct path_node *node = node_create(NULL, "", 0);

    if (node)
        node->inode = inode_get(inode);
    return node;
}

static struct path_node *find_cached(struct path_node *parent, const char *name, u32 len,
                                     u32 *moves)
{
    u64 hash = name_hash(parent, name, len);
    struct path_node *node;

    spin_lock(&cache_lock);
    node = hash_find(parent, name, len, hash);
    if (node) {
        get_cached(node);
        *moves = node->moves;
    }
    spin_unlock(&cache_lock);
    return node;
}

/* Makes `node` findable, unless another of its name is: then that one, with a reference. */
static struct path_node *publish(struct path_node *node)
{
    u64 hash = name_hash(node->parent, node->name, node->name_len);
    struct path_node *other;

    spin_lock(&cache_lock);
    other = hash_find(node->parent, node->name, node->name_len, hash);
    if (other) {
        get_cached(other);
    } else {
        hash_insert(node);
    }
    spin_unlock(&cache_lock);
    if (!other)
        return node;
    path_node_put(node);
    return other;
}

/* Asks the filesystem. Names lock held for reading. */
static int look_up(struct path_node *parent, const char *name, u32 len, struct path_node **child)
{
    struct inode *dir = node_inode(parent);
    struct path_node *node = node_create(parent, name, len);
    int err;

    if (!node)
        return -ENOMEM;
    err = dir->ops->lookup(dir, name, len, &node->inode);
    if (err < 0 && err != -ENOENT) {
        node->inode = NULL;
        path_node_put(node);
        return err;
    }
    if (err == -ENOENT)
        node->inode = NULL;
    *child = dir->filesystem->uncached ? node : publish(node);
    return 0;
}

int node_child(struct path_node *parent, const char *name, u32 len, struct path_node **child,
               u32 *moves)
{
    struct inode *dir = node_inode(parent);
    int err = 0;

    if (inode_type(dir) != S_IFDIR || !dir->ops->lookup)
        return -ENOTDIR;
    if (len > NAME_LEN_MAX)
        return -ENAMETOOLONG;
    *child = find_cached(parent, name, len, moves);
    if (*child)
        return 0;

    rwlock_read_lock(&tree_lock);
    *child = find_cached(parent, name, len, moves);
    if (!*child) {
        err = look_up(parent, name, len, child);
        if (err == 0)
            *moves = (*child)->moves; /* Nothing moves while names are read. */
    }
    rwlock_read_unlock(&tree_lock);
    return err;
}

/* ---- Changing the tree. ---- */

void node_set_inode(struct path_node *node, struct inode *inode)
{
    ASSERT(!node->inode);
    __atomic_store_n(&node->inode, inode, __ATOMIC_RELEASE); /* Pairs with node_inode(). */
}

void node_unhash(struct path_node *node, bool deleted)
{
    spin_lock(&cache_lock);
    hash_remove(node);
    if (deleted)
        node->flags |= NODE_DELETED;
    spin_unlock(&cache_lock);
}

static void swap_names(struct path_node *left, struct path_node *right)
{
    char text[NODE_NAME_INLINE];
    char *left_name = left->name;
    u32 len = left->name_len;
    bool left_inline = left->name == left->inline_name;
    bool right_inline = right->name == right->inline_name;
    struct path_node *parent = left->parent;

    mem_copy(text, left->inline_name, sizeof(text));
    mem_copy(left->inline_name, right->inline_name, sizeof(text));
    mem_copy(right->inline_name, text, sizeof(text));
    left->name = right_inline ? left->inline_name : right->name;
    right->name = left_inline ? right->inline_name : left_name;
    left->name_len = right->name_len;
    right->name_len = len;
    left->parent = right->parent;
    right->parent = parent;
}

void node_move(struct path_node *node, struct path_node *to, bool exchange)
{
    spin_lock(&cache_lock);
    hash_remove(node);
    hash_remove(to);
    swap_names(node, to); /* With the references to their parents. */
    node->moves++;
    to->moves++;
    hash_insert(node);
    if (exchange) {
        hash_insert(to);
    } else {
        to->flags |= NODE_DELETED;
    }
    spin_unlock(&cache_lock);
}

bool node_is_in_place(const struct path_node *node, u32 moves)
{
    bool in_place;

    spin_lock(&cache_lock);
    in_place = (node->flags & NODE_HASHED) != 0 && node->moves == moves;
    spin_unlock(&cache_lock);
    return in_place;
}

struct path_node *node_parent(struct path_node *node)
{
    struct path_node *parent;

    /* A rename may take the node from under it, and with that the last reference to it. */
    spin_lock(&cache_lock);
    parent = node->parent;
    if (parent)
        path_node_get(parent);
    spin_unlock(&cache_lock);
    return parent;
}

bool node_is_below(const struct path_node *node, const struct path_node *ancestor)
{
    while (node && node != ancestor)
        node = node->parent;
    return node != NULL;
}

bool node_is_within(const struct path_node *node, const struct path_node *ancestor)
{
    spin_lock(&cache_lock);
    while (node && node != ancestor)
        node = node->parent ? node->parent : node->covers;
    spin_unlock(&cache_lock);
    return node != NULL;
}

/* ---- For others. ---- */

struct inode *path_node_inode(struct path_node *node)
{
    return node_inode(node);
}

/* Puts `len` bytes in front of what is at `*start`. */
static bool prepend(char *text, size_t *start, const char *bytes, u32 len)
{
    if (len > *start)
        return false;
    *start -= len;
    mem_copy(text + *start, bytes, len);
    return true;
}

static bool build_text(const struct path_node *node, char *text, size_t *start) HOLDS(&cache_lock)
{
    static const char deleted[] = " (deleted)";
    bool fits = true;

    if (node->flags & NODE_DELETED)
        fits = prepend(text, start, deleted, sizeof(deleted) - 1);
    while (fits && (node->parent || node->covers)) {
        if (!node->parent) {
            node = node->covers;
            continue;
        }
        fits = prepend(text, start, node->name, node->name_len) && prepend(text, start, "/", 1);
        node = node->parent;
    }
    return fits;
}

bool path_node_is_deleted(const struct path_node *node)
{
    return (__atomic_load_n(&node->flags, __ATOMIC_RELAXED) & NODE_DELETED) != 0;
}

long path_node_text(struct path_node *node, char *text, size_t size)
{
    size_t start = size - 1;
    bool fits;

    text[start] = '\0';
    spin_lock(&cache_lock);
    fits = build_text(node, text, &start);
    spin_unlock(&cache_lock);
    if (!fits || (text[start] == '\0' && !prepend(text, &start, "/", 1)))
        return -ENAMETOOLONG;
    mem_move(text, text + start, size - start);
    return (long)(size - start - 1);
}

struct path_node *path_current(void)
{
    struct path_node *node;

    spin_lock(&cache_lock);
    node = current_directory ? path_node_get(current_directory) : NULL;
    spin_unlock(&cache_lock);
    return node;
}

void path_set_current(struct path_node *node)
{
    struct path_node *before;

    path_node_get(node);
    spin_lock(&cache_lock);
    before = current_directory;
    current_directory = node;
    spin_unlock(&cache_lock);
    path_node_put(before);
}
