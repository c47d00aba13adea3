/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The name of an image in the cache. */

#include "host/sha256.h"

#include <stdbool.h>

struct err;
struct image_spec;

enum {
    KEY_SIZE = 2 * SHA256_SIZE + 1,
};

/*
 * Sets `key` to a hash over all that decides the bytes of the image, in letters. Files count by
 * device, inode, size, and times of change to the nanosecond, as they were when the tree was made
 * or, with `looks_again`, now. Waits a moment when one changed just now: the clock of a filesystem
 * could not tell a further change. Returns 0, or -1 with `err` set.
 */
int key_make(char key[KEY_SIZE], const struct image_spec *spec, bool looks_again, struct err *err);
