/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The filesystem in a disk image or volume, read and written by libext2fs: no root rights, no
 * mount. A disk image has it in its root partition, a volume is nothing else. Who writes works on a
 * copy, which takes the file's place at the end (docs/decisions/0012).
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct err;
struct disk;

enum disk_type {
    DISK_DIR,
    DISK_FILE,
    DISK_LINK,
    DISK_OTHER, /* A device, pipe or socket. */
};

struct disk_entry {
    const char *path; /* From the top of the filesystem. */
    const char *name; /* The last part. */
    enum disk_type type;
    uint32_t mode; /* Permission bits. */
    uint32_t uid;
    uint32_t gid;
    uint64_t size;
    int64_t modified_s;
    const char *target; /* DISK_LINK: where it points. */
    unsigned depth;     /* Below where the walk began. */
};

struct disk_info {
    char label[17];
    char uuid[37];
    uint64_t off;   /* Where in the file the filesystem starts. */
    uint64_t size;  /* Of the filesystem. */
    uint64_t free;  /* Bytes. */
    uint64_t files; /* Inodes in use. */
};

/* Opens it. With `writes` the file is locked against a second writer; a running machine's image is
 * refused. Returns NULL with `err` set. */
struct disk *disk_open(const char *path, bool writes, struct err *err);

/* Closes it. When this returns 0, what was written is on the disk; else the file is as it was. */
int disk_close(struct disk *disk, struct err *err);

/* Closes it and leaves the file as it was. */
void disk_discard(struct disk *disk);

void disk_info(struct disk *disk, struct disk_info *info);

/*
 * Calls `fn` for what is at `path` (a directory: for its entries, sorted by name, and with `deep`
 * for everything below, a directory before what is in it) until it fails.
 */
int disk_walk(struct disk *disk, const char *path, bool deep,
              int (*fn)(const struct disk_entry *entry, void *context, struct err *err),
              void *context, struct err *err);

/* Writes the content of a file to `out`; links are followed, within the filesystem. */
int disk_cat(struct disk *disk, const char *path, FILE *out, struct err *err);

/*
 * The content of a file of at most `size_max` bytes, a NUL behind it, to be freed; sets `*size`.
 * NULL with `err` set.
 */
char *disk_read_text(struct disk *disk, const char *path, size_t size_max, size_t *size,
                     struct err *err);

/*
 * Copies from the filesystem to this machine, and the other way; directories with `deep` only.
 * Links are copied as links, or followed if `follows`. A copy that fails leaves nothing half-made.
 */
int disk_copy_out(struct disk *disk, const char *path, const char *target, bool deep, bool follows,
                  struct err *err);
int disk_copy_in(struct disk *disk, const char *source, const char *path, bool deep, bool follows,
                 struct err *err);

/* Makes the disk, its partition and filesystem larger or, if what is in it fits, smaller. */
int disk_resize(const char *path, uint64_t size, struct err *err);

/* A volume that is to be made. */
struct disk_volume {
    const char *label;  /* At most DISK_LABEL_MAX letters. */
    const char *folder; /* What is in it, with all below; NULL: nothing. */
    uint64_t size;      /* Bytes of the disk; made whole MiB. */
};

enum {
    DISK_LABEL_MAX = 16,
};

/* Makes a volume with a journal and a random UUID: ext4 on all of the file `path`. */
int disk_make_volume(const char *path, const struct disk_volume *volume, struct err *err);

/* The bytes a volume with what is in `folder` (NULL: nothing) takes at least. 0 with `err` set. */
uint64_t disk_volume_size(const char *folder, struct err *err);
