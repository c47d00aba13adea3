/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extent trees. The root lies in the inode, other nodes in blocks of their own. Depth falls by one
 * with each level and is checked against what the parent promises, so a walk ends.
 */
#include "abi/ext4/ext4.h"
#include "kernel/fs/ext4/format/buffer.h"
#include "kernel/fs/ext4/format/ext4_format.h"
#include "kernel/fs/ext4/format/fs.h"
#include "lib/base/bytes.h"
#include "lib/base/num.h"
#include "lib/base/types.h"
#include "lib/hash/hash.h"

/* One level of the walk. */
struct node {
    const struct ext4_extent_header *header;
    struct ext4_buffer *buffer; /* NULL for the root. */
    u32 depth;                  /* 0: a leaf. */
    u64 end;                    /* First logical block beyond this node. */
};

static const struct ext4_extent *extents_of(const struct node *node)
{
    return (const void *)(node->header + 1);
}

static const struct ext4_extent_index *indexes_of(const struct node *node)
{
    return (const void *)(node->header + 1);
}

static u64 extent_physical(const struct ext4_extent *extent)
{
    return (u64)le16_get(extent->physical_hi) << 32 | le32_get(extent->physical_lo);
}

static u64 index_child(const struct ext4_extent_index *index)
{
    return (u64)le16_get(index->child_hi) << 32 | le32_get(index->child_lo);
}

static bool extent_is_unwritten(const struct ext4_extent *extent)
{
    return le16_get(extent->len) > EXT4_EXTENT_LEN_MAX;
}

static u32 extent_len(const struct ext4_extent *extent)
{
    u32 len = le16_get(extent->len);

    return len > EXT4_EXTENT_LEN_MAX ? len - EXT4_EXTENT_LEN_MAX : len;
}

static bool leaf_is_good(const struct ext4_fs *fs, const struct node *node, u32 count)
{
    const struct ext4_extent *extents = extents_of(node);
    u64 next = 0;

    for (u32 i = 0; i < count; i++) {
        u32 logical = le32_get(extents[i].logical);
        u32 len = extent_len(&extents[i]);

        if (len == 0 || logical < next || (u64)logical + len > (u64)UINT32_MAX + 1)
            return false;
        if (!ext4_blocks_ok(fs, extent_physical(&extents[i]), len))
            return false;
        next = (u64)logical + len;
    }
    return true;
}

static bool index_is_good(const struct ext4_fs *fs, const struct node *node, u32 count)
{
    const struct ext4_extent_index *indexes = indexes_of(node);

    for (u32 i = 0; i < count; i++) {
        if (i > 0 && le32_get(indexes[i].logical) <= le32_get(indexes[i - 1].logical))
            return false;
        if (!ext4_blocks_ok(fs, index_child(&indexes[i]), 1))
            return false;
    }
    return count > 0;
}

/* `room` is what the node lies in; its checksum is not looked at here. */
static bool node_is_good(const struct ext4_fs *fs, const struct node *node, u32 room)
{
    const struct ext4_extent_header *header = node->header;
    u32 count = le16_get(header->count);
    u32 max = le16_get(header->max);

    if (le16_get(header->magic) != EXT4_EXTENT_MAGIC || le16_get(header->depth) != node->depth)
        return false;
    if (count > max || sizeof(*header) + max * sizeof(struct ext4_extent) > room)
        return false;
    return node->depth ? index_is_good(fs, node, count) : leaf_is_good(fs, node, count);
}

/* The checksum follows the room for entries. `max` has been checked. */
static bool checksum_ok(const struct ext4_fs *fs, const struct ext4_inode *inode,
                        const struct node *node)
{
    size_t size = sizeof(*node->header) + le16_get(node->header->max) * sizeof(struct ext4_extent);
    const struct le32 *stored = (const void *)((const u8 *)node->header + size);

    if (!fs->has_checksums)
        return true;
    return size + sizeof(*stored) <= fs->block_size &&
           crc32c(ext4_inode_seed(fs, inode), node->header, size) == le32_get(*stored);
}

static int open_root(const struct ext4_fs *fs, const struct ext4_inode *inode, struct node *node)
{
    node->header = (const void *)inode->body;
    node->buffer = NULL;
    node->depth = le16_get(node->header->depth);
    node->end = (u64)UINT32_MAX + 1;
    if (node->depth > EXT4_EXTENT_DEPTH_MAX || !node_is_good(fs, node, EXT4_INODE_BODY_SIZE))
        return ext4_damaged(fs, inode->number, "extents");
    return 0;
}

static int open_child(struct ext4_fs *fs, const struct ext4_inode *inode, u64 block, u32 depth,
                      struct node *node)
{
    int err = ext4_buffer_get(fs, block, &node->buffer);

    if (err < 0)
        return err;
    node->header = (const void *)node->buffer->data;
    node->depth = depth;
    if (le16_get(node->header->depth) == depth &&
        ext4_buffer_is_checked(node->buffer, inode->number, EXT4_CHECKED_EXTENTS))
        return 0;
    if (!node_is_good(fs, node, fs->block_size) || !checksum_ok(fs, inode, node)) {
        ext4_buffer_put(fs, node->buffer);
        return ext4_damaged(fs, inode->number, "extent block");
    }
    ext4_buffer_set_checked(node->buffer, inode->number, EXT4_CHECKED_EXTENTS);
    return 0;
}

/*
 * How many entries begin at or before `logical`; their first fields are sorted. Both kinds of entry
 * begin with that field and have one size.
 */
static u32 entries_before(const struct node *node, u32 logical)
{
    const struct ext4_extent *entries = extents_of(node);
    u32 lo = 0;
    u32 hi = le16_get(node->header->count);

    while (lo < hi) {
        u32 mid = (lo + hi) / 2;

        if (le32_get(entries[mid].logical) <= logical) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

/* Where the entry after those `before` begins, or the node ends. */
static u64 next_logical(const struct node *node, u32 before)
{
    if (before == le16_get(node->header->count))
        return node->end;
    return u64_min(le32_get(extents_of(node)[before].logical), node->end);
}

static void map_in_leaf(const struct node *leaf, u32 logical, u32 count_max,
                        struct ext4_mapping *mapping)
{
    u32 before = entries_before(leaf, logical);
    const struct ext4_extent *extent = before ? &extents_of(leaf)[before - 1] : NULL;
    u64 end = next_logical(leaf, before);
    u32 into = extent ? logical - le32_get(extent->logical) : 0;

    if (!extent || into >= extent_len(extent)) {
        mapping->kind = EXT4_MAP_HOLE;
        mapping->physical = 0;
        /* `end` is beyond `logical` but for a child that contradicts its parent. */
        mapping->count = end > logical ? (u32)u64_min(end - logical, count_max) : 1;
        return;
    }
    mapping->kind = extent_is_unwritten(extent) ? EXT4_MAP_UNWRITTEN : EXT4_MAP_DATA;
    mapping->physical = extent_physical(extent) + into;
    mapping->count = u32_min(extent_len(extent) - into, count_max);
}

/* From `node` to its child that covers `logical`; `node` is given back. */
static int descend(struct ext4_fs *fs, const struct ext4_inode *inode, u32 logical,
                   struct node *node)
{
    u32 before = u32_max(entries_before(node, logical), 1);
    struct node child = { .end = next_logical(node, before) };
    int err =
        open_child(fs, inode, index_child(&indexes_of(node)[before - 1]), node->depth - 1, &child);

    if (node->buffer)
        ext4_buffer_put(fs, node->buffer);
    node->buffer = NULL;
    if (err == 0)
        *node = child;
    return err;
}

int ext4_extent_map(struct ext4_fs *fs, const struct ext4_inode *inode, u32 logical, u32 count_max,
                    struct ext4_mapping *mapping)
{
    struct node node;
    int err = open_root(fs, inode, &node);

    while (err == 0 && node.depth > 0)
        err = descend(fs, inode, logical, &node);
    if (err < 0)
        return err;
    map_in_leaf(&node, logical, count_max, mapping);
    if (node.buffer)
        ext4_buffer_put(fs, node.buffer);
    return 0;
}
