/* SPDX-License-Identifier: Apache-2.0 */
/* The superblock and the group descriptors: geometry, features, totals. */
#include "abi/ext4/ext4.h"
#include "abi/linux/errors.h"
#include "kernel/core/log.h"
#include "kernel/fs/ext4/format/buffer.h"
#include "kernel/fs/ext4/format/ext4_format.h"
#include "kernel/fs/ext4/format/fs.h"
#include "kernel/mm/heap.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"
#include "lib/hash/hash.h"

enum {
    INCOMPAT_KNOWN = EXT4_INCOMPAT_FILETYPE | EXT4_INCOMPAT_RECOVER | EXT4_INCOMPAT_META_BG |
                     EXT4_INCOMPAT_EXTENTS | EXT4_INCOMPAT_64BIT | EXT4_INCOMPAT_MMP |
                     EXT4_INCOMPAT_FLEX_BG | EXT4_INCOMPAT_EA_INODE | EXT4_INCOMPAT_CSUM_SEED |
                     EXT4_INCOMPAT_LARGEDIR | EXT4_INCOMPAT_INLINE_DATA,
    LOG_BLOCK_SIZE_MAX = 2, /* 1024 << 2: EXT4_BLOCK_SIZE_MAX. */
    BLOCK_SHIFT_MIN = 10,
    LOG_CLUSTER_MAX = 20,
};

void ext4_log_damage(const struct ext4_fs *fs, u32 inode, const char *what)
{
    log_warn("ext4 '%s': inode %u: damaged %s", fs->label, inode, what);
}

bool ext4_blocks_ok(const struct ext4_fs *fs, u64 block, u64 count)
{
    return block >= fs->first_data_block && block < fs->block_count &&
           count <= fs->block_count - block;
}

static u64 join(struct le32 hi, struct le32 lo)
{
    return (u64)le32_get(hi) << 32 | le32_get(lo);
}

/* What cannot be, or that we cannot handle; NULL when all is fine. */
static const char *geometry_error(const struct ext4_fs *fs)
{
    u64 bytes;
    u64 groups;

    if (fs->block_count == 0 || fs->first_data_block >= fs->block_count)
        return "block count";
    if (!u64_mul(fs->block_count, fs->block_size, &bytes) || bytes > fs->disk.size)
        return "block count: the disk is smaller";
    if (fs->blocks_per_group == 0 || fs->blocks_per_group > 8 * fs->block_size * 16)
        return "blocks per group";
    if (fs->inodes_per_group == 0 || fs->inodes_per_group > 8 * fs->block_size)
        return "inodes per group";
    if (!is_power_of_two(fs->inode_size) || fs->inode_size < EXT4_INODE_SIZE_MIN ||
        fs->inode_size > fs->block_size)
        return "inode size";
    if (!is_power_of_two(fs->desc_size) || fs->desc_size < EXT4_DESC_SIZE_MIN ||
        fs->desc_size > EXT4_DESC_SIZE_MAX)
        return "descriptor size";
    groups =
        (fs->block_count - fs->first_data_block + fs->blocks_per_group - 1) / fs->blocks_per_group;
    if (groups > UINT32_MAX || groups * fs->inodes_per_group < fs->inode_count)
        return "group count";
    return NULL;
}

static void read_geometry(struct ext4_fs *fs, const struct ext4_super *super)
{
    bool is_64 = (fs->incompat & EXT4_INCOMPAT_64BIT) != 0;

    fs->block_shift = BLOCK_SHIFT_MIN + le32_get(super->log_block_size);
    fs->block_size = 1u << fs->block_shift;
    fs->block_count = le32_get(super->blocks_count_lo);
    fs->free_blocks = le32_get(super->free_blocks_lo);
    fs->reserved_blocks = le32_get(super->reserved_blocks_lo);
    if (is_64) {
        fs->block_count = join(super->blocks_count_hi, super->blocks_count_lo);
        fs->free_blocks = join(super->free_blocks_hi, super->free_blocks_lo);
        fs->reserved_blocks = join(super->reserved_blocks_hi, super->reserved_blocks_lo);
    }
    fs->first_data_block = le32_get(super->first_data_block);
    fs->blocks_per_group = le32_get(super->blocks_per_group);
    fs->inodes_per_group = le32_get(super->inodes_per_group);
    fs->inode_count = le32_get(super->inodes_count);
    fs->free_inodes = le32_get(super->free_inodes);
    fs->inode_size = le32_get(super->revision) ? le16_get(super->inode_size) : EXT4_INODE_SIZE_MIN;
    fs->desc_size = is_64 ? le16_get(super->desc_size) : EXT4_DESC_SIZE_MIN;
    fs->first_meta_group = le32_get(super->first_meta_group);
    fs->backup_groups[0] = le32_get(super->backup_groups[0]);
    fs->backup_groups[1] = le32_get(super->backup_groups[1]);
}

static void read_rest(struct ext4_fs *fs, const struct ext4_super *super)
{
    u32 log_cluster = le32_get(super->log_cluster_size);

    mem_copy(fs->uuid, super->uuid, sizeof(fs->uuid));
    mem_copy(fs->label, super->label, sizeof(super->label));
    for (u32 i = 0; i < ARRAY_COUNT(fs->hash_seed); i++)
        fs->hash_seed[i] = le32_get(super->hash_seed[i]);
    if (le32_get(super->flags) & EXT4_FLAG_UNSIGNED_HASH)
        fs->hash_unsigned = EXT4_HASH_UNSIGNED;
    if (log_cluster <= LOG_CLUSTER_MAX) {
        fs->overhead_blocks = (u64)le32_get(super->overhead_clusters)
                              << (log_cluster > fs->block_shift - BLOCK_SHIFT_MIN
                                      ? log_cluster - (fs->block_shift - BLOCK_SHIFT_MIN)
                                      : 0);
    }
    fs->group_count = (u32)((fs->block_count - fs->first_data_block + fs->blocks_per_group - 1) /
                            fs->blocks_per_group);
    fs->has_checksums = (fs->ro_compat & EXT4_RO_COMPAT_METADATA_CSUM) != 0;
    fs->checksum_seed = (fs->incompat & EXT4_INCOMPAT_CSUM_SEED)
                            ? le32_get(super->checksum_seed)
                            : crc32c(UINT32_MAX, fs->uuid, sizeof(fs->uuid));
}

static bool super_checksum_ok(const struct ext4_super *super)
{
    return !(le32_get(super->ro_compat) & EXT4_RO_COMPAT_METADATA_CSUM) ||
           crc32c(UINT32_MAX, super, offsetof(struct ext4_super, checksum)) ==
               le32_get(super->checksum);
}

static int decode_super(struct ext4_fs *fs, const struct ext4_super *super)
{
    const char *error;

    if (le16_get(super->magic) != EXT4_SUPER_SIGNATURE)
        return -EINVAL;
    fs->compat = le32_get(super->compat);
    fs->incompat = le32_get(super->incompat);
    fs->ro_compat = le32_get(super->ro_compat);
    if (!super_checksum_ok(super)) {
        log_warn("ext4: superblock has a wrong checksum");
        return -EIO;
    }
    if (fs->incompat & ~(u32)INCOMPAT_KNOWN) {
        log_warn("ext4: features 0x%x are not known here", fs->incompat & ~(u32)INCOMPAT_KNOWN);
        return -EINVAL;
    }
    if (le32_get(super->log_block_size) > LOG_BLOCK_SIZE_MAX) {
        log_warn("ext4: blocks larger than %d bytes are not supported", EXT4_BLOCK_SIZE_MAX);
        return -EINVAL;
    }
    read_geometry(fs, super);
    error = geometry_error(fs);
    if (error) {
        log_warn("ext4: superblock has an impossible %s", error);
        return -EIO;
    }
    read_rest(fs, super);
    if (fs->incompat & EXT4_INCOMPAT_RECOVER) {
        log_warn("ext4 '%s': was not unmounted, its journal is not replayed: the last writes may "
                 "be missing",
                 fs->label);
    }
    return 0;
}

int ext4_names(const struct ext4_disk *disk, u8 uuid[16], char label[17])
{
    struct ext4_super *super;
    int err;

    if (disk->size < EXT4_SUPER_OFF + EXT4_SUPER_SIZE)
        return -EINVAL;
    super = heap_alloc(EXT4_SUPER_SIZE);
    if (!super)
        return -ENOMEM;
    err = disk->read(disk->context, EXT4_SUPER_OFF, super, EXT4_SUPER_SIZE);
    if (err == 0 && (le16_get(super->magic) != EXT4_SUPER_SIGNATURE || !super_checksum_ok(super)))
        err = -EINVAL;
    if (err == 0) {
        mem_copy(uuid, super->uuid, sizeof(super->uuid));
        mem_copy(label, super->label, sizeof(super->label));
        label[sizeof(super->label)] = '\0';
    }
    heap_free(super);
    return err;
}

int ext4_open(const struct ext4_disk *disk, u32 flags, struct ext4_fs **result)
{
    struct ext4_super *super;
    struct ext4_fs *fs;
    int err = -ENOMEM;

    if (flags & EXT4_OPEN_WRITE)
        return -EROFS;
    if (disk->size < EXT4_SUPER_OFF + EXT4_SUPER_SIZE)
        return -EINVAL;
    super = heap_alloc(EXT4_SUPER_SIZE);
    fs = heap_alloc_zero(sizeof(*fs));
    if (!super || !fs)
        goto fail;
    fs->disk = *disk;
    err = disk->read(disk->context, EXT4_SUPER_OFF, super, EXT4_SUPER_SIZE);
    if (err == 0)
        err = decode_super(fs, super);
    if (err < 0)
        goto fail;
    ext4_buffers_init(&fs->buffers);
    heap_free(super);
    *result = fs;
    return 0;

fail:
    heap_free(super);
    heap_free(fs);
    return err;
}

void ext4_close(struct ext4_fs *fs)
{
    ext4_buffers_fini(&fs->buffers);
    heap_free(fs);
}

u32 ext4_block_size(const struct ext4_fs *fs)
{
    return fs->block_size;
}

const u8 *ext4_uuid(const struct ext4_fs *fs)
{
    return fs->uuid;
}

const char *ext4_label(const struct ext4_fs *fs)
{
    return fs->label;
}

void ext4_counts(const struct ext4_fs *fs, struct ext4_counts *counts)
{
    u64 overhead = u64_min(fs->overhead_blocks, fs->block_count);

    counts->blocks = fs->block_count - overhead;
    counts->blocks_free = u64_min(fs->free_blocks, counts->blocks);
    counts->blocks_available =
        counts->blocks_free - u64_min(fs->reserved_blocks, counts->blocks_free);
    counts->files = fs->inode_count;
    counts->files_free = u32_min(fs->free_inodes, fs->inode_count);
}

static bool is_power(u32 group, u32 base)
{
    while (group > 1 && group % base == 0)
        group /= base;
    return group == 1;
}

/* Whether `group` begins with a copy of the superblock. */
static bool has_super(const struct ext4_fs *fs, u32 group)
{
    if (group == 0)
        return true;
    if (fs->compat & EXT4_COMPAT_SPARSE_SUPER2)
        return group == fs->backup_groups[0] || group == fs->backup_groups[1];
    if (group == 1 || (fs->ro_compat & EXT4_RO_COMPAT_SPARSE_SUPER) == 0)
        return true;
    return is_power(group, 3) || is_power(group, 5) || is_power(group, 7);
}

/* The block that holds the descriptor of `group`. */
static u64 desc_block(const struct ext4_fs *fs, u32 group)
{
    u32 per_block = fs->block_size / fs->desc_size;
    u32 index = group / per_block;
    u32 leader = index * per_block;

    if ((fs->incompat & EXT4_INCOMPAT_META_BG) == 0 || index < fs->first_meta_group)
        return (u64)fs->first_data_block + 1 + index;
    return (u64)leader * fs->blocks_per_group + fs->first_data_block +
           (has_super(fs, leader) ? 1 : 0);
}

static bool desc_checksum_ok(const struct ext4_fs *fs, const u8 *desc, u32 group)
{
    static const u8 zero[2];
    const u32 at = offsetof(struct ext4_group_desc, checksum);
    struct le32 number = le32_make(group);
    const struct ext4_group_desc *fields = (const void *)desc;
    u32 crc;

    if (!fs->has_checksums)
        return true;
    crc = crc32c(fs->checksum_seed, &number, sizeof(number));
    crc = crc32c(crc, desc, at);
    crc = crc32c(crc, zero, sizeof(zero));
    crc = crc32c(crc, desc + at + 2, fs->desc_size - at - 2);
    return (u16)crc == le16_get(fields->checksum);
}

int ext4_group_inode_table(struct ext4_fs *fs, u32 group, u64 *block)
{
    u32 off = group % (fs->block_size / fs->desc_size) * fs->desc_size;
    u64 at = desc_block(fs, group);
    const struct ext4_group_desc *desc;
    struct ext4_buffer *buffer;
    int err;

    if (!ext4_blocks_ok(fs, at, 1))
        return ext4_damaged(fs, 0, "group descriptors");
    err = ext4_buffer_get(fs, at, &buffer);
    if (err < 0)
        return err;
    desc = (const void *)(buffer->data + off);
    if (desc_checksum_ok(fs, buffer->data + off, group)) {
        *block = le32_get(desc->inode_table_lo);
        if (fs->desc_size >= EXT4_DESC_SIZE_64)
            *block |= (u64)le32_get(desc->inode_table_hi) << 32;
    } else {
        err = ext4_damaged(fs, 0, "group descriptor");
    }
    ext4_buffer_put(fs, buffer);
    return err;
}
