/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where in a JSON text something stands: jansson does not keep it. */

#include <stddef.h>

/* One step down from the top of a text. */
struct position_step {
    const char *key; /* A member of an object; NULL: an element of a list. */
    size_t index;    /* Which element. */
};

/*
 * The line, from 1, of the member or element that `count` steps lead to; of the last that is there
 * if they lead nowhere. `text` has to be valid JSON: then it looks at no byte behind `size`.
 */
size_t position_line(const char *text, size_t size, const struct position_step *steps,
                     size_t count);
