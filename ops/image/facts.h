/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What was read in files of this machine, kept for the next time. A file is known by its stamp:
 * while that is the same, so is what was read in it. One file holds all of it; whatever is wrong
 * with that file, it is as if it were not there.
 */

#include <stddef.h>

struct facts;
struct tree_stamp;

/* The numbers are in the file. */
enum facts_kind {
    FACTS_IS_LIBRARY = 1, /* Whether the loader would take it: any text, or none. */
    FACTS_LIBRARY = 2,    /* What an ELF file needs. */
    FACTS_PROGRAM = 3,    /* The same of a program, which is looked at more closely. */
    FACTS_OPENSSL = 4,    /* Directories that are built into it. */
};

enum {
    FACTS_SIZE_MAX = 16 << 20, /* Of the file; what comes when it is full is not kept. */
};

/* Reads the file at `path`. Never NULL: there may be nothing in it. */
struct facts *facts_open(const char *path);

/*
 * Writes the file when there is something new, if that can be done, and removes what is left of one
 * that was not written to its end. NULL is fine.
 */
void facts_close(struct facts *facts);

/*
 * The texts that were read in a file, each with its NUL, `size` bytes of them, valid until the next
 * facts_add(). NULL: not known. So it is with `facts` NULL.
 */
const char *facts_find(const struct facts *facts, enum facts_kind kind,
                       const struct tree_stamp *stamp, size_t *size);

/*
 * Keeps texts. A file that changed lately is not kept: its next change may leave no trace in its
 * stamp. Whoever has read a file by its path sees to it that the file still has the stamp: a link
 * on the way may lead to another one by now. `facts` may be NULL.
 */
void facts_add(struct facts *facts, enum facts_kind kind, const struct tree_stamp *stamp,
               const char *texts, size_t size);
