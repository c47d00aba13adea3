/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * ext4 on a block device: joins the format (kernel/fs/ext4/format) with inodes and the page cache.
 * Mounted read-only so far.
 */

#include "kernel/fs/inode.h"
#include "lib/base/types.h"

struct block_device;

/* 0 and the filesystem, which stays mounted; or what ext4_open() says, -ENOMEM. May sleep. */
int ext4_mount(struct block_device *device, struct filesystem **fs) MUST_USE;
