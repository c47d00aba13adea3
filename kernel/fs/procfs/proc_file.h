/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An open file of /proc or /sys: the text, made when reading starts and kept for the rest of it. */

#include "kernel/fs/procfs.h"
#include "lib/base/types.h"

/* `item` is copied. 0, -EACCES to write what cannot be written, -ENOMEM. */
int proc_file_open(const struct procfs_item *item, u32 flags, struct file **file) MUST_USE;
