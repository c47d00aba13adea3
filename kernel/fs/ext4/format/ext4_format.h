/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The ext4 format: what lies on the disk, without page cache, paths or open files.
 *
 * Callers give a disk and get a `struct ext4_fs`; inodes are read into structs of the caller's and
 * hold no resources. Metadata goes through a small cache of blocks of this module's own
 * (buffer.h); file contents do not: ext4_map() says where they lie and the caller reads them.
 *
 * Everything on the disk is checked where it enters: a damaged structure costs the call -EIO (with
 * a line in the log), never more. Checksums are verified where the filesystem has them.
 *
 * All functions may sleep and may be called by many threads at once. Layout, flags and numbers are
 * in abi/ext4/ext4.h; "ext4.7" and the like refer to Documentation/filesystems/ext4 of Linux.
 */

#include "lib/base/types.h"

struct ext4_fs;

/*
 * Where the filesystem lies. `read` copies `size` bytes from byte `off` on into `to`, and returns 0
 * or -EIO; both are multiples of 1024, `to` comes from heap_alloc() or page_alloc().
 */
struct ext4_disk {
    void *context;
    u64 size; /* Bytes. */
    int (*read)(void *context, u64 off, void *to, size_t size);
};

struct ext4_time {
    s64 seconds;
    u32 ns;
};

enum {
    EXT4_ROOT_INODE = 2,
    EXT4_NAME_LEN_MAX = 255,
    EXT4_INODE_BODY_SIZE = 60, /* i_block: extents, block map, or the first inline bytes. */
};

/* Of `flags` below; the numbers are those on disk. */
enum ext4_inode_flags {
    EXT4_INODE_IMMUTABLE = 0x10,
    EXT4_INODE_APPEND = 0x20,
    EXT4_INODE_ENCRYPTED = 0x800,
    EXT4_INODE_INDEXED = 0x1000, /* A directory with a hash tree. */
    EXT4_INODE_EXTENTS = 0x80000,
    EXT4_INODE_INLINE = 0x10000000, /* The contents lie in the inode: ext4_read() only. */
};

/* One inode, decoded. Plain data: copy and drop it as you like. */
struct ext4_inode {
    u32 number;
    u32 mode; /* Type and permission bits, as in stat(2). */
    u32 uid;
    u32 gid;
    u32 link_count;
    u32 flags; /* enum ext4_inode_flags, and others we do not use. */
    u32 generation;
    u64 size;
    u64 blocks;                                  /* In units of 512 bytes. */
    u64 device;                                  /* Of device nodes: major << 32 | minor. */
    u64 acl;                                     /* Block of extended attributes, or 0. */
    struct ext4_time atime, mtime, ctime, btime; /* `btime` is 0 where inodes are too small. */
    u8 body[EXT4_INODE_BODY_SIZE];
};

enum ext4_open_flags {
    EXT4_OPEN_WRITE = 1u << 0, /* Refused so far: -EROFS. */
};

/*
 * Looks at the superblock and the group descriptors. Returns 0 and `*result`; -EINVAL when it is no
 * ext4 or has features unknown here (named in the log), -EIO, -ENOMEM. A journal that was not
 * replayed is noted in the log: contents may be older than the last writes.
 */
int ext4_open(const struct ext4_disk *disk, u32 flags, struct ext4_fs **result) MUST_USE;
void ext4_close(struct ext4_fs *fs); /* Nobody uses it any more. */

/*
 * The names in the superblock of a disk, `label` NUL-ended: 0; -EINVAL when there is no ext4, or
 * its superblock is damaged; -EIO, -ENOMEM. Says nothing in the log.
 */
int ext4_names(const struct ext4_disk *disk, u8 uuid[16], char label[17]) MUST_USE;

u32 ext4_block_size(const struct ext4_fs *fs);

struct ext4_counts {
    u64 blocks; /* Without what the filesystem itself takes, as statfs(2) wants it. */
    u64 blocks_free;
    u64 blocks_available; /* Without those kept for root. */
    u64 files;
    u64 files_free;
};
void ext4_counts(const struct ext4_fs *fs, struct ext4_counts *counts);

/* For logs and st_dev. */
const u8 *ext4_uuid(const struct ext4_fs *fs);    /* 16 bytes. */
const char *ext4_label(const struct ext4_fs *fs); /* NUL-ended. */

/* Reads inode `number`. -EIO when there is no such number, it is not in use, or damaged. */
int ext4_inode_read(struct ext4_fs *fs, u32 number, struct ext4_inode *inode) MUST_USE;

enum ext4_map_kind {
    EXT4_MAP_DATA,
    EXT4_MAP_UNWRITTEN, /* Space is there, reads give zeros. */
    EXT4_MAP_HOLE,
};

struct ext4_mapping {
    enum ext4_map_kind kind;
    u64 physical; /* First block on disk; 0 for a hole. */
    u32 count;    /* Blocks, 1 at least, that follow each other in file and on disk. */
};

/*
 * Where block `logical` of the file lies, and up to `count_max` (not 0) blocks from there on. The
 * answer lies within the disk. Beyond the file's end there are holes. Not for EXT4_INODE_INLINE.
 */
int ext4_map(struct ext4_fs *fs, const struct ext4_inode *inode, u64 logical, u32 count_max,
             struct ext4_mapping *mapping) MUST_USE;

/*
 * Reads contents of any inode, inline ones too, through the metadata cache: slow, for small things.
 * Returns bytes read, fewer only at the end of the file, or an error.
 */
long ext4_read(struct ext4_fs *fs, const struct ext4_inode *inode, u64 off, void *to, size_t size)
    MUST_USE;

/* Finds a name. 0, the inode's number and its DT_ type (0: unknown); -ENOENT, -EIO, -ENOMEM. */
int ext4_dir_lookup(struct ext4_fs *fs, const struct ext4_inode *dir, const char *name, u32 len,
                    u32 *number, u8 *type) MUST_USE;

/* The type of dir_emit_fn (kernel/file/file.h). */
typedef bool ext4_emit_fn(void *arg, const char *name, u32 name_len, u64 number, u64 next_off,
                          u8 type);

/*
 * Hands out entries from `off` on (0: the start; else a `next_off` from before), "." and ".."
 * included, until `emit` returns false. 0 or an error.
 */
int ext4_dir_list(struct ext4_fs *fs, const struct ext4_inode *dir, u64 off, ext4_emit_fn *emit,
                  void *arg) MUST_USE;

/* The target of a symbolic link, not NUL-ended. Its length, cut to `size`, or an error. */
long ext4_readlink(struct ext4_fs *fs, const struct ext4_inode *inode, char *target, size_t size)
    MUST_USE;
