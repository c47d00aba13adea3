/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has which four numbers. A fixed number of shards, each with a lock and a table of its own
 * that doubles when it fills: growing stops one shard for the time its own nodes take, and no lock
 * is ever shared by all. SipHash under a random key keeps strangers from choosing the bucket.
 */
#include "kernel/net/tcp/table.h"

#include "abi/linux/errors.h"
#include "kernel/core/entropy.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/mm/heap.h"
#include "kernel/net/tcp/connection.h"
#include "lib/hash/fold.h"

enum {
    SHARDS = 128,
    SHARD_BUCKETS_FIRST = 4,
    SHARD_BUCKETS_MAX = 1 << 16,
    SHARD_SHIFT = 25, /* The top 7 bits choose the shard, the low ones the bucket. */
    VISIT_BATCH = 32, /* Nodes referenced at a time by tcp_table_for_each(). */
};

struct shard {
    struct spinlock lock; /* LOCK_RANK_NET_TABLE. */
    u32 count GUARDED_BY(&lock);
    u32 bucket_count GUARDED_BY(&lock); /* A power of two, or 0. */
    struct tcp_node **buckets GUARDED_BY(&lock);
};

static struct shard shards[SHARDS];
static struct foldhash_key key; /* [const] after tcp_table_init() */

void tcp_table_init(void)
{
    random_bytes(&key, sizeof(key));
    for (u32 i = 0; i < SHARDS; i++)
        spinlock_init(&shards[i].lock, LOCK_RANK_NET_TABLE);
}

u32 tcp_tuple_hash(const struct tcp_tuple *tuple)
{
    return (u32)foldhash(&key, tuple, sizeof(*tuple));
}

static bool tuple_equal(const struct tcp_tuple *left, const struct tcp_tuple *right)
{
    return left->remote_ip == right->remote_ip && left->remote_port == right->remote_port &&
           left->local_port == right->local_port && left->local_ip == right->local_ip;
}

static struct shard *shard_of(u32 hash)
{
    return &shards[hash >> SHARD_SHIFT];
}

void tcp_node_get(struct tcp_node *node)
{
    __atomic_fetch_add(&node->refs, 1, __ATOMIC_RELAXED); /* The caller holds one, or the shard. */
}

/* Where the pointer to the node with this tuple is, or to the end of its bucket. */
static struct tcp_node **node_place(struct shard *shard, u32 hash, const struct tcp_tuple *tuple)
    HOLDS(&shard->lock)
{
    struct tcp_node **place = &shard->buckets[hash & (shard->bucket_count - 1)];

    while (*place && !((*place)->hash == hash && tuple_equal(&(*place)->tuple, tuple)))
        place = &(*place)->next;
    return place;
}

struct tcp_node *tcp_table_find(const struct tcp_tuple *tuple)
{
    u32 hash = tcp_tuple_hash(tuple);
    struct shard *shard = shard_of(hash);
    struct tcp_node *node = NULL;

    spin_lock(&shard->lock);
    if (shard->bucket_count != 0)
        node = *node_place(shard, hash, tuple);
    if (node)
        tcp_node_get(node);
    spin_unlock(&shard->lock);
    return node;
}

static void shard_rehash(struct shard *shard, struct tcp_node **buckets, u32 bucket_count)
    HOLDS(&shard->lock)
{
    for (u32 i = 0; i < shard->bucket_count; i++) {
        struct tcp_node *node = shard->buckets[i];

        while (node) {
            struct tcp_node *next = node->next;
            struct tcp_node **bucket = &buckets[node->hash & (bucket_count - 1)];

            node->next = *bucket;
            *bucket = node;
            node = next;
        }
    }
    heap_free(shard->buckets);
    shard->buckets = buckets;
    shard->bucket_count = bucket_count;
}

/* Longer chains are no error: only a table that cannot even begin is. */
static bool shard_reserve(struct shard *shard) HOLDS(&shard->lock)
{
    u32 bucket_count = shard->bucket_count == 0 ? SHARD_BUCKETS_FIRST : shard->bucket_count * 2;
    struct tcp_node **buckets;

    if (shard->count < shard->bucket_count || bucket_count > SHARD_BUCKETS_MAX)
        return true;
    buckets = heap_alloc_array(bucket_count, sizeof(struct tcp_node *));
    if (buckets)
        shard_rehash(shard, buckets, bucket_count);
    return shard->bucket_count != 0;
}

static int insert_locked(struct shard *shard, struct tcp_node *node) HOLDS(&shard->lock)
{
    struct tcp_node **place;

    if (!shard_reserve(shard))
        return -ENOMEM;
    place = node_place(shard, node->hash, &node->tuple);
    if (*place)
        return -EADDRINUSE;
    tcp_node_get(node);
    node->hashed = true;
    node->next = NULL;
    *place = node;
    shard->count++;
    return 0;
}

int tcp_table_insert(struct tcp_node *node)
{
    u32 hash = tcp_tuple_hash(&node->tuple);
    struct shard *shard = shard_of(hash);
    int err;

    spin_lock(&shard->lock);
    node->hash = hash;
    err = insert_locked(shard, node);
    spin_unlock(&shard->lock);
    return err;
}

bool tcp_table_replace(struct tcp_node *old, struct tcp_node *node)
{
    struct shard *shard = shard_of(old->hash);
    bool replaced;

    spin_lock(&shard->lock);
    replaced = old->hashed;
    if (replaced) {
        struct tcp_node **place = node_place(shard, old->hash, &old->tuple);

        ASSERT(*place == old);
        tcp_node_get(node);
        node->hash = old->hash;
        node->next = old->next;
        node->hashed = true;
        *place = node;
        old->hashed = false;
    }
    spin_unlock(&shard->lock);
    if (replaced)
        tcp_node_put(old); /* The table's. The caller has one of its own. */
    return replaced;
}

bool tcp_table_remove(struct tcp_node *node)
{
    struct shard *shard = shard_of(node->hash);
    bool removed;

    spin_lock(&shard->lock);
    removed = node->hashed;
    if (removed) {
        struct tcp_node **place = node_place(shard, node->hash, &node->tuple);

        ASSERT(*place == node);
        *place = node->next;
        node->hashed = false;
        shard->count--;
    }
    spin_unlock(&shard->lock);
    if (removed)
        tcp_node_put(node); /* Likewise. */
    return removed;
}

/* References to the next nodes of a bucket behind the first `skip`. */
static u32 bucket_batch(struct shard *shard, u32 bucket, u32 skip, struct tcp_node **batch)
{
    struct tcp_node *node;
    u32 count = 0;

    spin_lock(&shard->lock);
    node = bucket < shard->bucket_count ? shard->buckets[bucket] : NULL;
    for (; node && count < VISIT_BATCH; node = node->next) {
        if (skip > 0) {
            skip--;
            continue;
        }
        tcp_node_get(node);
        batch[count++] = node;
    }
    spin_unlock(&shard->lock);
    return count;
}

static void bucket_visit(struct shard *shard, u32 bucket,
                         void (*visit)(void *arg, struct tcp_node *node), void *arg)
{
    struct tcp_node *batch[VISIT_BATCH];
    u32 skip = 0;
    u32 count;

    do {
        count = bucket_batch(shard, bucket, skip, batch);
        for (u32 i = 0; i < count; i++) {
            visit(arg, batch[i]);
            tcp_node_put(batch[i]);
        }
        skip += count;
    } while (count == VISIT_BATCH);
}

void tcp_table_for_each(void (*visit)(void *arg, struct tcp_node *node), void *arg)
{
    for (u32 i = 0; i < SHARDS; i++) {
        u32 bucket_count;

        spin_lock(&shards[i].lock);
        bucket_count = shards[i].bucket_count;
        spin_unlock(&shards[i].lock);
        for (u32 bucket = 0; bucket < bucket_count; bucket++)
            bucket_visit(&shards[i], bucket, visit, arg);
    }
}
