/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * ext4 on a block device: joins the format (kernel/fs/ext4/format) with inodes and the page cache.
 * Mounted read-only so far.
 */

#include "kernel/fs/inode.h"
#include "lib/base/types.h"

struct block_device;

/* What a filesystem is called. */
struct ext4_identity {
    u8 uuid[16];
    char label[17]; /* NUL-ended. */
};

/* Whether an ext4 begins on `device`, and its names: 0, -EINVAL if none does, -EIO, -ENOMEM. */
int ext4_identify(struct block_device *device, struct ext4_identity *identity) MUST_USE;

/* 0 and the filesystem, which stays mounted; or what ext4_open() says, -ENOMEM. May sleep. */
int ext4_mount(struct block_device *device, struct filesystem **fs) MUST_USE;
