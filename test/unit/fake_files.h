/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Files for the tests of kernel/vm: an inode with a cache whose pages read as their index. */

#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "lib/base/types.h"

enum {
    FAKE_FILE_PAGES = 64,
};

extern struct inode fake_inode;
extern struct file fake_file;
extern int fake_file_reads;   /* Pages that had to be read. */
extern bool fake_reclaiming;  /* What page_cache_is_reclaiming() says. */
extern int fake_marks_dirty;  /* Calls of page_cache_mark_dirty(). */
extern bool fake_file_broken; /* Reading gives -EIO. */

void fake_file_init(u64 size, u32 file_flags, u32 cache_flags);
/* Drops pages nobody uses. Returns how many are left. */
int fake_file_fini(void);
