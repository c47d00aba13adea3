/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The inodes of one filesystem whose home is elsewhere, on a disk or on a server: those that were
 * looked up stay in memory, found by number. The cache has a reference to each, so that their pages
 * stay cached as well; beyond a limit those that nobody else refers to go, oldest first.
 */

#include "kernel/core/spinlock.h"
#include "lib/base/list.h"
#include "lib/base/types.h"

enum {
    INODE_CACHE_BUCKETS = 256,
};

/* A filesystem has one beside each inode of its own. Under the cache's lock. */
struct inode_cache_entry {
    struct inode *inode;
    u32 kind; /* Tells apart inodes of one number, where the home can give a number twice. */
    struct list bucket_link;
    struct list kept_link;
};

struct inode_cache {
    struct spinlock lock; /* LOCK_RANK_NAME_CACHE */
    struct list buckets[INODE_CACHE_BUCKETS] GUARDED_BY(&lock);
    struct list kept GUARDED_BY(&lock); /* All of them, last used last. */
    u32 kept_count GUARDED_BY(&lock);
    u32 kept_max; /* [const] In memory at once, those in use excepted. */
};

void inode_cache_init(struct inode_cache *cache, u32 kept_max);

/* The inode, with a reference; NULL when the cache has none. */
struct inode *inode_cache_find(struct inode_cache *cache, u64 number, u32 kind) MUST_USE;

/*
 * Enters `entry`, whose `inode` and `kind` are set, with a reference of the cache's own; the caller
 * keeps that which it has. When another thread was faster, its inode is returned with a reference,
 * and that of `entry` is put. May sleep: an older inode may go for it.
 */
struct inode *inode_cache_enter(struct inode_cache *cache, struct inode_cache_entry *entry)
    MUST_USE;
