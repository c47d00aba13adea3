/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/fs/inode_cache.h"

#include "abi/linux/stat.h"
#include "kernel/fs/inode.h"
#include "lib/base/types.h"
#include "test/unit/unit.h"

enum {
    KEPT_MAX = 3,
};

static struct node {
    struct inode inode;
    struct inode_cache_entry entry;
} nodes[8];

static struct filesystem filesystem;
static struct inode_cache cache;
static u32 released;

static void release(struct inode *inode)
{
    (void)inode;
    released++;
}

static const struct inode_ops ops = { .release = release };

/* Makes and enters one; the caller has what comes back. */
static struct inode *enter(struct node *node, u64 number, u32 kind)
{
    inode_init(&node->inode, &filesystem, &ops, number, S_IFREG);
    node->entry.inode = &node->inode;
    node->entry.kind = kind;
    return inode_cache_enter(&cache, &node->entry);
}

TEST(inode_cache, finds_by_number_and_kind)
{
    struct inode *first;
    struct inode *second;

    inode_cache_init(&cache, KEPT_MAX);
    first = enter(&nodes[0], 7, 0);
    second = enter(&nodes[1], 7, 1);
    CHECK(first == &nodes[0].inode && second == &nodes[1].inode);
    CHECK(inode_cache_find(&cache, 7, 0) == first);
    CHECK(inode_cache_find(&cache, 7, 1) == second);
    CHECK_EQ(first->refs, 3); /* Whoever made it, the cache, and the find. */
    CHECK(!inode_cache_find(&cache, 7, 2));
    CHECK(!inode_cache_find(&cache, 7 + INODE_CACHE_BUCKETS, 0)); /* In the same bucket. */
}

TEST(inode_cache, keeps_whichever_came_first)
{
    inode_cache_init(&cache, KEPT_MAX);
    CHECK(enter(&nodes[0], 7, 0) == &nodes[0].inode);
    CHECK(enter(&nodes[1], 7, 0) == &nodes[0].inode);
    CHECK_EQ(released, 1); /* That of the second. */
    CHECK_EQ(nodes[0].inode.refs, 3);
}

TEST(inode_cache, lets_go_of_the_longest_unused)
{
    inode_cache_init(&cache, KEPT_MAX);
    for (u32 i = 0; i < KEPT_MAX; i++)
        inode_put(enter(&nodes[i], i, 0));
    inode_put(inode_cache_find(&cache, 0, 0)); /* The oldest is 1 now. */
    inode_put(enter(&nodes[KEPT_MAX], KEPT_MAX, 0));
    CHECK_EQ(released, 1);
    CHECK(!inode_cache_find(&cache, 1, 0));
    CHECK(inode_cache_find(&cache, 0, 0) == &nodes[0].inode);
}

TEST(inode_cache, grows_beyond_its_limit_rather_than_lose_one_in_use)
{
    inode_cache_init(&cache, KEPT_MAX);
    for (u32 i = 0; i <= KEPT_MAX; i++)
        (void)!enter(&nodes[i], i, 0);
    CHECK_EQ(released, 0);
    for (u32 i = 0; i <= KEPT_MAX; i++)
        CHECK(inode_cache_find(&cache, i, 0) == &nodes[i].inode);
}
