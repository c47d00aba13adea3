/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash tree of large directories: nodes of (hash, block) sorted by hash, down to ordinary
 * blocks of entries. It is an index only: where it makes no sense, the blocks are searched one by
 * one.
 */
#include "abi/ext4/ext4.h"
#include "abi/linux/errors.h"
#include "kernel/fs/ext4/format/buffer.h"
#include "kernel/fs/ext4/format/ext4_format.h"
#include "kernel/fs/ext4/format/fs.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"

/* The place of a search in one level of the tree. */
struct level {
    struct ext4_buffer *buffer;
    const struct ext4_htree_entry *entries;
    u32 count;
    u32 at; /* The entry being followed. */
};

struct walk {
    struct ext4_fs *fs;
    const struct ext4_inode *dir;
    u32 hash;
    u32 depth; /* Levels in use. */
    struct level levels[EXT4_HTREE_LEVELS_MAX + 1];
};

static u32 entry_hash(const struct level *level, u32 index)
{
    return index == 0 ? 0 : le32_get(level->entries[index].hash);
}

static u32 entry_block(const struct level *level)
{
    return le32_get(level->entries[level->at].block) & 0x0fffffff;
}

static void leave(struct walk *walk)
{
    while (walk->depth > 0)
        ext4_buffer_put(walk->fs, walk->levels[--walk->depth].buffer);
}

/* Goes into the node in block `logical` whose entries begin at `off`. */
static int enter(struct walk *walk, u32 logical, u32 off)
{
    struct level *level = &walk->levels[walk->depth];
    u32 room = (walk->fs->block_size - off) / (u32)sizeof(*level->entries);
    bool is_index;
    int err;

    if (logical >= walk->dir->size >> walk->fs->block_shift)
        return -EOPNOTSUPP;
    err = ext4_dir_block(walk->fs, walk->dir, logical, &level->buffer, &is_index);
    if (err < 0)
        return err == -EIO ? -EOPNOTSUPP : err;
    level->entries = (const void *)(level->buffer->data + off);
    level->count = le16_get(level->entries->count);
    level->at = 0;
    walk->depth++;
    if (!is_index || level->count == 0 || level->count > room ||
        level->count > le16_get(level->entries->limit))
        return -EOPNOTSUPP;
    return 0;
}

/* The last entry of the level that is not beyond the hash. */
static void seek(const struct walk *walk, struct level *level)
{
    u32 lo = 1;
    u32 hi = level->count;

    while (lo < hi) {
        u32 mid = (lo + hi) / 2;

        if (entry_hash(level, mid) <= walk->hash) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    level->at = lo - 1;
}

static int start(struct walk *walk, const char *name, u32 len, u32 *levels)
{
    const struct ext4_htree_info *info;
    u32 version;
    int err = enter(walk, 0, EXT4_HTREE_ROOT_ENTRIES);

    if (err < 0)
        return err;
    info = (const void *)(walk->levels[0].buffer->data + EXT4_HTREE_INFO_OFF);
    if (info->size != sizeof(*info) || info->levels >= EXT4_HTREE_LEVELS_MAX ||
        le32_get(info->reserved) != 0)
        return -EOPNOTSUPP;
    version = info->hash;
    if (version <= EXT4_HASH_TEA)
        version += walk->fs->hash_unsigned;
    if (!ext4_name_hash(walk->fs->hash_seed, version, name, len, &walk->hash))
        return -EOPNOTSUPP;
    *levels = info->levels;
    seek(walk, &walk->levels[0]);
    return 0;
}

/*
 * On to the next block of entries, if names with our hash go on there: its hash says so by its
 * lowest bit, or by being the same.
 */
static bool next_leaf(struct walk *walk)
{
    u32 bottom = walk->depth - 1;
    u32 up = bottom;

    while (walk->levels[up].at + 1 >= walk->levels[up].count) {
        if (up == 0)
            return false;
        up--;
    }
    walk->levels[up].at++;
    if ((entry_hash(&walk->levels[up], walk->levels[up].at) & ~1u) != walk->hash)
        return false;
    while (up < bottom) {
        u32 block = entry_block(&walk->levels[up]);

        /* The levels below go on at the start of the next node. */
        while (walk->depth > up + 1)
            ext4_buffer_put(walk->fs, walk->levels[--walk->depth].buffer);
        if (enter(walk, block, EXT4_HTREE_NODE_ENTRIES) < 0)
            return false;
        up++;
    }
    return true;
}

static int search_leaf(struct walk *walk, const char *name, u32 len, u32 *number, u8 *type)
{
    u32 block = entry_block(&walk->levels[walk->depth - 1]);
    const struct ext4_dirent *entry;
    struct ext4_buffer *buffer;
    bool is_index;
    int err;

    if (block == 0 || block >= walk->dir->size >> walk->fs->block_shift)
        return -EOPNOTSUPP;
    err = ext4_dir_block(walk->fs, walk->dir, block, &buffer, &is_index);
    if (err < 0)
        return err;
    entry = ext4_dirent_find(buffer->data, walk->fs->block_size, name, len);
    err = -ENOENT;
    if (entry) {
        *number = le32_get(entry->inode);
        *type = ext4_dirent_type(walk->fs, entry);
        err = 0;
    }
    ext4_buffer_put(walk->fs, buffer);
    return err;
}

static int search(struct walk *walk, const char *name, u32 len, u32 *number, u8 *type)
{
    u32 levels = 0;
    int err = start(walk, name, len, &levels);

    for (u32 i = 0; i < levels && err == 0; i++) {
        err = enter(walk, entry_block(&walk->levels[i]), EXT4_HTREE_NODE_ENTRIES);
        if (err == 0)
            seek(walk, &walk->levels[i + 1]);
    }
    if (err < 0)
        return err;
    do {
        err = search_leaf(walk, name, len, number, type);
    } while (err == -ENOENT && next_leaf(walk));
    return err;
}

int ext4_htree_lookup(struct ext4_fs *fs, const struct ext4_inode *dir, const char *name, u32 len,
                      u32 *number, u8 *type)
{
    struct walk walk;
    int err;

    /* These two are not in the tree; the first block has them. */
    if ((len == 1 && name[0] == '.') || (len == 2 && mem_equal(name, "..", 2)))
        return -EOPNOTSUPP;
    walk.fs = fs;
    walk.dir = dir;
    walk.depth = 0;
    err = search(&walk, name, len, number, type);
    leave(&walk);
    return err;
}
