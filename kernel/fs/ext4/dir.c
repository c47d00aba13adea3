/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/file/file.h"
#include "kernel/fs/ext4/ext4_inode.h"
#include "kernel/fs/ext4/format/ext4_format.h"
#include "kernel/fs/inode.h"
#include "kernel/mm/heap.h"
#include "lib/base/types.h"

static int dir_lookup(struct inode *dir, const char *name, u32 len, struct inode **inode)
{
    struct ext4_mount *mount = ext4_mount_of(dir);
    u32 number;
    u8 type;
    int err;

    err = ext4_dir_lookup(mount->format, &ext4_node_of(dir)->disk, name, len, &number, &type);
    if (err < 0)
        return err;
    return ext4_node_get(mount, number, inode);
}

static int dir_list(struct inode *dir, u64 off, dir_emit_fn *emit, void *arg)
{
    return ext4_dir_list(ext4_mount_of(dir)->format, &ext4_node_of(dir)->disk, off, emit, arg);
}

static void dir_release(struct inode *inode)
{
    heap_free(ext4_node_of(inode));
}

const struct inode_ops ext4_directory_ops = {
    .lookup = dir_lookup,
    .list = dir_list,
    .release = dir_release,
};
