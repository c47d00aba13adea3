/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the files of this folder share. Everything in a filesystem is foreign: sizes are held
 * against what is there, walks end, and names are checked before they are used outside it.
 *
 * Who writes edits a copy, which takes the file's place when the disk is closed: a kill leaves the
 * old file, and a reader sees the old or the new.
 */

#include "host/new_file.h"
#include "ops/disk/disk.h"
#include "ops/disk/libext2fs.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    DISK_PATH_MAX = 4096,
    DISK_LINKS_MAX = 40,  /* Links followed in one path. */
    DISK_DEPTH_MAX = 100, /* Directories in directories. */
    DISK_ENTRIES_MAX = 1 << 22,
    DISK_NAME_MAX = 255,
    DISK_COPY_SIZE = 1 << 20,
};

struct disk {
    char *path; /* Behind all links, for messages and to replace it. */
    ext2_filsys fs;
    int fd;               /* The file, under flock if it is to be replaced. */
    struct new_file copy; /* What is written; none for a reader. */
    bool writes;
    uint64_t off; /* Of the filesystem, in the file. */
    uint64_t size;
    uint32_t listed; /* Entries of directories so far: DISK_ENTRIES_MAX at most. */
};

/* Sets `err` to "<message>: <what libext2fs says of `code`>". Returns -1. */
int disk_fail(struct err *err, errcode_t code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Finds where in the file of `size` bytes the filesystem is, and whether it can be one. */
int disk_locate(int fd, uint64_t size, uint64_t *off, uint64_t *fs_size, struct err *err);

/* The inode at a path, the last link followed if `follows`. */
int disk_find(struct disk *disk, const char *path, bool follows, ext2_ino_t *ino, struct err *err);

int disk_inode_read(struct disk *disk, ext2_ino_t ino, struct ext2_inode *inode, struct err *err);

/* Where a symbolic link points, to be freed; NULL with `err` set. */
char *disk_link_read(struct disk *disk, ext2_ino_t ino, struct ext2_inode *inode, struct err *err);

/* What is in a directory. */
struct disk_list {
    struct disk_list_entry {
        char *name;
        ext2_ino_t ino;
    } * items;
    size_t count;
};

/* Lists a directory, sorted, without `.` and `..`. A name with a `/` or NUL in it is an error. */
int disk_list_read(struct disk_list *list, struct disk *disk, ext2_ino_t ino, struct err *err);
void disk_list_fini(struct disk_list *list);

/* Fills in type, mode, owner, size and time; `target` is left alone. */
void disk_entry_set(struct disk_entry *entry, const struct ext2_inode *inode);

/*
 * Calls `fn` for each piece of a file's content, in order. What lies between pieces, and behind the
 * last up to the file's size, is zeros.
 */
typedef int (*disk_piece_fn)(void *context, uint64_t off, const void *bytes, size_t size,
                             struct err *err);
int disk_content(struct disk *disk, ext2_ino_t ino, struct ext2_inode *inode, disk_piece_fn fn,
                 void *context, struct err *err);
