/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Disks, to filesystems and to drivers.
 *
 * A request names a run of sectors and the pages to fill or to write. The driver completes it from
 * a bottom half by calling `done`. Requests may complete in any order; a flush covers the writes
 * that completed before it was submitted.
 */

#include "lib/base/list.h"
#include "lib/base/types.h"

enum {
    BLOCK_SECTOR_SIZE = 512,
    BLOCK_DEVICES_MAX = 32,
    BLOCK_NAME_SIZE = 16,
    BLOCK_SEGMENTS_MAX = 32, /* Pieces of one request; drivers may allow fewer. */
};

enum block_op {
    BLOCK_READ,
    BLOCK_WRITE,
    BLOCK_FLUSH,
};

struct block_segment {
    struct page *page; /* The bytes lie in it, and in the pages that follow it in memory. */
    u32 off;           /* From its start; may lie beyond its first 4 KiB. */
    u32 len;           /* A multiple of the sector size. */
};

struct block_request;
typedef void block_done_fn(struct block_request *request);

struct block_request {
    struct list link; /* The driver's while it has the request. */
    enum block_op op;
    u64 sector; /* In sectors of 512 bytes, from the device's start. */
    u32 segment_count;
    struct block_segment segments[BLOCK_SEGMENTS_MAX];
    int status;          /* At `done`: 0 or a negative error number. */
    block_done_fn *done; /* Runs in a bottom half. The request is the caller's again. */
    void *arg;           /* The caller's. */
    void *driver;        /* The driver's. */
};

struct block_device;

struct block_driver {
    /* Takes the request; completes it later, or before it returns. Any context but interrupts. */
    void (*submit)(struct block_device *device, struct block_request *request);
};

struct block_stats {
    u64 reads, read_bytes, writes, written_bytes; /* [atomic] relaxed. */
};

struct block_device {
    char name[BLOCK_NAME_SIZE]; /* vda, vda1, nvme0n1, ... */
    u64 sector_count;
    u32 segments_max; /* Of one request. */
    u32 request_bytes_max;
    bool read_only;
    const struct block_driver *driver; /* NULL for a partition. */
    void *driver_data;
    struct block_device *whole; /* A partition's disk, else NULL. */
    u64 first_sector;           /* Of a partition. */
    u8 type_guid[16];           /* Of a partition, as on disk; else zeros. */
    u8 part_guid[16];
    char label[37];           /* Of a partition, in ASCII. */
    struct block_stats stats; /* Of what went to the driver, and so not of a partition. */
};

/*
 * Makes a disk known and reads its partitions (GPT, both copies checked). The device lives for
 * ever. 0, or -ENOSPC. From thread context: it reads.
 */
int block_register(struct block_device *device) MUST_USE;

/* By name; by partition type; NULL when there is none. Device `index` of all, NULL past the end. */
struct block_device *block_find(const char *name);
struct block_device *block_find_type(const u8 type_guid[16]);
struct block_device *block_at(u32 index);

/*
 * Hands a request to the device, partitions resolved. One that reaches past the end, or writes to a
 * read-only device, completes with -EIO or -EROFS without reaching the driver.
 */
void block_submit(struct block_device *device, struct block_request *request);

/* Submits and sleeps until it is done. Its status. `done` and `arg` are set by this. */
int block_wait(struct block_device *device, struct block_request *request) MUST_USE;

/*
 * Reads `size` bytes at `off` (both multiples of 512) into any kernel memory, through pages of its
 * own: for metadata and other small things. May sleep.
 */
int block_read(struct block_device *device, u64 off, void *to, size_t size) MUST_USE;
