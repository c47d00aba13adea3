/* SPDX-License-Identifier: Apache-2.0 */
/* Directories of tmpfs. All of it under the names lock, for writing where something changes. */
#include "abi/linux/errors.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/stat.h"
#include "kernel/core/panic.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/tmpfs/tmpfs_inode.h"
#include "kernel/mm/heap.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/base/tree.h"
#include "lib/base/types.h"

/* ---- Entries. ---- */

static int name_compare(const char *left, u32 left_len, const char *right, u32 right_len)
{
    int order = mem_compare(left, right, u32_min(left_len, right_len));

    if (order != 0)
        return order;
    return left_len < right_len ? -1 : left_len > right_len;
}

static struct tmpfs_entry *entry_find(struct tmpfs_inode *dir, const char *name, u32 len)
{
    struct tree_node *node = dir->by_name.root;

    while (node) {
        struct tmpfs_entry *entry = TREE_ENTRY(node, struct tmpfs_entry, name_node);
        int order = name_compare(name, len, entry->name, entry->name_len);

        if (order == 0)
            return entry;
        node = order < 0 ? node->left : node->right;
    }
    return NULL;
}

static struct tmpfs_entry *entry_create(const char *name, u32 len)
{
    struct tmpfs_entry *entry = heap_alloc_zero(sizeof(*entry) + len);

    if (!entry)
        return NULL;
    entry->name_len = len;
    mem_copy(entry->name, name, len);
    return entry;
}

static void insert_by_name(struct tmpfs_inode *dir, struct tmpfs_entry *entry)
{
    struct tree_node **link = &dir->by_name.root;
    struct tree_node *parent = NULL;

    while (*link) {
        struct tmpfs_entry *other = TREE_ENTRY(*link, struct tmpfs_entry, name_node);
        int order = name_compare(entry->name, entry->name_len, other->name, other->name_len);

        parent = *link;
        link = order < 0 ? &parent->left : &parent->right;
    }
    tree_insert(&dir->by_name, parent, link, &entry->name_node);
}

/* The newest comes last. */
static void insert_by_order(struct tmpfs_inode *dir, struct tmpfs_entry *entry)
{
    struct tree_node *last = tree_last(&dir->by_order);

    entry->order = ++dir->last_order;
    tree_insert(&dir->by_order, last, last ? &last->right : &dir->by_order.root,
                &entry->order_node);
}

/* Enters `inode`, with a reference taken, one more link, and for a directory its parent's. */
static void entry_add(struct tmpfs_inode *dir, struct tmpfs_entry *entry, struct tmpfs_inode *inode)
{
    entry->inode = inode;
    inode_get(&inode->inode);
    insert_by_name(dir, entry);
    insert_by_order(dir, entry);
    inode->inode.link_count++;
    dir->inode.size += entry->name_len + 1;
    inode_touch(&dir->inode);
}

/* Takes `entry` out and frees it. The inode's reference goes to the caller. */
static struct tmpfs_inode *entry_remove(struct tmpfs_inode *dir, struct tmpfs_entry *entry)
{
    struct tmpfs_inode *inode = entry->inode;

    tree_remove(&dir->by_name, &entry->name_node);
    tree_remove(&dir->by_order, &entry->order_node);
    dir->inode.size -= entry->name_len + 1;
    inode->inode.link_count--;
    inode->inode.ctime = timestamp_now();
    inode_touch(&dir->inode);
    heap_free(entry);
    return inode;
}

static bool is_directory(const struct tmpfs_inode *inode)
{
    return inode_type(&inode->inode) == S_IFDIR;
}

/* ---- Operations. ---- */

static int dir_lookup(struct inode *dir, const char *name, u32 len, struct inode **inode)
{
    struct tmpfs_entry *entry = entry_find(tmpfs_of(dir), name, len);

    if (!entry)
        return -ENOENT;
    *inode = inode_get(&entry->inode->inode);
    return 0;
}

/* Enters a new inode of `mode`, whose reference is the caller's. */
static int dir_add_new(struct inode *dir, const char *name, u32 len, u32 mode,
                       struct tmpfs_inode **result)
{
    struct tmpfs_inode *self = tmpfs_of(dir);
    struct tmpfs_entry *entry;
    int err;

    if (entry_find(self, name, len))
        return -EEXIST;
    if (dir->link_count == 0)
        return -ENOENT;
    err = tmpfs_inode_create(tmpfs_of_inode(dir), mode, result);
    if (err < 0)
        return err;
    entry = entry_create(name, len);
    if (!entry) {
        inode_put(&(*result)->inode);
        return -ENOMEM;
    }
    entry_add(self, entry, *result);
    return 0;
}

static int dir_create(struct inode *dir, const char *name, u32 len, u32 mode, u64 device,
                      struct inode **inode)
{
    struct tmpfs_inode *made;
    int err = dir_add_new(dir, name, len, mode, &made);

    if (err < 0)
        return err;
    made->inode.device = device;
    *inode = &made->inode;
    return 0;
}

static int dir_mkdir(struct inode *dir, const char *name, u32 len, u32 mode, struct inode **inode)
{
    struct tmpfs_inode *made;
    int err = dir_add_new(dir, name, len, S_IFDIR | (mode & 07777), &made);

    if (err < 0)
        return err;
    made->inode.link_count = 2;
    made->parent = tmpfs_of(dir);
    dir->link_count++;
    *inode = &made->inode;
    return 0;
}

static int dir_symlink(struct inode *dir, const char *name, u32 len, const char *target,
                       struct inode **inode)
{
    struct tmpfs_inode *made;
    char *copy = heap_copy_text(target);
    int err;

    if (!copy)
        return -ENOMEM;
    err = dir_add_new(dir, name, len, S_IFLNK | 0777, &made);
    if (err < 0) {
        heap_free(copy);
        return err;
    }
    made->target = copy;
    made->inode.size = str_len(copy);
    *inode = &made->inode;
    return 0;
}

static int dir_link(struct inode *dir, const char *name, u32 len, struct inode *inode)
{
    struct tmpfs_entry *entry;

    if (entry_find(tmpfs_of(dir), name, len))
        return -EEXIST;
    if (inode->link_count == 0 || dir->link_count == 0)
        return -ENOENT;
    entry = entry_create(name, len);
    if (!entry)
        return -ENOMEM;
    entry_add(tmpfs_of(dir), entry, tmpfs_of(inode));
    inode->ctime = timestamp_now();
    return 0;
}

static int dir_unlink(struct inode *dir, const char *name, u32 len, struct inode *inode)
{
    struct tmpfs_entry *entry = entry_find(tmpfs_of(dir), name, len);

    if (!entry || &entry->inode->inode != inode)
        return -ENOENT;
    inode_put(&entry_remove(tmpfs_of(dir), entry)->inode);
    return 0;
}

/* An empty directory is about to lose its last name. Who has it open may outlive its parent. */
static void orphan(struct tmpfs_inode *dir, struct tmpfs_inode *inode)
{
    inode->inode.link_count = 1; /* Its own "." goes with it. */
    inode->parent = NULL;
    dir->inode.link_count--;
}

static int dir_rmdir(struct inode *dir, const char *name, u32 len, struct inode *inode)
{
    struct tmpfs_entry *entry = entry_find(tmpfs_of(dir), name, len);

    if (!entry || &entry->inode->inode != inode)
        return -ENOENT;
    if (tmpfs_of(inode)->by_name.root)
        return -ENOTEMPTY;
    orphan(tmpfs_of(dir), tmpfs_of(inode));
    inode_put(&entry_remove(tmpfs_of(dir), entry)->inode);
    return 0;
}

/* A directory that went from one parent to another. */
static void reparent(struct tmpfs_inode *inode, struct tmpfs_inode *from, struct tmpfs_inode *to)
{
    if (!is_directory(inode))
        return;
    from->inode.link_count--;
    to->inode.link_count++;
    inode->parent = to;
}

static void dir_exchange(struct tmpfs_inode *from_dir, struct tmpfs_entry *from,
                         struct tmpfs_inode *to_dir, struct tmpfs_entry *to)
{
    struct tmpfs_inode *inode = from->inode;

    from->inode = to->inode;
    to->inode = inode;
    reparent(to->inode, from_dir, to_dir);
    reparent(from->inode, to_dir, from_dir);
    inode_touch(&from_dir->inode);
    inode_touch(&to_dir->inode);
}

/* Takes away what the rename replaces. */
static int dir_displace(struct tmpfs_inode *dir, struct tmpfs_entry *entry)
{
    struct tmpfs_inode *inode = entry->inode;

    if (is_directory(inode)) {
        if (inode->by_name.root)
            return -ENOTEMPTY;
        orphan(dir, inode);
    }
    inode_put(&entry_remove(dir, entry)->inode);
    return 0;
}

static int dir_rename(struct inode *from_dir, const char *from, u32 from_len, struct inode *inode,
                      struct inode *to_dir, const char *to, u32 to_len, struct inode *replaced,
                      u32 flags)
{
    struct tmpfs_inode *old_dir = tmpfs_of(from_dir);
    struct tmpfs_inode *new_dir = tmpfs_of(to_dir);
    struct tmpfs_entry *old = entry_find(old_dir, from, from_len);
    struct tmpfs_entry *target = entry_find(new_dir, to, to_len);
    struct tmpfs_entry *entry;
    int err = 0;

    if (!old || &old->inode->inode != inode || (target != NULL) != (replaced != NULL))
        return -ENOENT;
    if (to_dir->link_count == 0)
        return -ENOENT;
    if (flags & RENAME_EXCHANGE) {
        if (!target)
            return -ENOENT;
        dir_exchange(old_dir, old, new_dir, target);
        return 0;
    }
    entry = entry_create(to, to_len);
    if (!entry)
        return -ENOMEM;
    if (target)
        err = dir_displace(new_dir, target);
    if (err < 0) {
        heap_free(entry);
        return err;
    }
    entry_add(new_dir, entry, tmpfs_of(inode));
    reparent(tmpfs_of(inode), old_dir, new_dir);
    inode_put(&entry_remove(old_dir, old)->inode);
    return 0;
}

/* The first entry whose order is at or after `order`. */
static struct tmpfs_entry *entry_from(struct tmpfs_inode *dir, u64 order)
{
    struct tree_node *node = dir->by_order.root;
    struct tmpfs_entry *found = NULL;

    while (node) {
        struct tmpfs_entry *entry = TREE_ENTRY(node, struct tmpfs_entry, order_node);

        if (entry->order >= order) {
            found = entry;
            node = node->left;
        } else {
            node = node->right;
        }
    }
    return found;
}

static int dir_list(struct inode *dir, u64 off, dir_emit_fn *emit, void *arg)
{
    struct tmpfs_inode *self = tmpfs_of(dir);
    u64 above = self->parent ? self->parent->inode.number : dir->number;
    struct tree_node *node;
    struct tmpfs_entry *first;

    if (off == 0 && !emit(arg, ".", 1, dir->number, 1, DT_DIR))
        return 0;
    if (off <= 1 && !emit(arg, "..", 2, above, 2, DT_DIR))
        return 0;
    first = entry_from(self, u64_max(off, 2));
    for (node = first ? &first->order_node : NULL; node; node = tree_next(node)) {
        struct tmpfs_entry *entry = TREE_ENTRY(node, struct tmpfs_entry, order_node);
        struct inode *inode = &entry->inode->inode;

        if (!emit(arg, entry->name, entry->name_len, inode->number, entry->order + 1,
                  (u8)(inode->mode >> 12)))
            break;
    }
    return 0;
}

static int dir_set(struct inode *inode, const struct inode_change *change)
{
    inode_apply(inode, change);
    return 0;
}

static void dir_release(struct inode *inode)
{
    struct tmpfs *tmpfs = tmpfs_of_inode(inode);

    ASSERT(!tmpfs_of(inode)->by_name.root); /* Only empty directories lose their name. */
    heap_free(tmpfs_of(inode));
    __atomic_fetch_sub(&tmpfs->inodes_used, 1, __ATOMIC_RELAXED); /* A count. */
}

const struct inode_ops tmpfs_directory_ops = {
    .lookup = dir_lookup,
    .create = dir_create,
    .mkdir = dir_mkdir,
    .symlink = dir_symlink,
    .link = dir_link,
    .unlink = dir_unlink,
    .rmdir = dir_rmdir,
    .rename = dir_rename,
    .list = dir_list,
    .set = dir_set,
    .release = dir_release,
};
