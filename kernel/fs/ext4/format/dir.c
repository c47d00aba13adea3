/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories: blocks of entries one behind the other. Every entry of a block is checked when the
 * block comes into the cache, so that searching and listing need not.
 */
#include "abi/ext4/ext4.h"
#include "abi/linux/errors.h"
#include "abi/linux/stat.h"
#include "kernel/core/thread.h"
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
    INLINE_PARENT_SIZE = 4, /* An inline directory begins with its parent's number. */
};

static u32 entry_size(const struct ext4_dirent *entry)
{
    return le16_get(entry->size);
}

bool ext4_dirents_ok(const struct ext4_fs *fs, const u8 *bytes, u32 size)
{
    u32 off = 0;

    while (off < size) {
        const struct ext4_dirent *entry = (const void *)(bytes + off);
        u32 len;

        if (size - off < EXT4_DIRENT_HEADER_SIZE)
            return false;
        len = entry_size(entry);
        if (len < EXT4_DIRENT_HEADER_SIZE || len % 4 != 0 || len > size - off ||
            EXT4_DIRENT_HEADER_SIZE + (u32)entry->name_len > len)
            return false;
        if (le32_get(entry->inode) > fs->inode_count)
            return false;
        off += len;
    }
    return true;
}

/* The first entry of such a block is empty and takes all of it; a leaf has a tail at least. */
static bool looks_like_index(const struct ext4_fs *fs, const struct ext4_inode *dir, u32 logical,
                             const u8 *data)
{
    const struct ext4_dirent *first = (const void *)data;

    if ((dir->flags & EXT4_INODE_INDEXED) == 0)
        return false;
    return logical == 0 || (le32_get(first->inode) == 0 && entry_size(first) == fs->block_size);
}

static bool leaf_checksum_ok(const struct ext4_fs *fs, const struct ext4_inode *dir, const u8 *data)
{
    u32 at = fs->block_size - EXT4_DIRENT_TAIL_SIZE;
    const struct ext4_dirent_tail *tail = (const void *)(data + at);

    if (!fs->has_checksums)
        return true;
    return le32_get(tail->inode) == 0 && le16_get(tail->size) == EXT4_DIRENT_TAIL_SIZE &&
           tail->name_len == 0 && tail->type == EXT4_DIRENT_TAIL_TYPE &&
           crc32c(ext4_inode_seed(fs, dir), data, at) == le32_get(tail->checksum);
}

static bool index_checksum_ok(const struct ext4_fs *fs, const struct ext4_inode *dir, u32 logical,
                              const u8 *data)
{
    u32 at = logical == 0 ? EXT4_HTREE_ROOT_ENTRIES : EXT4_HTREE_NODE_ENTRIES;
    const struct ext4_htree_entry *entries = (const void *)(data + at);
    u32 count = le16_get(entries->count);
    u32 limit = le16_get(entries->limit);
    u32 tail_at = at + limit * (u32)sizeof(*entries);
    const struct ext4_htree_tail *tail = (const void *)(data + tail_at);
    static const struct le32 zero;
    u32 crc;

    if (!fs->has_checksums)
        return true;
    if (count > limit || tail_at + sizeof(*tail) > fs->block_size)
        return false;
    crc = crc32c(ext4_inode_seed(fs, dir), data, at + count * sizeof(*entries));
    crc = crc32c(crc, &tail->reserved, sizeof(tail->reserved));
    crc = crc32c(crc, &zero, sizeof(zero));
    return crc == le32_get(tail->checksum);
}

static int check_block(const struct ext4_fs *fs, const struct ext4_inode *dir, u32 logical,
                       struct ext4_buffer *buffer, bool is_index)
{
    enum ext4_checked as = is_index ? EXT4_CHECKED_INDEX : EXT4_CHECKED_LEAF;
    bool good;

    if (ext4_buffer_is_checked(buffer, dir->number, as))
        return 0;
    if (is_index) {
        good = index_checksum_ok(fs, dir, logical, buffer->data);
    } else {
        good = leaf_checksum_ok(fs, dir, buffer->data);
    }
    if (!good || !ext4_dirents_ok(fs, buffer->data, fs->block_size))
        return ext4_damaged(fs, dir->number, "directory block");
    ext4_buffer_set_checked(buffer, dir->number, as);
    return 0;
}

int ext4_dir_block(struct ext4_fs *fs, const struct ext4_inode *dir, u32 logical,
                   struct ext4_buffer **buffer, bool *is_index)
{
    struct ext4_mapping mapping;
    int err = ext4_map(fs, dir, logical, 1, &mapping);

    if (err < 0)
        return err;
    if (mapping.kind != EXT4_MAP_DATA)
        return ext4_damaged(fs, dir->number, "directory: it has a hole");
    err = ext4_buffer_get(fs, mapping.physical, buffer);
    if (err < 0)
        return err;
    *is_index = looks_like_index(fs, dir, logical, (*buffer)->data);
    err = check_block(fs, dir, logical, *buffer, *is_index);
    if (err < 0)
        ext4_buffer_put(fs, *buffer);
    return err;
}

const struct ext4_dirent *ext4_dirent_find(const u8 *bytes, u32 size, const char *name, u32 len)
{
    for (u32 off = 0; off < size;) {
        const struct ext4_dirent *entry = (const void *)(bytes + off);

        if (entry->name_len == len && le32_get(entry->inode) != 0 &&
            mem_equal(entry->name, name, len))
            return entry;
        off += entry_size(entry);
    }
    return NULL;
}

u8 ext4_dirent_type(const struct ext4_fs *fs, const struct ext4_dirent *entry)
{
    /* From the numbers of ext4 to those of readdir(3): S_IFMT >> 12. */
    static const u8 types[] = { 0, 8, 4, 2, 6, 1, 12, 10 };

    if ((fs->incompat & EXT4_INCOMPAT_FILETYPE) == 0 || entry->type >= ARRAY_COUNT(types))
        return 0;
    return types[entry->type];
}

/* How many blocks a directory has: no more than the disk, and it has no holes. */
static int block_count(const struct ext4_fs *fs, const struct ext4_inode *dir, u32 *count)
{
    u64 blocks = dir->size >> fs->block_shift;

    if ((dir->size & (fs->block_size - 1)) || blocks > UINT32_MAX || blocks > fs->block_count)
        return ext4_damaged(fs, dir->number, "directory size");
    *count = (u32)blocks;
    return 0;
}

static int lookup_linear(struct ext4_fs *fs, const struct ext4_inode *dir, const char *name,
                         u32 len, u32 *number, u8 *type)
{
    u32 count = 0;
    int err = block_count(fs, dir, &count);

    for (u32 i = 0; i < count && err == 0; i++) {
        const struct ext4_dirent *entry;
        struct ext4_buffer *buffer;
        bool is_index;

        sched_yield_if_due();
        err = ext4_dir_block(fs, dir, i, &buffer, &is_index);
        if (err < 0)
            return err;
        entry = ext4_dirent_find(buffer->data, fs->block_size, name, len);
        if (entry) {
            *number = le32_get(entry->inode);
            *type = ext4_dirent_type(fs, entry);
        }
        ext4_buffer_put(fs, buffer);
        if (entry)
            return 0;
    }
    return err < 0 ? err : -ENOENT;
}

/* The two runs of entries in the inode, or in a copy of its contents. */
static u32 inline_split(u32 size)
{
    return u32_min(size, EXT4_INODE_BODY_SIZE);
}

/* An inline directory's contents, checked; heap_free() by the caller. */
static int load_inline(struct ext4_fs *fs, const struct ext4_inode *dir, u8 **bytes, u32 *size)
{
    u32 split;
    int err = ext4_inline_load(fs, dir, bytes, size);

    if (err < 0)
        return err;
    split = inline_split(*size);
    if (split < INLINE_PARENT_SIZE ||
        !ext4_dirents_ok(fs, *bytes + INLINE_PARENT_SIZE, split - INLINE_PARENT_SIZE) ||
        !ext4_dirents_ok(fs, *bytes + split, *size - split)) {
        heap_free(*bytes);
        return ext4_damaged(fs, dir->number, "inline directory");
    }
    return 0;
}

static u32 inline_parent(const u8 *bytes)
{
    struct le32 parent;

    mem_copy(&parent, bytes, sizeof(parent));
    return le32_get(parent);
}

static int lookup_inline(struct ext4_fs *fs, const struct ext4_inode *dir, const char *name,
                         u32 len, u32 *number, u8 *type)
{
    const struct ext4_dirent *entry;
    u32 split;
    u32 size;
    u8 *bytes;
    int err = load_inline(fs, dir, &bytes, &size);

    if (err < 0)
        return err;
    split = inline_split(size);
    entry = ext4_dirent_find(bytes + INLINE_PARENT_SIZE, split - INLINE_PARENT_SIZE, name, len);
    if (!entry)
        entry = ext4_dirent_find(bytes + split, size - split, name, len);
    if (entry) {
        *number = le32_get(entry->inode);
        *type = ext4_dirent_type(fs, entry);
    } else if (len == 2 && mem_equal(name, "..", 2)) {
        *number = inline_parent(bytes);
        *type = S_IFDIR >> 12;
    } else if (len == 1 && name[0] == '.') {
        *number = dir->number;
        *type = S_IFDIR >> 12;
    } else {
        err = -ENOENT;
    }
    heap_free(bytes);
    return err;
}

int ext4_dir_lookup(struct ext4_fs *fs, const struct ext4_inode *dir, const char *name, u32 len,
                    u32 *number, u8 *type)
{
    int err;

    if ((dir->mode & S_IFMT) != S_IFDIR)
        return -ENOTDIR;
    if (dir->flags & EXT4_INODE_ENCRYPTED)
        return -EOPNOTSUPP;
    if (len == 0 || len > EXT4_NAME_LEN_MAX)
        return -ENOENT;
    if (dir->flags & EXT4_INODE_INLINE)
        return lookup_inline(fs, dir, name, len, number, type);
    if (dir->flags & EXT4_INODE_INDEXED) {
        err = ext4_htree_lookup(fs, dir, name, len, number, type);
        if (err != -EOPNOTSUPP)
            return err;
    }
    return lookup_linear(fs, dir, name, len, number, type);
}

struct listing {
    const struct ext4_fs *fs;
    ext4_emit_fn *emit;
    void *arg;
};

/*
 * Hands out the entries in [bytes, bytes + size), which begin at `base` of the directory, from
 * offset `from` on. An offset within an entry goes on with the next one. False when `emit` had
 * enough.
 */
static bool list_entries(const struct listing *listing, const u8 *bytes, u32 size, u64 base,
                         u64 from)
{
    for (u32 off = 0; off < size;) {
        const struct ext4_dirent *entry = (const void *)(bytes + off);
        u32 number = le32_get(entry->inode);

        off += entry_size(entry);
        if (base + off <= from || number == 0 || entry->name_len == 0)
            continue;
        if (base + off - entry_size(entry) < from)
            continue;
        if (!listing->emit(listing->arg, entry->name, entry->name_len, number, base + off,
                           ext4_dirent_type(listing->fs, entry)))
            return false;
    }
    return true;
}

static int list_blocks(struct ext4_fs *fs, const struct ext4_inode *dir, u64 from,
                       const struct listing *listing)
{
    u32 count = 0;
    bool more = true;
    int err = block_count(fs, dir, &count);

    for (u64 i = from >> fs->block_shift; i < count && err == 0 && more; i++) {
        struct ext4_buffer *buffer;
        bool is_index;

        sched_yield_if_due();
        err = ext4_dir_block(fs, dir, (u32)i, &buffer, &is_index);
        if (err < 0)
            break;
        more = list_entries(listing, buffer->data, fs->block_size, i << fs->block_shift, from);
        ext4_buffer_put(fs, buffer);
    }
    return err;
}

/* "." and ".." are not stored: they take the offsets of the parent's number. */
static int list_inline(struct ext4_fs *fs, const struct ext4_inode *dir, u64 from,
                       const struct listing *listing)
{
    u32 split;
    u32 size;
    u8 *bytes;
    bool more = true;
    int err = load_inline(fs, dir, &bytes, &size);

    if (err < 0)
        return err;
    split = inline_split(size);
    if (from < 1)
        more = listing->emit(listing->arg, ".", 1, dir->number, 1, S_IFDIR >> 12);
    if (more && from < 2) {
        more = listing->emit(listing->arg, "..", 2, inline_parent(bytes), INLINE_PARENT_SIZE,
                             S_IFDIR >> 12);
    }
    if (more) {
        more = list_entries(listing, bytes + INLINE_PARENT_SIZE, split - INLINE_PARENT_SIZE,
                            INLINE_PARENT_SIZE, from);
    }
    if (more)
        list_entries(listing, bytes + split, size - split, split, from);
    heap_free(bytes);
    return 0;
}

int ext4_dir_list(struct ext4_fs *fs, const struct ext4_inode *dir, u64 off, ext4_emit_fn *emit,
                  void *arg)
{
    struct listing listing = { fs, emit, arg };

    if ((dir->mode & S_IFMT) != S_IFDIR)
        return -ENOTDIR;
    if (dir->flags & EXT4_INODE_ENCRYPTED)
        return -EOPNOTSUPP;
    if (dir->flags & EXT4_INODE_INLINE)
        return list_inline(fs, dir, off, &listing);
    return list_blocks(fs, dir, off, &listing);
}
