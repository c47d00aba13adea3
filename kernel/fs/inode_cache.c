/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/fs/inode_cache.h"

#include "kernel/core/spinlock.h"
#include "kernel/fs/inode.h"
#include "lib/base/list.h"
#include "lib/base/types.h"

enum {
    VICTIMS_TRIED = 32, /* Before the cache rather grows: the lock is held meanwhile. */
};

void inode_cache_init(struct inode_cache *cache, u32 kept_max)
{
    spinlock_init(&cache->lock, LOCK_RANK_NAME_CACHE);
    list_init(&cache->kept);
    for (u32 i = 0; i < INODE_CACHE_BUCKETS; i++)
        list_init(&cache->buckets[i]);
    cache->kept_max = kept_max;
}

static struct list *bucket_of(struct inode_cache *cache, u64 number)
{
    return &cache->buckets[number % INODE_CACHE_BUCKETS];
}

static struct inode *find_locked(struct inode_cache *cache, u64 number, u32 kind)
    HOLDS(&cache->lock)
{
    struct list *at;

    LIST_FOR_EACH (bucket_of(cache, number), at) {
        struct inode_cache_entry *entry = LIST_ENTRY(at, struct inode_cache_entry, bucket_link);

        if (entry->inode->number == number && entry->kind == kind) {
            list_remove(&entry->kept_link);
            list_push_back(&cache->kept, &entry->kept_link);
            return inode_get(entry->inode);
        }
    }
    return NULL;
}

/* The oldest inode that only the cache refers to, out of it; NULL when there is none near. */
static struct inode *oldest_unused(struct inode_cache *cache) HOLDS(&cache->lock)
{
    struct list *at = cache->kept.next;

    for (u32 i = 0; i < VICTIMS_TRIED && at != &cache->kept; i++, at = at->next) {
        struct inode_cache_entry *entry = LIST_ENTRY(at, struct inode_cache_entry, kept_link);

        /* More references only come from the cache, under its lock. */
        if (__atomic_load_n(&entry->inode->refs, __ATOMIC_ACQUIRE) == 1) {
            list_remove(&entry->kept_link);
            list_remove(&entry->bucket_link);
            cache->kept_count--;
            return entry->inode;
        }
    }
    return NULL;
}

struct inode *inode_cache_find(struct inode_cache *cache, u64 number, u32 kind)
{
    struct inode *inode;

    spin_lock(&cache->lock);
    inode = find_locked(cache, number, kind);
    spin_unlock(&cache->lock);
    return inode;
}

struct inode *inode_cache_enter(struct inode_cache *cache, struct inode_cache_entry *entry)
{
    struct inode *fresh = entry->inode;
    struct inode *victim = NULL;
    struct inode *inode;

    spin_lock(&cache->lock);
    inode = find_locked(cache, fresh->number, entry->kind);
    if (!inode) {
        inode = inode_get(fresh);
        list_push_back(bucket_of(cache, inode->number), &entry->bucket_link);
        list_push_back(&cache->kept, &entry->kept_link);
        cache->kept_count++;
        if (cache->kept_count > cache->kept_max)
            victim = oldest_unused(cache);
    }
    spin_unlock(&cache->lock);
    if (victim)
        inode_put(victim);
    if (inode != fresh)
        inode_put(fresh);
    return inode;
}
