/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inline data: small contents lie in the inode itself, the first 60 bytes where the block map would
 * be, the rest as the value of the extended attribute "system.data" behind the inode's fields.
 */
#include "abi/ext4/ext4.h"
#include "abi/linux/errors.h"
#include "kernel/fs/ext4/format/buffer.h"
#include "kernel/fs/ext4/format/ext4_format.h"
#include "kernel/fs/ext4/format/fs.h"
#include "kernel/mm/heap.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    XATTR_HEADER_SIZE = 4,
};

struct area {
    const u8 *bytes;
    u32 size;
};

/* The attributes behind the inode's fields, without their header; empty where there are none. */
static struct area attributes_of(const struct ext4_fs *fs, const struct ext4_disk_inode *raw)
{
    struct area area = { NULL, 0 };
    struct le32 magic;
    u32 off;

    if (fs->inode_size == EXT4_INODE_SIZE_MIN)
        return area;
    off = EXT4_INODE_SIZE_MIN + (u32)le16_get(raw->extra_size);
    if (off % 4 != 0 || off + XATTR_HEADER_SIZE > fs->inode_size)
        return area;
    mem_copy(&magic, (const u8 *)raw + off, sizeof(magic));
    if (le32_get(magic) != EXT4_XATTR_MAGIC)
        return area;
    area.bytes = (const u8 *)raw + off + XATTR_HEADER_SIZE;
    area.size = fs->inode_size - off - XATTR_HEADER_SIZE;
    return area;
}

/* The value of "system.data"; empty when there is none or it is damaged. */
static struct area find_value(struct area area)
{
    struct area value = { NULL, 0 };
    u32 off = 0;

    while (off + sizeof(struct ext4_xattr_entry) <= area.size) {
        const struct ext4_xattr_entry *entry = (const void *)(area.bytes + off);
        u32 next = (u32)align_up(off + sizeof(*entry) + entry->name_len, 4);
        u32 at = le16_get(entry->value_off);
        u32 size = le32_get(entry->value_size);

        if (entry->name_len == 0 && entry->name_index == 0)
            break;
        if (next > area.size)
            break;
        if (entry->name_index == EXT4_XATTR_SYSTEM && entry->name_len == 4 &&
            mem_equal(entry->name, "data", 4)) {
            if (le32_get(entry->value_inode) == 0 && at <= area.size && size <= area.size - at)
                value = (struct area){ area.bytes + at, size };
            break;
        }
        off = next;
    }
    return value;
}

int ext4_inline_load(struct ext4_fs *fs, const struct ext4_inode *inode, u8 **bytes, u32 *size)
{
    const struct ext4_disk_inode *raw;
    struct ext4_buffer *buffer;
    struct area value;
    u8 *copy;
    u32 head;
    int err;

    if (inode->size > fs->inode_size)
        return ext4_damaged(fs, inode->number, "inline data");
    err = ext4_inode_raw(fs, inode->number, &buffer, &raw);
    if (err < 0)
        return err;
    *size = (u32)inode->size;
    copy = heap_alloc_zero(u32_max(*size, 1));
    if (!copy) {
        ext4_buffer_put(fs, buffer);
        return -ENOMEM;
    }
    head = u32_min(*size, EXT4_INODE_BODY_SIZE);
    mem_copy(copy, raw->body, head);
    value = find_value(attributes_of(fs, raw));
    if (value.bytes)
        mem_copy(copy + head, value.bytes, u32_min(*size - head, value.size));
    ext4_buffer_put(fs, buffer);
    *bytes = copy;
    return 0;
}
