/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which libraries a program needs, found as the dynamic loader would find them: by DT_NEEDED, RPATH
 * and RUNPATH with $ORIGIN, ld.so.conf and the loader's own directories, never by running anything.
 * What is found goes into the tree at the path where the loader will look for it.
 */

#include "host/strings.h"

#include <stddef.h>

struct err;
struct facts;
struct tree;

struct deps {
    struct tree *tree;
    struct facts *facts; /* What is known of files. NULL: nothing. */
    const char *root;    /* Paths count from here on this machine; "/" for itself. */

    /* What the loader in the image will look through, in this order. */
    struct strings env_dirs; /* LD_LIBRARY_PATH. */
    struct strings dirs;     /* ld.so.conf, then the loader's own. */

    struct strings warnings; /* What is missing and can be lived without. */

    struct deps_object *objects; /* All that will be in memory, in the order they were found. */
    size_t object_count;
};

/* `facts` is the caller's and may be NULL; `env_path` is the program's LD_LIBRARY_PATH, or NULL. */
void deps_init(struct deps *deps, struct tree *tree, struct facts *facts, const char *root,
               const char *env_path);
void deps_fini(struct deps *deps);

/*
 * Checks that `source`, a file on this machine, is a program this kernel can run, and adds its
 * interpreter and all libraries to the tree. `path` is where the program itself will lie.
 */
int deps_add_program(struct deps *deps, const char *source, const char *path, struct err *err);

/*
 * Looks at every file in the tree that is a shared library and was not found above, and adds what
 * those need. Called again, it looks at what has come since. What cannot be found is a warning:
 * nobody knows whether the program will load them.
 */
int deps_add_tree(struct deps *deps, struct err *err);

/* Adds a library the loader opens by itself, when it is there. */
int deps_add_optional(struct deps *deps, const char *name, struct err *err);

/* Adds the loader's cache of what was found in ld.so.conf's and its own directories. */
int deps_add_cache(struct deps *deps, struct err *err);
