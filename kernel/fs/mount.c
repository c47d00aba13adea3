/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is mounted where. Mounts are made while the machine boots and stay; the list grows at its
 * end and is read without a lock.
 */
#include "abi/linux/errors.h"
#include "abi/linux/stat.h"
#include "kernel/core/mutex.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path.h"
#include "kernel/fs/path_node.h"
#include "kernel/mm/heap.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

struct mount {
    struct mount *next;
    struct filesystem *filesystem;
    struct path_node *root; /* With a reference. */
    char *source;
};

static struct mount *mounts; /* [const] after boot. The first one is the root. */

struct path_node *mount_root_node(void)
{
    return mounts ? mounts->root : NULL;
}

static struct mount *mount_add(struct filesystem *fs, const char *source)
{
    struct mount *mount = heap_alloc_zero(sizeof(*mount));
    struct mount **link = &mounts;

    if (!mount)
        return NULL;
    mount->filesystem = fs;
    mount->source = heap_copy_text(source);
    mount->root = mount->source ? node_create_root(fs->root) : NULL;
    if (!mount->root) {
        heap_free(mount->source);
        heap_free(mount);
        return NULL;
    }
    while (*link)
        link = &(*link)->next;
    *link = mount;
    return mount;
}

int path_mount_root(struct filesystem *fs, const char *source)
{
    struct mount *mount = mount_add(fs, source);

    if (!mount)
        return -ENOMEM;
    path_set_current(mount->root);
    return 0;
}

/* ---- Directories that a read-only filesystem lacks. ---- */

/* A name in memory over a directory of a filesystem that cannot hold it. */
struct overlay {
    struct overlay *next;
    struct path_node *node; /* With a reference: nobody could make it again. */
};

static struct overlay *overlays; /* [const] after boot. */

int overlay_add(struct path_node *node, struct inode *inode)
{
    struct overlay *overlay = heap_alloc(sizeof(*overlay));
    struct overlay **link = &overlays;

    if (!overlay)
        return -ENOMEM;
    overlay->next = NULL;
    overlay->node = path_node_get(node);
    node_set_inode(node, inode);
    while (*link)
        link = &(*link)->next;
    *link = overlay;
    return 0;
}

void overlay_list(const struct path_node *parent, u64 off, dir_emit_fn *emit, void *arg)
{
    u64 next_off = OVERLAY_OFF_FIRST;

    for (struct overlay *overlay = overlays; overlay; overlay = overlay->next) {
        const struct path_node *node = overlay->node;
        const struct inode *inode = node_inode(node);

        next_off++;
        if (next_off > off && node->parent == parent &&
            !emit(arg, node->name, node->name_len, inode->number, next_off,
                  (u8)(inode_type(inode) >> 12)))
            return;
    }
}

static int empty_lookup(struct inode *dir, const char *name, u32 len, struct inode **inode)
{
    (void)dir;
    (void)name;
    (void)len;
    (void)inode;
    return -ENOENT;
}

static int empty_list(struct inode *dir, u64 off, dir_emit_fn *emit, void *arg)
{
    if (off == 0 && !emit(arg, ".", 1, dir->number, 1, DT_DIR))
        return 0;
    if (off <= 1)
        emit(arg, "..", 2, dir->number, 2, DT_DIR);
    return 0;
}

static void empty_release(struct inode *inode)
{
    heap_free(inode);
}

static const struct inode_ops empty_ops = {
    .lookup = empty_lookup,
    .list = empty_list,
    .release = empty_release,
};

struct inode *overlay_directory(struct inode *parent)
{
    struct inode *inode = heap_alloc_zero(sizeof(*inode));

    if (!inode)
        return NULL;
    inode_init(inode, parent->filesystem, &empty_ops, (u64)(uintptr_t)inode >> 4, S_IFDIR | 0755);
    inode->link_count = 2;
    return inode;
}

/* Gives the negative `node` a directory, in its filesystem or else in memory only. */
static int make_directory(struct path_node *node)
{
    struct inode *parent = node_inode(node->parent);
    struct inode *inode;
    int err = -EROFS;

    rwlock_write_lock(names_lock());
    if (!parent->filesystem->read_only && parent->ops->mkdir)
        err = parent->ops->mkdir(parent, node->name, node->name_len, S_IFDIR | 0755, &inode);
    if (err == -EROFS) {
        inode = overlay_directory(parent);
        err = inode ? overlay_add(node, inode) : -ENOMEM;
        if (err < 0 && inode)
            inode_put(inode);
    } else if (err == 0) {
        node_set_inode(node, inode);
    }
    rwlock_write_unlock(names_lock());
    return err;
}

/* The directory `path`, absolute, with all that lead to it. */
static int ensure_directory(const char *path, struct path_node **found)
{
    struct walk_result result = { 0 };
    size_t len = str_len(path);
    int err = -EINVAL;
    char *prefix;

    if (*path != '/')
        return -EINVAL;
    prefix = heap_alloc(len + 1);
    if (!prefix)
        return -ENOMEM;
    *found = NULL;
    for (size_t end = 1; end <= len; end++) {
        if (path[end] != '/' && path[end] != '\0')
            continue;
        mem_copy(prefix, path, end);
        prefix[end] = '\0';
        err = path_walk(NULL, prefix, 0, &result);
        if (err == 0 && !node_inode(result.node))
            err = make_directory(result.node);
        if (err < 0)
            break;
        path_node_put(*found);
        *found = result.node;
        result.node = NULL;
    }
    heap_free(prefix);
    if (err == 0 && inode_type(node_inode(*found)) != S_IFDIR)
        err = -ENOTDIR;
    if (err < 0) {
        path_node_put(result.node);
        path_node_put(*found);
    }
    return err;
}

int path_mount(const char *path, struct filesystem *fs, const char *source)
{
    struct path_node *place;
    struct mount *mount;
    int err;

    err = ensure_directory(path, &place);
    if (err < 0)
        return err;
    mount = mount_add(fs, source);
    if (!mount) {
        path_node_put(place);
        return -ENOMEM;
    }
    mount->root->covers = place; /* With our reference: it stays for good. */
    place->mounted = path_node_get(mount->root);
    return 0;
}

void path_for_each_mount(void (*visit)(void *arg, const char *source, const char *path,
                                       const struct filesystem *fs),
                         void *arg)
{
    char *path = heap_alloc(PATH_SIZE_MAX);

    for (struct mount *mount = mounts; mount && path; mount = mount->next) {
        if (path_node_text(mount->root, path, PATH_SIZE_MAX) > 0)
            visit(arg, mount->source, path, mount->filesystem);
    }
    heap_free(path);
}
