/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The values of keys: from JSON into the fields of settings. */

#include "ops/config/position.h"

#include <jansson.h>
#include <stddef.h>

struct err;
struct key;

enum {
    VALUE_DEPTH_MAX = 12, /* Steps from the top to any value that has a key, with room. */
};

/* Where in a configuration we are. After a failure: where it is wrong. */
struct place {
    struct position_step steps[VALUE_DEPTH_MAX];
    size_t depth;
};

void place_enter(struct place *place, const char *key, size_t index);
void place_leave(struct place *place);

/*
 * Sets `field` to what `value` says, if the key's kind is one of values (not KEY_OBJECT,
 * KEY_OBJECTS, KEY_FOREIGN, KEY_REFUSED). Returns 0, or -1 with `err` set.
 */
int value_set(void *field, json_t *value, const struct key *key, struct place *place,
              struct err *err);
