/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Prepares everything in kernel/file and kernel/fs: descriptors, names, the page cache, the
 * standard files of /proc and /sys. At boot, after heap, random numbers and cpus_start(), before
 * the first mount. Then:
 *
 *     path_mount_root(fs, "/dev/vda2"); path_mount("/proc", procfs_create(), "proc"); ...
 */
void fs_init(void);
