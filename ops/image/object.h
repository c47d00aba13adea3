/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One ELF file of an image: a program, its interpreter, or a library, and what it says of the
 * others it needs. ops/image/deps.h finds those.
 */

#include "host/strings.h"
#include "ops/image/tree.h"

#include <stdbool.h>
#include <stdint.h>

struct facts;

enum {
    LOADED_BY_NOBODY = -1,
};

struct deps_object {
    char *path;              /* In the image, as the loader will open it. */
    char *source;            /* On this machine. */
    char *name;              /* By which others need it. */
    char *soname;            /* May be NULL. */
    char *interp;            /* May be NULL. */
    bool in_dirs;            /* Found in the loader's own directories or ld.so.conf's. */
    int loader;              /* Index of the object that brought it in. */
    uint32_t hints;          /* enum hint */
    struct tree_stamp stamp; /* Of `source`; all zeros: not looked at yet. */
    struct strings needed;
    struct strings rpath;
    struct strings runpath;
};

/*
 * Reads `object->source`, unless it is among the facts, and fills in what it needs. With
 * `as_program` it must be a program, and its strings are looked at too. Returns 0, or -1 with `err`
 * set to what is wrong, to follow the name of the file: "is truncated".
 */
int object_open(struct deps_object *object, struct facts *facts, bool as_program, struct err *err);
void object_fini(struct deps_object *object);

/*
 * Whether the loader would take the file at `path`, which has this stamp: a 64-bit library of this
 * CPU.
 */
bool object_is_library(const char *path, const struct tree_stamp *stamp, struct facts *facts);

/* Adds the parts of a list with colons between. */
void colon_list_add(struct strings *list, const char *text);
