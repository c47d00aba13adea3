/* SPDX-License-Identifier: Apache-2.0 */
/* Contents of inodes: where they lie, and reading small ones. */
#include "abi/linux/errors.h"
#include "abi/linux/stat.h"
#include "kernel/fs/ext4/format/buffer.h"
#include "kernel/fs/ext4/format/ext4_format.h"
#include "kernel/fs/ext4/format/fs.h"
#include "kernel/mm/heap.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

int ext4_map(struct ext4_fs *fs, const struct ext4_inode *inode, u64 logical, u32 count_max,
             struct ext4_mapping *mapping)
{
    if (inode->flags & EXT4_INODE_INLINE)
        return -EINVAL;
    if (logical > UINT32_MAX) {
        *mapping = (struct ext4_mapping){ EXT4_MAP_HOLE, 0, count_max };
        return 0;
    }
    if (inode->flags & EXT4_INODE_EXTENTS)
        return ext4_extent_map(fs, inode, (u32)logical, count_max, mapping);
    return ext4_indirect_map(fs, inode, (u32)logical, count_max, mapping);
}

static int read_block(struct ext4_fs *fs, const struct ext4_inode *inode, u64 logical, u32 off,
                      u8 *to, size_t size)
{
    struct ext4_mapping mapping;
    struct ext4_buffer *buffer;
    int err = ext4_map(fs, inode, logical, 1, &mapping);

    if (err < 0)
        return err;
    if (mapping.kind != EXT4_MAP_DATA) {
        mem_zero(to, size);
        return 0;
    }
    err = ext4_buffer_get(fs, mapping.physical, &buffer);
    if (err < 0)
        return err;
    mem_copy(to, buffer->data + off, size);
    ext4_buffer_put(fs, buffer);
    return 0;
}

static int read_inline(struct ext4_fs *fs, const struct ext4_inode *inode, u64 off, void *to,
                       size_t size)
{
    u8 *bytes;
    u32 have;
    int err = ext4_inline_load(fs, inode, &bytes, &have);

    if (err < 0)
        return err;
    mem_copy(to, bytes + off, size); /* Both within `have`, which is the inode's size. */
    heap_free(bytes);
    return 0;
}

long ext4_read(struct ext4_fs *fs, const struct ext4_inode *inode, u64 off, void *to, size_t size)
{
    u8 *bytes = to;
    size_t done = 0;
    int err;

    if (off >= inode->size || size == 0)
        return 0;
    size = (size_t)u64_min(u64_min(size, INT64_MAX), inode->size - off);
    if (inode->flags & EXT4_INODE_INLINE) {
        err = read_inline(fs, inode, off, to, size);
        return err < 0 ? err : (long)size;
    }
    while (done < size) {
        u32 in_block = (u32)((off + done) & (fs->block_size - 1));
        size_t piece = size_min(size - done, fs->block_size - in_block);

        err = read_block(fs, inode, (off + done) >> fs->block_shift, in_block, bytes + done, piece);
        if (err < 0)
            return err;
        done += piece;
    }
    return (long)done;
}

long ext4_readlink(struct ext4_fs *fs, const struct ext4_inode *inode, char *target, size_t size)
{
    bool is_fast;

    if ((inode->mode & S_IFMT) != S_IFLNK)
        return -EINVAL;
    is_fast = inode->size < EXT4_INODE_BODY_SIZE &&
              (inode->flags & (EXT4_INODE_EXTENTS | EXT4_INODE_INLINE)) == 0;
    if (!is_fast)
        return ext4_read(fs, inode, 0, target, size);
    size = (size_t)u64_min(size, inode->size);
    mem_copy(target, inode->body, size);
    return (long)size;
}
