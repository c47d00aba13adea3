/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The paths that one layer made: whiteouts in it are for the layers below. */

#include <stdbool.h>

struct made {
    void *root; /* Of tsearch(). */
};

/* All zeros is an empty one. */
void made_fini(struct made *made);
void made_add(struct made *made, const char *path);
bool made_has(const struct made *made, const char *path);
