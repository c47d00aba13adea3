/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/fs/devfs/devfs.h"

#include "abi/linux/stat.h"
#include "kernel/core/mutex.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path_node.h"
#include "kernel/fs/tmpfs/tmpfs.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

#define DEVFS_SIZE_MAX ((u64)16 << 20)

static const struct {
    const char *name;
    u32 mode;
    u64 device;
    const char *target;
} nodes[] = {
    { "null", S_IFCHR | 0666, 0x103, NULL },
    { "zero", S_IFCHR | 0666, 0x105, NULL },
    { "full", S_IFCHR | 0666, 0x107, NULL },
    { "random", S_IFCHR | 0666, 0x108, NULL },
    { "urandom", S_IFCHR | 0666, 0x109, NULL },
    { "tty", S_IFCHR | 0666, 0x500, NULL }, /* ENXIO: nobody has a terminal. */
    { "console", S_IFCHR | 0600, 0x501, NULL },
    { "fd", S_IFLNK, 0, "/proc/self/fd" },
    { "stdin", S_IFLNK, 0, "/proc/self/fd/0" },
    { "stdout", S_IFLNK, 0, "/proc/self/fd/1" },
    { "stderr", S_IFLNK, 0, "/proc/self/fd/2" },
    { "shm", S_IFDIR | 01777, 0, NULL },
};

static int add_node(struct inode *root, size_t i)
{
    u32 len = (u32)str_len(nodes[i].name);
    struct inode *inode;
    int err;

    if (nodes[i].target) {
        err = root->ops->symlink(root, nodes[i].name, len, nodes[i].target, &inode);
    } else if ((nodes[i].mode & S_IFMT) == S_IFDIR) {
        err = root->ops->mkdir(root, nodes[i].name, len, nodes[i].mode, &inode);
    } else {
        err = root->ops->create(root, nodes[i].name, len, nodes[i].mode, nodes[i].device, &inode);
    }
    if (err == 0)
        inode_put(inode); /* The directory has its own. */
    return err;
}

struct filesystem *devfs_create(void)
{
    struct filesystem *fs = tmpfs_create(DEVFS_SIZE_MAX);
    int err = 0;

    if (!fs)
        return NULL;
    fs->type = "devtmpfs";
    fs->root->mode = S_IFDIR | 0755;
    rwlock_write_lock(names_lock());
    for (size_t i = 0; i < ARRAY_COUNT(nodes) && err == 0; i++)
        err = add_node(fs->root, i);
    rwlock_write_unlock(names_lock());
    return err == 0 ? fs
                    : NULL; /* Memory is out while the machine boots: the rest hardly matters. */
}
