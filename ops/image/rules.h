/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a program opens by name at run time, beyond the libraries its ELF files name: modules, data
 * and configuration of its interpreter and its libraries. One table says what brings what; nothing
 * is run to find out. All files come from the target root, where they are; what the user put at the
 * same path stays.
 */

#include "host/strings.h"

#include <stddef.h>

struct err;

struct rules {
    struct tree *tree;
    struct deps *deps;
    const struct settings *settings;
    const char *root; /* The target root. */

    /* The program: as it is called in the image, and behind all links. */
    const char *called;
    const char *real;

    struct strings *reasons; /* Gets a line for each rule that brought something, and why. */
    struct strings tmpfs;    /* Gets directories that must be writable; the caller's to free. */

    /* For rules_apply() alone. */
    struct rules_dir *dirs; /* Brought already. */
    size_t dir_count;
    size_t links_at; /* How large the tree was when its links were last looked at. */
};

/*
 * Adds what the rules say until nothing more comes, with the libraries that what was added needs.
 * What cannot be added is a warning of `rules->deps`. Returns 0, or -1 with `err` set.
 */
int rules_apply(struct rules *rules, struct err *err);
