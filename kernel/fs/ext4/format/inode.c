/* SPDX-License-Identifier: Apache-2.0 */
/* Inodes: where they lie, and what they say. */
#include "abi/ext4/ext4.h"
#include "abi/linux/stat.h"
#include "kernel/fs/ext4/format/buffer.h"
#include "kernel/fs/ext4/format/ext4_format.h"
#include "kernel/fs/ext4/format/fs.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"
#include "lib/hash/hash.h"

/* True when the fields up to `end` are there (extra_size says how many of them). */
static bool has_extra(const struct ext4_fs *fs, const struct ext4_disk_inode *raw, size_t end)
{
    return fs->inode_size >= end && EXT4_INODE_SIZE_MIN + (size_t)le16_get(raw->extra_size) >= end;
}

#define HAS_EXTRA(fs, raw, field)                        \
    ((fs)->inode_size > EXT4_INODE_SIZE_MIN &&           \
     has_extra(fs, raw,                                  \
               offsetof(struct ext4_disk_inode, field) + \
                   sizeof(((struct ext4_disk_inode *)NULL)->field)))

static u32 seed_of(const struct ext4_fs *fs, u32 number, u32 generation)
{
    struct le32 words[2] = { le32_make(number), le32_make(generation) };

    return crc32c(fs->checksum_seed, words, sizeof(words));
}

u32 ext4_inode_seed(const struct ext4_fs *fs, const struct ext4_inode *inode)
{
    return seed_of(fs, inode->number, inode->generation);
}

static bool checksum_ok(const struct ext4_fs *fs, u32 number, const struct ext4_disk_inode *raw)
{
    static const u8 zero[2];
    const u8 *bytes = (const void *)raw;
    const u32 lo = offsetof(struct ext4_disk_inode, checksum_lo);
    const u32 hi = offsetof(struct ext4_disk_inode, checksum_hi);
    u32 crc;
    u32 stored = le16_get(raw->checksum_lo);

    if (!fs->has_checksums)
        return true;
    crc = crc32c(seed_of(fs, number, le32_get(raw->generation)), bytes, lo);
    crc = crc32c(crc, zero, sizeof(zero));
    crc = crc32c(crc, bytes + lo + 2, EXT4_INODE_SIZE_MIN - lo - 2);
    if (fs->inode_size == EXT4_INODE_SIZE_MIN)
        return (u16)crc == stored;
    crc = crc32c(crc, bytes + EXT4_INODE_SIZE_MIN, hi - EXT4_INODE_SIZE_MIN);
    if (!HAS_EXTRA(fs, raw, checksum_hi))
        return (u16)crc32c(crc, bytes + hi, fs->inode_size - hi) == stored;
    crc = crc32c(crc, zero, sizeof(zero));
    crc = crc32c(crc, bytes + hi + 2, fs->inode_size - hi - 2);
    return crc == (stored | (u32)le16_get(raw->checksum_hi) << 16);
}

int ext4_inode_raw(struct ext4_fs *fs, u32 number, struct ext4_buffer **buffer,
                   const struct ext4_disk_inode **raw)
{
    u32 group = (number - 1) / fs->inodes_per_group;
    u64 off = (u64)((number - 1) % fs->inodes_per_group) * fs->inode_size;
    u64 block;
    int err;

    if (number == 0 || number > fs->inode_count || group >= fs->group_count)
        return ext4_damaged(fs, number, "inode number");
    err = ext4_group_inode_table(fs, group, &block);
    if (err < 0)
        return err;
    if (!ext4_blocks_ok(fs, block, (off >> fs->block_shift) + 1))
        return ext4_damaged(fs, number, "inode table");
    err = ext4_buffer_get(fs, block + (off >> fs->block_shift), buffer);
    if (err < 0)
        return err;
    *raw = (const void *)((*buffer)->data + (off & (fs->block_size - 1)));
    if (!checksum_ok(fs, number, *raw)) {
        ext4_buffer_put(fs, *buffer);
        return ext4_damaged(fs, number, "inode");
    }
    return 0;
}

/*
 * Seconds are signed; two more bits come from the extra word, and the nanoseconds. `extra` is NULL
 * where the inode ends before it.
 */
static struct ext4_time decode_time(struct le32 seconds, const struct le32 *extra)
{
    struct ext4_time time = { (s32)le32_get(seconds), 0 };

    if (extra) {
        time.seconds += (s64)(le32_get(*extra) & 3) << 32;
        time.ns = le32_get(*extra) >> 2;
        if (time.ns >= 1000000000)
            time.ns = 0;
    }
    return time;
}

#define EXTRA_OR_NULL(fs, raw, field) (HAS_EXTRA(fs, raw, field) ? &(raw)->field : NULL)

static void decode_times(const struct ext4_fs *fs, const struct ext4_disk_inode *raw,
                         struct ext4_inode *inode)
{
    inode->atime = decode_time(raw->atime, EXTRA_OR_NULL(fs, raw, atime_extra));
    inode->mtime = decode_time(raw->mtime, EXTRA_OR_NULL(fs, raw, mtime_extra));
    inode->ctime = decode_time(raw->ctime, EXTRA_OR_NULL(fs, raw, ctime_extra));
    if (HAS_EXTRA(fs, raw, btime))
        inode->btime = decode_time(raw->btime, EXTRA_OR_NULL(fs, raw, btime_extra));
}

/* The first word is the old encoding, the second the new one. */
static u64 decode_device(const u8 *body)
{
    struct le32 words[2];
    u32 old;
    u32 new;

    mem_copy(words, body, sizeof(words));
    old = le32_get(words[0]);
    new = le32_get(words[1]);
    if (old)
        return (u64)(old >> 8 & 0xff) << 32 | (old & 0xff);
    return (u64)(new >> 8 & 0xfff) << 32 | (new & 0xff) | (new >> 12 & 0xfff00);
}

static u64 decode_blocks(const struct ext4_fs *fs, const struct ext4_disk_inode *raw)
{
    u64 blocks = le32_get(raw->blocks_lo);

    if ((fs->ro_compat & EXT4_RO_COMPAT_HUGE_FILE) == 0)
        return blocks;
    blocks |= (u64)le16_get(raw->blocks_hi) << 32;
    if (le32_get(raw->flags) & EXT4_INODE_HUGE_FILE)
        blocks <<= fs->block_shift - 9;
    return blocks;
}

static void decode(const struct ext4_fs *fs, const struct ext4_disk_inode *raw,
                   struct ext4_inode *inode)
{
    u32 type;

    inode->mode = le16_get(raw->mode);
    type = inode->mode & S_IFMT;
    inode->uid = le16_get(raw->uid_lo) | (u32)le16_get(raw->uid_hi) << 16;
    inode->gid = le16_get(raw->gid_lo) | (u32)le16_get(raw->gid_hi) << 16;
    inode->link_count = le16_get(raw->link_count);
    inode->flags = le32_get(raw->flags);
    inode->generation = le32_get(raw->generation);
    inode->size = le32_get(raw->size_lo);
    if (type == S_IFREG || (fs->incompat & EXT4_INCOMPAT_LARGEDIR))
        inode->size |= (u64)le32_get(raw->size_hi) << 32;
    inode->blocks = decode_blocks(fs, raw);
    inode->acl = le32_get(raw->acl_lo) | (u64)le16_get(raw->acl_hi) << 32;
    mem_copy(inode->body, raw->body, sizeof(inode->body));
    if (type == S_IFCHR || type == S_IFBLK)
        inode->device = decode_device(raw->body);
    decode_times(fs, raw, inode);
}

int ext4_inode_read(struct ext4_fs *fs, u32 number, struct ext4_inode *inode)
{
    const struct ext4_disk_inode *raw;
    struct ext4_buffer *buffer;
    int err = ext4_inode_raw(fs, number, &buffer, &raw);

    if (err < 0)
        return err;
    mem_zero(inode, sizeof(*inode));
    inode->number = number;
    decode(fs, raw, inode);
    ext4_buffer_put(fs, buffer);
    if (inode->mode == 0 || inode->link_count == 0)
        return ext4_damaged(fs, number, "inode: a name leads to it, and it is free");
    if (inode->size > INT64_MAX)
        return ext4_damaged(fs, number, "size");
    if ((inode->mode & S_IFMT) == S_IFLNK && inode->size > EXT4_LINK_SIZE_MAX)
        return ext4_damaged(fs, number, "symbolic link");
    return 0;
}
