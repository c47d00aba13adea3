/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A GUID partition table, UEFI specification 2.10 chapter 5, with its protective MBR and backup.
 * The layout is fixed: everything starts on a whole MiB, in the order given.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum {
    GPT_SECTOR_SIZE = 512,
    GPT_ALIGN = 1 << 20,
    GPT_PARTITIONS_MAX = 8,
    GPT_GUID_SIZE = 16,
};

struct gpt_partition {
    const uint8_t *type; /* GPT_GUID_SIZE bytes, as on disk. */
    uint8_t guid[GPT_GUID_SIZE];
    const char *name; /* ASCII, at most 36 letters. */
    uint64_t size;    /* Bytes; rounded up to whole MiB. */
    uint64_t off;     /* Set by gpt_layout(). */
};

extern const uint8_t gpt_type_esp[GPT_GUID_SIZE];         /* EFI system partition. */
extern const uint8_t gpt_type_root_x86_64[GPT_GUID_SIZE]; /* Linux root (x86-64). */

/* Places the partitions. Returns how many bytes the disk has. */
uint64_t gpt_layout(struct gpt_partition *partitions, size_t count);

/* Writes the tables of a disk laid out by gpt_layout(). Returns 0, or -1 with `err` set. */
int gpt_write(int fd, const struct gpt_partition *partitions, size_t count,
              const uint8_t disk_guid[GPT_GUID_SIZE], struct err *err);

/* A partition of a disk that somebody made. */
struct gpt_place {
    uint64_t off;
    uint64_t size;
    uint32_t index; /* In the table. */
    bool is_last;   /* Nothing lies behind it. */
};

/*
 * Finds the first partition of `type` on a disk of `disk_size` bytes. Returns 1; 0 when the disk
 * has no such table at all; or -1 with `err` set: it is damaged, or has no such partition.
 */
int gpt_find(int fd, uint64_t disk_size, const uint8_t type[GPT_GUID_SIZE], struct gpt_place *place,
             struct err *err);

/*
 * Makes the tables of a disk, whose file is now `disk_size` bytes, fit it: the last partition, at
 * `place`, gets `place->size`. The disk is whole MiB, with one behind the partition.
 */
int gpt_resize(int fd, uint64_t disk_size, const struct gpt_place *place, struct err *err);

/* CRC-32 as in Ethernet and GPT (reflected polynomial 0xedb88320). */
uint32_t gpt_crc32(const void *bytes, size_t size);
