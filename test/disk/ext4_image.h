/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * ext4 images for tests, made by e2fsprogs from a tree of files that this module writes, and held
 * in memory. The tree has what is hard to read: sparse files, long links, a directory with
 * thousands of names.
 */

#include "kernel/fs/ext4/format/ext4_format.h"

#include <stddef.h>

struct ext4_image {
    char folder[64]; /* Temporary: `tree` below it, and the image while it is made. */
    char *bytes;
    size_t size;
    struct ext4_disk disk;
    int reads; /* Of the disk, so far. */
};

enum ext4_image_size {
    EXT4_IMAGE_FULL,  /* Everything. */
    EXT4_IMAGE_LARGE, /* And thousands of names in one directory. */
    EXT4_IMAGE_SMALL, /* A few of each, for tests that read it thousands of times. */
};

/*
 * Makes one with mke2fs and these options, then tune2fs (or NULL). Ends the test when that fails.
 */
void ext4_image_create(struct ext4_image *image, enum ext4_image_size size, const char *options,
                       const char *tune);
void ext4_image_destroy(struct ext4_image *image);

/* Removes what is on the build machine's disk, for those who do not compare. */
void ext4_image_forget_tree(struct ext4_image *image);

/* Reads everything there is in `fs`, and compares it with the tree. */
void ext4_image_compare(const struct ext4_image *image, struct ext4_fs *fs);

/* Reads everything, up to a limit, and does not care what comes out. */
void ext4_image_walk(struct ext4_fs *fs);
