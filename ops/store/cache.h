/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Images that are built already, in $OPS_HOME/cache/images/KEY.img. The key is a hash over all that
 * decides an image's bytes; of files on this machine what stat(2) tells, so a program that has not
 * changed is not read again. What was not used for longest goes when there is too much.
 */

#include "ops/image/image.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    CACHE_SIZE_MAX_MIB = 4096, /* Blocks in use. One image larger than that stays until the next. */
};

struct cache_image {
    char *path;
    bool is_new;            /* It was built now. */
    struct image_size size; /* If it is new. */
    int lock_fd;            /* Nobody removes the image while this is open. */
};

/*
 * Sets `image` to an image as `spec` wants it, built if there is none. It is not to be written.
 * Returns 0, or -1 with `err` set.
 */
int cache_image_get(struct cache_image *image, const struct image_spec *spec, struct err *err);

/* Gives it back; the file may then go at any time. One of all zeros is fine. */
void cache_image_put(struct cache_image *image);

/* How many images are kept, and the bytes they take; for `ops doctor`. */
void cache_usage(uint64_t *count, uint64_t *bytes);
