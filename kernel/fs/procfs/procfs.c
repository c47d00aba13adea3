/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trees of /proc and /sys. Registered nodes live for ever and never change, so reading them
 * needs no lock; a name in a directory of changing contents gets a node of its own each time it is
 * looked up, which goes with its last reference.
 */
#include "kernel/fs/procfs.h"

#include "abi/linux/errors.h"
#include "abi/linux/stat.h"
#include "kernel/core/log.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/procfs/proc_file.h"
#include "kernel/mm/heap.h"
#include "lib/base/list.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

struct proc_node {
    struct inode inode;
    struct procfs_item item;
    struct proc_tree *tree;
    struct proc_node *parent; /* NULL: the root, or a node of changing contents. */
    struct list children;     /* Registered ones, in order. */
    struct list link;
    bool is_fleeting; /* Not registered: freed with its last reference. */
    u32 name_len;
    char name[PROC_NAME_MAX];
};

struct proc_tree {
    struct filesystem filesystem;
    struct proc_node root;
    u64 last_number; /* [atomic] */
    bool is_set_up;
};

static struct proc_tree proc_tree;
static struct proc_tree sys_tree;

static const struct inode_ops directory_ops;
static const struct inode_ops file_ops;
static const struct inode_ops link_ops;
static const struct inode_ops magic_link_ops;

static struct proc_node *node_of(struct inode *inode)
{
    return CONTAINER_OF(inode, struct proc_node, inode);
}

/* ---- Nodes. ---- */

static void node_init(struct proc_node *node, struct proc_tree *tree,
                      const struct procfs_item *item)
{
    u64 number = __atomic_add_fetch(&tree->last_number, 1, __ATOMIC_RELAXED); /* Only distinct. */
    const struct inode_ops *ops = &file_ops;
    u32 mode = S_IFREG | (item->store ? 0644 : 0444);

    if (item->kind == PROCFS_DIRECTORY) {
        ops = &directory_ops;
        mode = S_IFDIR | 0555;
    } else if (item->kind == PROCFS_LINK) {
        ops = item->open ? &magic_link_ops : &link_ops;
        mode = S_IFLNK | 0777;
    }
    inode_init(&node->inode, &tree->filesystem, ops, number, mode);
    node->item = *item;
    node->tree = tree;
    list_init(&node->children);
    list_init(&node->link);
}

static struct proc_node *node_create(struct proc_tree *tree, const char *name, u32 len,
                                     const struct procfs_item *item)
{
    struct proc_node *node;

    if (len >= PROC_NAME_MAX)
        return NULL;
    node = heap_alloc_zero(sizeof(*node));
    if (!node)
        return NULL;
    node_init(node, tree, item);
    mem_copy(node->name, name, len);
    node->name_len = len;
    return node;
}

static struct proc_node *node_find(struct proc_node *dir, const char *name, u32 len)
{
    struct list *at;

    LIST_FOR_EACH (&dir->children, at) {
        struct proc_node *node = LIST_ENTRY(at, struct proc_node, link);

        if (node->name_len == len && mem_equal(node->name, name, len))
            return node;
    }
    return NULL;
}

/* ---- Registering. ---- */

static void tree_set_up(struct proc_tree *tree, const char *type, u64 magic)
{
    const struct procfs_item root = { .kind = PROCFS_DIRECTORY };

    if (tree->is_set_up)
        return;
    tree->is_set_up = true;
    tree->filesystem = (struct filesystem){
        .type = type,
        .device_id = filesystem_device_id(),
        .uncached = true,
        .has_magic_links = true,
        .block_size = 1024,
        .magic = magic,
    };
    node_init(&tree->root, tree, &root);
    tree->root.inode.link_count = 2;
    tree->filesystem.root = &tree->root.inode;
}

static struct proc_tree *the_proc(void)
{
    tree_set_up(&proc_tree, "proc", PROC_MAGIC);
    return &proc_tree;
}

static struct proc_tree *the_sys(void)
{
    tree_set_up(&sys_tree, "sysfs", SYSFS_MAGIC);
    return &sys_tree;
}

/* Adds a node under `dir`; the one that is there already when both are directories. */
static struct proc_node *add_child(struct proc_node *dir, const char *name, u32 len,
                                   const struct procfs_item *item)
{
    struct proc_node *node = node_find(dir, name, len);

    if (node && node->item.kind == PROCFS_DIRECTORY && item->kind == PROCFS_DIRECTORY) {
        if (item->children) {
            node->item.children = item->children;
            node->item.arg = item->arg;
        }
        return node;
    }
    if (node)
        return NULL;
    node = node_create(dir->tree, name, len, item);
    if (!node)
        return NULL;
    node->parent = dir;
    if (item->kind == PROCFS_DIRECTORY) {
        node->inode.link_count = 2;
        dir->inode.link_count++;
    }
    list_push_back(&dir->children, &node->link);
    return node;
}

static void add(struct proc_tree *tree, const char *path, const struct procfs_item *item)
{
    const struct procfs_item directory = { .kind = PROCFS_DIRECTORY };
    struct proc_node *dir = &tree->root;
    const char *name = path;

    while (dir) {
        const char *slash = str_find(name, '/');
        u32 len = (u32)(slash ? (size_t)(slash - name) : str_len(name));

        dir = add_child(dir, name, len, slash ? &directory : item);
        if (!slash)
            break;
        name = slash + 1;
    }
    if (!dir)
        log_error("%s: cannot add '%s': it exists, or memory is out", tree->filesystem.type, path);
}

void procfs_add(const char *path, proc_show_fn *show, proc_store_fn *store, void *arg)
{
    const struct procfs_item item = {
        .kind = PROCFS_FILE, .arg = arg, .show = show, .store = store
    };

    add(the_proc(), path, &item);
}

void sysfs_add(const char *path, proc_show_fn *show, proc_store_fn *store, void *arg)
{
    const struct procfs_item item = {
        .kind = PROCFS_FILE, .arg = arg, .show = show, .store = store
    };

    add(the_sys(), path, &item);
}

static void show_text(struct proc_output *out, void *arg)
{
    proc_put(out, arg, str_len(arg));
}

/* `arg` of show functions is not const: show_text() does not write to it. */
static void *text_arg(const char *text)
{
    return (void *)(uintptr_t)text; /* NOLINT: a cast away of const, see above. */
}

void procfs_add_text(const char *path, const char *text)
{
    procfs_add(path, show_text, NULL, text_arg(text));
}

void sysfs_add_text(const char *path, const char *text)
{
    sysfs_add(path, show_text, NULL, text_arg(text));
}

void procfs_add_link(const char *path, proc_link_fn *link, void *arg)
{
    const struct procfs_item item = { .kind = PROCFS_LINK, .arg = arg, .link = link };

    add(the_proc(), path, &item);
}

void procfs_add_children(const char *path, const struct procfs_children *children, void *arg)
{
    const struct procfs_item item = { .kind = PROCFS_DIRECTORY, .arg = arg, .children = children };

    add(the_proc(), path, &item);
}

struct filesystem *procfs_create(void)
{
    return &the_proc()->filesystem;
}

struct filesystem *sysfs_create(void)
{
    return &the_sys()->filesystem;
}

bool procfs_parse_number(const char *name, u32 len, u64 *number)
{
    if (len > 1 && name[0] == '0')
        return false;
    return text_parse_u64(name, len, number);
}

/* ---- Directories. ---- */

static int dir_lookup(struct inode *dir, const char *name, u32 len, struct inode **inode)
{
    struct proc_node *self = node_of(dir);
    struct proc_node *node = node_find(self, name, len);
    struct procfs_item item = { .kind = PROCFS_FILE };
    int err;

    if (node) {
        *inode = inode_get(&node->inode);
        return 0;
    }
    if (!self->item.children)
        return -ENOENT;
    err = self->item.children->lookup(self->item.arg, name, len, &item);
    if (err < 0)
        return err;
    node = node_create(self->tree, name, len, &item);
    if (!node)
        return -ENOMEM;
    node->is_fleeting = true;
    *inode = &node->inode;
    return 0;
}

enum {
    FIRST_REGISTERED = 2,
    FIRST_CHANGING = 1 << 20, /* Positions from here on belong to the changing names. */
};

static int list_changing(struct proc_node *self, u64 off, dir_emit_fn *emit, void *arg)
{
    const struct procfs_children *children = self->item.children;
    u64 position = off > FIRST_CHANGING ? off - FIRST_CHANGING : 0;
    char name[PROC_NAME_MAX];

    while (children && children->next(self->item.arg, &position, name)) {
        if (!emit(arg, name, (u32)str_len(name), FIRST_CHANGING + position,
                  FIRST_CHANGING + position + 1, DT_UNKNOWN))
            break;
        position++;
    }
    return 0;
}

static int dir_list(struct inode *dir, u64 off, dir_emit_fn *emit, void *arg)
{
    struct proc_node *self = node_of(dir);
    u64 above = self->parent ? self->parent->inode.number : dir->number;
    u64 position = FIRST_REGISTERED;
    struct list *at;

    if (off == 0 && !emit(arg, ".", 1, dir->number, 1, DT_DIR))
        return 0;
    if (off <= 1 && !emit(arg, "..", 2, above, 2, DT_DIR))
        return 0;
    LIST_FOR_EACH (&self->children, at) {
        struct proc_node *node = LIST_ENTRY(at, struct proc_node, link);

        if (position >= off && !emit(arg, node->name, node->name_len, node->inode.number,
                                     position + 1, (u8)(node->inode.mode >> 12)))
            return 0;
        position++;
    }
    return list_changing(self, off, emit, arg);
}

static void node_release(struct inode *inode)
{
    if (node_of(inode)->is_fleeting)
        heap_free(node_of(inode));
}

static const struct inode_ops directory_ops = {
    .lookup = dir_lookup,
    .list = dir_list,
    .release = node_release,
};

/* ---- Files and links. ---- */

static int open_file(struct inode *inode, u32 flags, struct file **file)
{
    return proc_file_open(&node_of(inode)->item, flags, file);
}

/* Truncation, as `echo 1 > file` asks for it, and nothing else. */
static int set_file(struct inode *inode, const struct inode_change *change)
{
    (void)inode;
    return change->set == INODE_SET_SIZE ? 0 : -EPERM;
}

static const struct inode_ops file_ops = {
    .open = open_file,
    .set = set_file,
    .release = node_release,
};

static long read_link(struct inode *inode, char *target, size_t size)
{
    const struct procfs_item *item = &node_of(inode)->item;

    return item->link(target, size, item->arg);
}

static int open_link(struct inode *inode, u32 flags, struct file **file)
{
    const struct procfs_item *item = &node_of(inode)->item;

    return item->open(item->arg, flags, file);
}

static const struct inode_ops link_ops = {
    .readlink = read_link,
    .release = node_release,
};

static const struct inode_ops magic_link_ops = {
    .readlink = read_link,
    .open = open_link,
    .release = node_release,
};
