/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/fs/fs.h"

#include "kernel/file/fdtable.h"
#include "kernel/fs/page_cache.h"
#include "kernel/fs/path_node.h"
#include "kernel/fs/procfs.h"

void fs_init(void)
{
    fdtable_init(current_fdtable());
    path_nodes_init();
    page_cache_setup();
    procfs_add_standard();
}
