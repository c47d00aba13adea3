/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * An ext4 filesystem made from a tree, through libext2fs. Everything is decided here (inode
 * numbers, block order, times, UUID), so the same tree gives the same bytes.
 */

#include <stdbool.h>
#include <stdint.h>

struct err;
struct tree;

enum {
    EXT4_BLOCK_SIZE = 4096,
    EXT4_UUID_SIZE = 16,
};

struct ext4_spec {
    const char *label;   /* At most 16 letters; NULL: none. */
    uint64_t off;        /* Where in the file the filesystem starts. */
    uint64_t size;       /* Bytes; at least what ext4_size() said. */
    uint64_t inodes_min; /* For files to come. */
    bool has_journal;    /* It is going to be written. */
    uint64_t epoch;      /* Every time in it, in seconds of Unix time. */
    uint8_t uuid[EXT4_UUID_SIZE];
    uint8_t hash_seed[EXT4_UUID_SIZE];
    struct progress *progress; /* Told of content that is written; or NULL. */
};

/* How large a filesystem for `tree` has to be, in bytes, with a journal or without. */
uint64_t ext4_size(struct tree *tree, bool has_journal);

/*
 * Writes the filesystem into the file at `path`, which is large enough and all zeros there. Changes
 * the inode numbers in `tree`. Returns 0, or -1 with `err` set.
 */
int ext4_write(const char *path, struct tree *tree, const struct ext4_spec *spec, struct err *err);
