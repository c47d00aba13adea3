/* SPDX-License-Identifier: Apache-2.0 */
#include "test/unit/fake_paths.h"

#include "abi/linux/errors.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path.h"
#include "kernel/fs/procfs.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"

#include <stdlib.h>
#include <string.h>

enum {
    NAMES_MAX = 16,
};

struct path_node {
    char name[128];
    struct inode inode;
};

int fake_path_refs;
void (*fake_path_hook)(void);
static struct path_node names[NAMES_MAX];

static struct path_node *find(const char *path)
{
    for (int i = 0; i < NAMES_MAX; i++) {
        if (strcmp(names[i].name, path) == 0)
            return &names[i];
    }
    return NULL;
}

int path_create(struct path_node *base, const char *path, u32 mode, u64 device,
                struct path_node **created)
{
    struct path_node *node = find(path);

    (void)base;
    (void)device;
    fake_may_sleep("path_create");
    if (fake_path_hook)
        fake_path_hook();
    if (node)
        return -EEXIST;
    node = find("");
    if (!node)
        return -ENOSPC;
    memcpy(node->name, path, strnlen(path, sizeof(node->name) - 1));
    node->inode.mode = mode;
    fake_path_refs++;
    *created = node;
    return 0;
}

int path_find(struct path_node *base, const char *path, u32 flags, struct path_node **found)
{
    struct path_node *node = find(path);

    (void)base;
    (void)flags;
    fake_may_sleep("path_find");
    if (!node)
        return -ENOENT;
    fake_path_refs++;
    *found = node;
    return 0;
}

struct inode *path_node_inode(struct path_node *node)
{
    return &node->inode;
}

struct path_node *path_node_get(struct path_node *node)
{
    fake_path_refs++;
    return node;
}

void path_node_put(struct path_node *node)
{
    (void)node;
    fake_may_sleep("path_node_put");
    if (fake_path_refs-- == 0)
        abort();
}

void procfs_add(const char *path, proc_show_fn *show, proc_store_fn *store, void *arg)
{
    (void)path;
    (void)show;
    (void)store;
    (void)arg;
}

void procfs_add_text(const char *path, const char *text)
{
    (void)path;
    (void)text;
}

void proc_printf(struct proc_output *out, const char *format, ...)
{
    (void)out;
    (void)format;
}
