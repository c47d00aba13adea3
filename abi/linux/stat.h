/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* File types and modes, stat(2), statx(2), statfs(2), getdents(2) (x86-64 layouts). */

#include "lib/base/types.h"

#define S_IFMT   0170000u
#define S_IFSOCK 0140000u
#define S_IFLNK  0120000u
#define S_IFREG  0100000u
#define S_IFBLK  0060000u
#define S_IFDIR  0040000u
#define S_IFCHR  0020000u
#define S_IFIFO  0010000u
#define S_ISUID  0004000u
#define S_ISGID  0002000u
#define S_ISVTX  0001000u

struct linux_stat {
    u64 st_dev;
    u64 st_ino;
    u64 st_nlink;
    u32 st_mode;
    u32 st_uid;
    u32 st_gid;
    u32 pad0;
    u64 st_rdev;
    s64 st_size;
    s64 st_blksize;
    s64 st_blocks;
    u64 st_atime;
    u64 st_atime_nsec;
    u64 st_mtime;
    u64 st_mtime_nsec;
    u64 st_ctime;
    u64 st_ctime_nsec;
    s64 unused[3];
};
static_assert(sizeof(struct linux_stat) == 144, "as on Linux x86-64");

struct linux_statx_timestamp {
    s64 tv_sec;
    u32 tv_nsec;
    s32 pad;
};

struct linux_statx {
    u32 stx_mask;
    u32 stx_blksize;
    u64 stx_attributes;
    u32 stx_nlink;
    u32 stx_uid;
    u32 stx_gid;
    u16 stx_mode;
    u16 pad0;
    u64 stx_ino;
    u64 stx_size;
    u64 stx_blocks;
    u64 stx_attributes_mask;
    struct linux_statx_timestamp stx_atime;
    struct linux_statx_timestamp stx_btime;
    struct linux_statx_timestamp stx_ctime;
    struct linux_statx_timestamp stx_mtime;
    u32 stx_rdev_major;
    u32 stx_rdev_minor;
    u32 stx_dev_major;
    u32 stx_dev_minor;
    u64 stx_mnt_id;
    u64 spare[13];
};
static_assert(sizeof(struct linux_statx) == 256, "as on Linux");

#define STATX_BASIC_STATS     0x7ffu
#define STATX_BTIME           0x800u
#define STATX_MNT_ID          0x1000u
#define STATX_RESERVED        0x80000000u
#define STATX_ATTR_MOUNT_ROOT 0x2000u

struct linux_statfs {
    s64 f_type;
    s64 f_bsize;
    u64 f_blocks;
    u64 f_bfree;
    u64 f_bavail;
    u64 f_files;
    u64 f_ffree;
    s32 f_fsid[2];
    s64 f_namelen;
    s64 f_frsize;
    s64 f_flags;
    s64 f_spare[4];
};
static_assert(sizeof(struct linux_statfs) == 120, "as on Linux x86-64");

/* The name follows, NUL-ended, and padding to 8 bytes. */
struct linux_dirent64 {
    u64 d_ino;
    s64 d_off;
    u16 d_reclen;
    u8 d_type;
    char d_name[];
} __attribute__((packed));

/* The name follows, NUL-ended; the type is the record's last byte. */
struct linux_dirent {
    u64 d_ino;
    u64 d_off;
    u16 d_reclen;
    char d_name[];
} __attribute__((packed));

#define DT_UNKNOWN 0
#define DT_FIFO    1
#define DT_CHR     2
#define DT_DIR     4
#define DT_BLK     6
#define DT_REG     8
#define DT_LNK     10
#define DT_SOCK    12

#define MS_RDONLY 1

#define TMPFS_MAGIC 0x01021994
#define PROC_MAGIC  0x9fa0
#define SYSFS_MAGIC 0x62656572
#define EXT4_MAGIC  0xef53
#define DEVFS_MAGIC 0x1373
#define V9FS_MAGIC  0x01021997
