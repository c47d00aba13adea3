/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A filesystem in memory. File data lives in the page cache, which is its only home; names live in
 * a tree per directory. What is stored counts against a limit in pages: full is -ENOSPC.
 */

#include "kernel/file/file.h"
#include "lib/base/types.h"

enum {
    TMPFS_INODES_MAX = 1 << 20, /* In one filesystem. */
};

/*
 * `size_max` in bytes; 0: half of the machine's memory. NULL when memory is out. Never unmounted.
 */
struct filesystem *tmpfs_create(u64 size_max) MUST_USE;

/*
 * A file without a name, for memfd_create(): an open file, readable and writable. `name` is what
 * /proc/self/fd shows. 0, -ENOMEM, -ENOSPC.
 */
int memfd_create(const char *name, bool allow_sealing, struct file **file) MUST_USE;

/* fcntl's F_ADD_SEALS and F_GET_SEALS: -EINVAL for files that are no memfd, -EPERM. */
int memfd_add_seals(struct file *file, u32 seals) MUST_USE;
long memfd_seals(struct file *file) MUST_USE;
