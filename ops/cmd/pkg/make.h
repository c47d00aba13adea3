/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the commands that make a package do alike. */

#include <stdbool.h>

struct draft;
struct draft_info;
struct err;

struct make {
    const char *of;      /* What the package is made of, for messages. */
    const char *name;    /* What the user wants it called, and NULL: that is for `fill` to say. */
    const char *version; /* Likewise. */
    bool replaces;       /* A package of that name and version. */

    /* Fills the draft, and what `info` does not say yet. Returns 0, or -1 with `err` set. */
    int (*fill)(struct draft *draft, struct draft_info *info, void *context, struct err *err);
    void *context;
};

/* Makes a package and prints its name. Returns 0, or -1 with `err` set. */
int make_package(const struct make *make, struct err *err);
