/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* GUID partition tables (UEFI 2.10, section 5.3): reading one from a disk that may say anything. */

#include "lib/base/types.h"

enum {
    GPT_SECTOR_SIZE = 512,
    GPT_PARTITIONS_MAX = 128, /* That we report; a table may have room for more. */
    GPT_LABEL_SIZE = 37,      /* 36 UTF-16 units, as ASCII, and a NUL. */
};

struct gpt_disk {
    void *context;
    u64 sector_count;
    /* Reads sectors into memory of heap_alloc(). 0 or a negative error number. */
    int (*read)(void *context, u64 sector, u32 count, void *to);
};

struct gpt_partition {
    u32 number; /* From 1, its place in the table. */
    u64 first_sector;
    u64 sector_count;
    u8 type_guid[16];
    u8 part_guid[16];
    char label[GPT_LABEL_SIZE]; /* Units outside of printable ASCII become '?'. */
};

typedef void gpt_found_fn(void *arg, const struct gpt_partition *partition);

enum gpt_result_flags {
    GPT_USED_BACKUP = 1u << 0, /* The first header or its table was damaged. */
};

/*
 * Reads the table, the backup at the end of the disk if the first one is damaged, and calls `found`
 * for each partition that lies within the disk. Returns 0 and flags of enum gpt_result_flags;
 * -ENOENT when there is no table; -EIO when both copies are damaged; -ENOMEM.
 */
int gpt_read(const struct gpt_disk *disk, gpt_found_fn *found, void *arg, u32 *flags) MUST_USE;
