/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Disks by name: images and volumes are both NAME.img with a NAME.json beside it, in a folder of
 * their own (ops/state/state.h, invariant 3).
 */

#include "ops/state/state.h"

#include <stdbool.h>
#include <stdint.h>

/* What is known of one. */
struct item {
    char *path;
    uint64_t size;
    uint64_t used;
    int64_t created_s;
};

/* "image" or "volume". */
const char *item_kind(enum state_folder folder);

/*
 * Puts the disk `path` in as `name`: takes the file over when it lies in the tmp folder, else
 * copies it. One of that name is an error unless `replace`.
 */
int item_create(enum state_folder folder, const char *name, const char *path, bool replace,
                struct err *err);

/* Looks at one that has to be there. To be given back in any case. */
int item_read(struct item *item, enum state_folder folder, const char *name, struct err *err);
void item_fini(struct item *item);

/* Removes one that has to be there. */
int item_delete(enum state_folder folder, const char *name, struct err *err);

/* Makes the disk of one larger, or smaller if what is in it fits. */
int item_resize(enum state_folder folder, const char *name, uint64_t size, struct err *err);
