/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/fs/memory_file.h"

#include "abi/linux/errors.h"
#include "kernel/core/mutex.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path.h"
#include "kernel/fs/path_node.h"
#include "kernel/fs/tmpfs/tmpfs.h"
#include "kernel/mm/iter.h"
#include "lib/base/types.h"

static int contents_write(struct file *file, const char *bytes, size_t len)
{
    struct iter iter;

    iter_init_kernel(&iter, (void *)(uintptr_t)bytes, len);
    return file_write(file, &iter, NULL) == (long)len ? 0 : -ENOMEM;
}

int memory_file_provide(const char *path, const char *bytes, size_t len)
{
    struct walk_result result;
    struct file *file;
    int err = path_walk(NULL, path, 0, &result);

    if (err < 0)
        return err;
    if (node_inode(result.node)) {
        path_node_put(result.node);
        return 0;
    }
    err = memfd_create("file", false, &file);
    if (err == 0) {
        err = contents_write(file, bytes, len);
        if (err == 0) {
            rwlock_write_lock(names_lock());
            err = overlay_add(result.node, inode_get(file->inode));
            rwlock_write_unlock(names_lock());
            if (err < 0)
                inode_put(file->inode);
        }
        file_put(file);
    }
    path_node_put(result.node);
    return err;
}
