/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The table of ops/image/rules.h. In a path `%p` is the directory of the program behind all links,
 * `%d` the one it is called in, `%v` the version in the name of the program or library that
 * triggered the rule, as 3.11 in python3.11 or libpython3.11.so.1.0, and any part may be a pattern
 * of fnmatch(). What is not there is passed over. A directory comes with all that is in it, and a
 * link with what it leads to.
 */

#include <stdint.h>

enum {
    RULE_TRIGGERS_MAX = 6,
    RULE_PATHS_MAX = 8,
    RULE_EXCEPT_MAX = 8,
};

struct rules;
struct err;

struct rule {
    const char *name;
    const char *about; /* What it brings, for people. */

    /* Any of these brings it. */
    const char *programs[RULE_TRIGGERS_MAX];  /* Patterns of the program's own name. */
    const char *libraries[RULE_TRIGGERS_MAX]; /* Patterns of names of libraries that are loaded. */
    uint32_t hints;                           /* enum hint, of any file but the C runtime's. */
    const char *after[RULE_TRIGGERS_MAX];     /* Names of rules that bring this one too. */

    const char *paths[RULE_PATHS_MAX];
    const char *except[RULE_EXCEPT_MAX];  /* Names left out at the top of a directory. */
    const char *tmpfs[RULE_TRIGGERS_MAX]; /* Directories that are memory in the machine. */

    /* What a list of paths cannot say. `why` is what triggered the rule. May be NULL. */
    int (*add)(struct rules *rules, const struct rule *rule, struct err *err);
};

/* Ends with one without a name. */
extern const struct rule rules_table[];

/*
 * For the `add` functions: puts the file, link or directory at `path` of the root into the image,
 * without the names in `except` (NULL: all). What is missing is passed over.
 */
int rules_bring(struct rules *rules, const char *path, const char *const *except, struct err *err);
