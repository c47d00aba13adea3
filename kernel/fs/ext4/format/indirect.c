/* SPDX-License-Identifier: Apache-2.0 */
/* The block map of ext2 and ext3: direct blocks, then trees of one, two and three levels. */
#include "abi/ext4/ext4.h"
#include "kernel/fs/ext4/format/buffer.h"
#include "kernel/fs/ext4/format/ext4_format.h"
#include "kernel/fs/ext4/format/fs.h"
#include "lib/base/bytes.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

/* A place in the map: the pointer of `logical` among `count` that follow each other. */
struct place {
    u32 slot;   /* In inode->body. */
    u32 levels; /* Blocks of pointers between that and the data. */
    u64 index;  /* Of the data block below the slot. */
};

/* False beyond what the map can hold. */
static bool find_place(const struct ext4_fs *fs, u32 logical, struct place *place)
{
    u32 shift = fs->block_shift - 2; /* Pointers per block, as a power of two. */
    u64 left = logical;

    if (left < EXT4_DIRECT_BLOCKS) {
        *place = (struct place){ logical, 0, 0 };
        return true;
    }
    left -= EXT4_DIRECT_BLOCKS;
    for (u32 level = 1; level <= EXT4_INDIRECT_LEVELS; level++) {
        u64 span = 1ull << (shift * level);

        if (left < span) {
            *place = (struct place){ EXT4_DIRECT_BLOCKS + level - 1, level, left };
            return true;
        }
        left -= span;
    }
    return false;
}

/* The mapping at pointers[0], which is as long as the `count` pointers go on in the same way. */
static int map_run(struct ext4_fs *fs, const struct ext4_inode *inode, const struct le32 *pointers,
                   u32 count, struct ext4_mapping *mapping)
{
    u32 first = le32_get(pointers[0]);
    u32 len = 1;

    while (len < count && le32_get(pointers[len]) == (first ? first + len : 0))
        len++;
    mapping->kind = first ? EXT4_MAP_DATA : EXT4_MAP_HOLE;
    mapping->physical = first;
    mapping->count = len;
    if (first && !ext4_blocks_ok(fs, first, len))
        return ext4_damaged(fs, inode->number, "block map");
    return 0;
}

/* A pointer to a block of pointers that is 0: a hole as wide as all that would lie below. */
static void map_hole(const struct place *place, u32 level_shift, u32 count_max,
                     struct ext4_mapping *mapping)
{
    u64 span = 1ull << level_shift;

    mapping->kind = EXT4_MAP_HOLE;
    mapping->physical = 0;
    mapping->count = (u32)u64_min(span - (place->index & (span - 1)), count_max);
}

static int map_below(struct ext4_fs *fs, const struct ext4_inode *inode, const struct place *place,
                     u32 block, u32 count_max, struct ext4_mapping *mapping)
{
    u32 shift = fs->block_shift - 2;

    for (u32 level = place->levels; level > 0; level--) {
        u32 index = (u32)(place->index >> (shift * (level - 1))) & ((1u << shift) - 1);
        const struct le32 *pointers;
        struct ext4_buffer *buffer;
        int err = 0;

        if (block == 0) {
            map_hole(place, shift * level, count_max, mapping);
            return 0;
        }
        if (!ext4_blocks_ok(fs, block, 1))
            return ext4_damaged(fs, inode->number, "block map");
        err = ext4_buffer_get(fs, block, &buffer);
        if (err < 0)
            return err;
        pointers = (const void *)buffer->data;
        block = le32_get(pointers[index]);
        if (level == 1) {
            err = map_run(fs, inode, pointers + index, u32_min((1u << shift) - index, count_max),
                          mapping);
        }
        ext4_buffer_put(fs, buffer);
        if (err < 0)
            return err;
    }
    return 0;
}

int ext4_indirect_map(struct ext4_fs *fs, const struct ext4_inode *inode, u32 logical,
                      u32 count_max, struct ext4_mapping *mapping)
{
    const struct le32 *pointers = (const void *)inode->body;
    struct place place;

    if (!find_place(fs, logical, &place)) {
        *mapping = (struct ext4_mapping){ EXT4_MAP_HOLE, 0, count_max };
        return 0;
    }
    if (place.levels == 0) {
        return map_run(fs, inode, pointers + place.slot,
                       u32_min(EXT4_DIRECT_BLOCKS - place.slot, count_max), mapping);
    }
    return map_below(fs, inode, &place, le32_get(pointers[place.slot]), count_max, mapping);
}
