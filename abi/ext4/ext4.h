/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* ext4 as it lies on disk (Linux, Documentation/filesystems/ext4). All little-endian. */

#include "lib/base/types.h"

enum {
    EXT4_SUPER_OFF = 1024,
    EXT4_SUPER_SIZE = 1024,
    EXT4_SUPER_SIGNATURE = 0xef53,
    EXT4_INODE_SIZE_MIN = 128,
    EXT4_DESC_SIZE_MIN = 32,
    EXT4_DESC_SIZE_64 = 64,
    EXT4_DESC_SIZE_MAX = 1024,
};

enum ext4_compat {
    EXT4_COMPAT_SPARSE_SUPER2 = 0x200,
};

enum ext4_incompat {
    EXT4_INCOMPAT_FILETYPE = 0x2,
    EXT4_INCOMPAT_RECOVER = 0x4,
    EXT4_INCOMPAT_META_BG = 0x10,
    EXT4_INCOMPAT_EXTENTS = 0x40,
    EXT4_INCOMPAT_64BIT = 0x80,
    EXT4_INCOMPAT_MMP = 0x100,
    EXT4_INCOMPAT_FLEX_BG = 0x200,
    EXT4_INCOMPAT_EA_INODE = 0x400,
    EXT4_INCOMPAT_CSUM_SEED = 0x2000,
    EXT4_INCOMPAT_LARGEDIR = 0x4000,
    EXT4_INCOMPAT_INLINE_DATA = 0x8000,
};

enum ext4_ro_compat {
    EXT4_RO_COMPAT_SPARSE_SUPER = 0x1,
    EXT4_RO_COMPAT_HUGE_FILE = 0x8,
    EXT4_RO_COMPAT_METADATA_CSUM = 0x400,
};

enum ext4_super_flags {
    EXT4_FLAG_SIGNED_HASH = 1,
    EXT4_FLAG_UNSIGNED_HASH = 2,
};

struct ext4_super {
    struct le32 inodes_count;
    struct le32 blocks_count_lo;
    struct le32 reserved_blocks_lo;
    struct le32 free_blocks_lo;
    struct le32 free_inodes;
    struct le32 first_data_block;
    struct le32 log_block_size;
    struct le32 log_cluster_size;
    struct le32 blocks_per_group;
    struct le32 clusters_per_group;
    struct le32 inodes_per_group;
    u8 skipped_1[0x38 - 0x2c];
    struct le16 magic;
    struct le16 state;
    u8 skipped_2[0x4c - 0x3c];
    struct le32 revision;
    u8 skipped_3[0x54 - 0x50];
    struct le32 first_inode;
    struct le16 inode_size;
    struct le16 group_of_this;
    struct le32 compat;
    struct le32 incompat;
    struct le32 ro_compat;
    u8 uuid[16];
    u8 label[16];
    u8 skipped_4[0xec - 0x88];
    struct le32 hash_seed[4];
    u8 default_hash;
    u8 journal_backup;
    struct le16 desc_size;
    struct le32 mount_options;
    struct le32 first_meta_group;
    u8 skipped_5[0x150 - 0x108];
    struct le32 blocks_count_hi;
    struct le32 reserved_blocks_hi;
    struct le32 free_blocks_hi;
    struct le16 min_extra_size;
    struct le16 want_extra_size;
    struct le32 flags;
    u8 skipped_6[0x248 - 0x164];
    struct le32 overhead_clusters;
    struct le32 backup_groups[2];
    u8 skipped_7[0x270 - 0x254];
    struct le32 checksum_seed;
    u8 skipped_8[0x3fc - 0x274];
    struct le32 checksum;
};
static_assert(offsetof(struct ext4_super, magic) == 0x38, "ext4 super block");
static_assert(offsetof(struct ext4_super, compat) == 0x5c, "ext4 super block");
static_assert(offsetof(struct ext4_super, desc_size) == 0xfe, "ext4 super block");
static_assert(offsetof(struct ext4_super, flags) == 0x160, "ext4 super block");
static_assert(sizeof(struct ext4_super) == EXT4_SUPER_SIZE, "ext4 super block");

struct ext4_group_desc {
    struct le32 block_bitmap_lo;
    struct le32 inode_bitmap_lo;
    struct le32 inode_table_lo;
    struct le16 free_blocks_lo;
    struct le16 free_inodes_lo;
    struct le16 used_dirs_lo;
    struct le16 flags;
    struct le32 exclude_lo;
    struct le16 block_bitmap_csum_lo;
    struct le16 inode_bitmap_csum_lo;
    struct le16 unused_inodes_lo;
    struct le16 checksum;
    /* From here on with 64BIT only. */
    struct le32 block_bitmap_hi;
    struct le32 inode_bitmap_hi;
    struct le32 inode_table_hi;
    u8 skipped[EXT4_DESC_SIZE_64 - 0x2c];
};
static_assert(offsetof(struct ext4_group_desc, checksum) == 0x1e, "ext4 group descriptor");
static_assert(sizeof(struct ext4_group_desc) == EXT4_DESC_SIZE_64, "ext4 group descriptor");

struct ext4_disk_inode {
    struct le16 mode;
    struct le16 uid_lo;
    struct le32 size_lo;
    struct le32 atime;
    struct le32 ctime;
    struct le32 mtime;
    struct le32 dtime;
    struct le16 gid_lo;
    struct le16 link_count;
    struct le32 blocks_lo;
    struct le32 flags;
    struct le32 version_lo;
    u8 body[60];
    struct le32 generation;
    struct le32 acl_lo;
    struct le32 size_hi;
    struct le32 fragment;
    struct le16 blocks_hi;
    struct le16 acl_hi;
    struct le16 uid_hi;
    struct le16 gid_hi;
    struct le16 checksum_lo;
    struct le16 reserved;
    /* From here on where inodes are larger than 128 bytes, as far as extra_size says. */
    struct le16 extra_size;
    struct le16 checksum_hi;
    struct le32 ctime_extra;
    struct le32 mtime_extra;
    struct le32 atime_extra;
    struct le32 btime;
    struct le32 btime_extra;
};
static_assert(offsetof(struct ext4_disk_inode, checksum_lo) == 0x7c, "ext4 inode");
static_assert(offsetof(struct ext4_disk_inode, extra_size) == 0x80, "ext4 inode");
static_assert(sizeof(struct ext4_disk_inode) == 0x98, "ext4 inode");

enum {
    EXT4_EXTENT_MAGIC = 0xf30a,
    EXT4_EXTENT_DEPTH_MAX = 5,
    EXT4_EXTENT_LEN_MAX = 32768,    /* Longer: unwritten, by so much less. */
    EXT4_INODE_HUGE_FILE = 0x40000, /* `blocks` counts filesystem blocks. */
};

struct ext4_extent_header {
    struct le16 magic;
    struct le16 count;
    struct le16 max;
    struct le16 depth;
    struct le32 generation;
};

struct ext4_extent {
    struct le32 logical;
    struct le16 len;
    struct le16 physical_hi;
    struct le32 physical_lo;
};

struct ext4_extent_index {
    struct le32 logical;
    struct le32 child_lo;
    struct le16 child_hi;
    struct le16 unused;
};
static_assert(sizeof(struct ext4_extent_header) == 12, "ext4 extents");
static_assert(sizeof(struct ext4_extent) == 12, "ext4 extents");
static_assert(sizeof(struct ext4_extent_index) == 12, "ext4 extents");

enum {
    EXT4_DIRECT_BLOCKS = 12, /* Of the old block map; then one, two and three levels. */
    EXT4_INDIRECT_LEVELS = 3,
};

struct ext4_dirent {
    struct le32 inode;
    struct le16 size; /* To the next entry. */
    u8 name_len;
    u8 type;
    char name[];
};

enum {
    EXT4_DIRENT_HEADER_SIZE = 8,
    EXT4_DIRENT_TAIL_SIZE = 12,
    EXT4_DIRENT_TAIL_TYPE = 0xde,
};

/* The last entry of a directory block where metadata has checksums. */
struct ext4_dirent_tail {
    struct le32 inode; /* 0 */
    struct le16 size;  /* 12 */
    u8 name_len;       /* 0 */
    u8 type;           /* 0xde */
    struct le32 checksum;
};

enum ext4_hash {
    EXT4_HASH_LEGACY = 0,
    EXT4_HASH_HALF_MD4 = 1,
    EXT4_HASH_TEA = 2,
    EXT4_HASH_UNSIGNED = 3, /* Added to one of the above. */
};

enum {
    EXT4_HTREE_INFO_OFF = 0x18, /* In the root: after "." and "..". */
    EXT4_HTREE_ROOT_ENTRIES = 0x20,
    EXT4_HTREE_NODE_ENTRIES = 8, /* In other nodes: after an empty entry. */
    EXT4_HTREE_LEVELS_MAX = 3,
};

struct ext4_htree_info {
    struct le32 reserved;
    u8 hash;
    u8 size; /* Of this: 8. */
    u8 levels;
    u8 flags;
};

/* The first entry of a node holds limit and count in place of a hash, which is 0 there. */
struct ext4_htree_entry {
    union {
        struct le32 hash;
        struct {
            struct le16 limit;
            struct le16 count;
        };
    };
    struct le32 block;
};

struct ext4_htree_tail {
    struct le32 reserved;
    struct le32 checksum;
};

#define EXT4_XATTR_MAGIC 0xea020000u

struct ext4_xattr_entry {
    u8 name_len;
    u8 name_index;
    struct le16 value_off;
    struct le32 value_inode;
    struct le32 value_size;
    struct le32 hash;
    char name[];
};

enum {
    EXT4_XATTR_SYSTEM = 7, /* Name index of "system.". */
};
