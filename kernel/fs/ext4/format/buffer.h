/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The cache of metadata blocks. Blocks in use stay; of the others the least recently used goes. */

#include "kernel/core/mutex.h"
#include "lib/base/list.h"
#include "lib/base/types.h"

struct ext4_fs;

enum {
    EXT4_BUFFERS_MAX = 128, /* Kept while nobody uses them. */
    EXT4_BUFFER_BUCKETS = 64,
};

/* What a block has been checked to be, so that it is checked once while it is here. */
enum ext4_checked {
    EXT4_CHECKED_NOT,
    EXT4_CHECKED_EXTENTS,
    EXT4_CHECKED_LEAF,  /* Directory entries. */
    EXT4_CHECKED_INDEX, /* A node of a hash tree. */
    EXT4_CHECKED_GROUPS,
};

struct ext4_buffer {
    struct list hash_link; /* These three under the cache's lock. */
    struct list lru_link;
    u32 refs;
    u64 block;      /* [const] */
    const u8 *data; /* [const] One block. */
    u64 checked;    /* [atomic] Inode number << 8 | enum ext4_checked. */
};

struct ext4_buffers {
    struct mutex lock; /* Held while a block is read: two readers of one block read it once. */
    struct list hash[EXT4_BUFFER_BUCKETS] GUARDED_BY(&lock);
    struct list lru GUARDED_BY(&lock); /* All; those used last at the end. */
    u32 count GUARDED_BY(&lock);
};

void ext4_buffers_init(struct ext4_buffers *buffers);
void ext4_buffers_fini(struct ext4_buffers *buffers);

/* Block `block`, which is within the filesystem, with a reference. 0, -EIO, -ENOMEM. */
int ext4_buffer_get(struct ext4_fs *fs, u64 block, struct ext4_buffer **result) MUST_USE;
void ext4_buffer_put(struct ext4_fs *fs, struct ext4_buffer *buffer);

static inline bool ext4_buffer_is_checked(const struct ext4_buffer *buffer, u32 inode,
                                          enum ext4_checked as)
{
    /* Whoever set it checked bytes that never change: nothing to order. */
    return __atomic_load_n(&buffer->checked, __ATOMIC_RELAXED) == ((u64)inode << 8 | (u64)as);
}

static inline void ext4_buffer_set_checked(struct ext4_buffer *buffer, u32 inode,
                                           enum ext4_checked as)
{
    __atomic_store_n(&buffer->checked, (u64)inode << 8 | (u64)as, __ATOMIC_RELAXED);
}
