/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of this folder share. Callers see ext4_format.h only. */

#include "abi/ext4/ext4.h"
#include "abi/linux/errors.h"
#include "kernel/fs/ext4/format/buffer.h"
#include "kernel/fs/ext4/format/ext4_format.h"
#include "lib/base/types.h"

enum {
    EXT4_LABEL_SIZE = 17,
    EXT4_BLOCK_SIZE_MAX = 4096, /* As Linux on machines with such pages. */
    EXT4_LINK_SIZE_MAX = 4096,
};

/* [const] but for `buffers`. */
struct ext4_fs {
    struct ext4_disk disk;
    struct ext4_buffers buffers;
    u32 block_size;
    u32 block_shift;
    u64 block_count;
    u32 first_data_block;
    u32 blocks_per_group;
    u32 group_count;
    u32 inodes_per_group;
    u32 inode_count;
    u32 inode_size;
    u32 desc_size;
    u32 first_meta_group;
    u32 compat, incompat, ro_compat;
    u32 backup_groups[2];
    bool has_checksums;
    u32 checksum_seed;
    u32 hash_seed[4];
    u32 hash_unsigned; /* EXT4_HASH_UNSIGNED or 0. */
    u64 free_blocks;
    u64 reserved_blocks;
    u64 overhead_blocks;
    u32 free_inodes;
    u8 uuid[16];
    char label[EXT4_LABEL_SIZE];
};

void ext4_log_damage(const struct ext4_fs *fs, u32 inode, const char *what);

/* Logs what is damaged and gives -EIO. Here, so that analysers see that it is an error. */
MUST_USE static inline int ext4_damaged(const struct ext4_fs *fs, u32 inode, const char *what)
{
    ext4_log_damage(fs, inode, what);
    return -EIO;
}

/* True when `count` blocks from `block` on lie within the filesystem. */
bool ext4_blocks_ok(const struct ext4_fs *fs, u64 block, u64 count);

/* Where the inode table of `group` begins. */
int ext4_group_inode_table(struct ext4_fs *fs, u32 group, u64 *block) MUST_USE;

/* What checksums of blocks that belong to an inode start with. */
u32 ext4_inode_seed(const struct ext4_fs *fs, const struct ext4_inode *inode);

/* The inode as it lies in `buffer`, which the caller puts. */
int ext4_inode_raw(struct ext4_fs *fs, u32 number, struct ext4_buffer **buffer,
                   const struct ext4_disk_inode **raw) MUST_USE;

/* The two ways to map blocks. `logical` fits 32 bits. */
int ext4_extent_map(struct ext4_fs *fs, const struct ext4_inode *inode, u32 logical, u32 count_max,
                    struct ext4_mapping *mapping) MUST_USE;
int ext4_indirect_map(struct ext4_fs *fs, const struct ext4_inode *inode, u32 logical,
                      u32 count_max, struct ext4_mapping *mapping) MUST_USE;

/*
 * Contents that lie in the inode: all of them, heap_free() by the caller. `*size` is the inode's.
 */
int ext4_inline_load(struct ext4_fs *fs, const struct ext4_inode *inode, u8 **bytes, u32 *size)
    MUST_USE;

/*
 * Block `logical` of a directory, checked: entries are well-formed, checksums right. `*is_index`
 * for nodes of the hash tree, whose entries are not names.
 */
int ext4_dir_block(struct ext4_fs *fs, const struct ext4_inode *dir, u32 logical,
                   struct ext4_buffer **buffer, bool *is_index) MUST_USE;

/* Finds a name among the entries in [bytes, bytes + size): all well-formed. NULL: not there. */
const struct ext4_dirent *ext4_dirent_find(const u8 *bytes, u32 size, const char *name, u32 len);

/* True when [bytes, bytes + size) is exactly filled by well-formed entries. */
bool ext4_dirents_ok(const struct ext4_fs *fs, const u8 *bytes, u32 size);

/*
 * Finds a name by the directory's hash tree: as ext4_dir_lookup(), or -EOPNOTSUPP when the tree
 * cannot be used and all blocks have to be searched.
 */
int ext4_htree_lookup(struct ext4_fs *fs, const struct ext4_inode *dir, const char *name, u32 len,
                      u32 *number, u8 *type) MUST_USE;

/* Hash of a name for the tree; false when `version` (enum ext4_hash) is not known. */
bool ext4_name_hash(const u32 seed[4], u32 version, const char *name, u32 len, u32 *hash);

/* DT_ type from an entry. */
u8 ext4_dirent_type(const struct ext4_fs *fs, const struct ext4_dirent *entry);
