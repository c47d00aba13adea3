/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files that make trees share. */

#include "ops/image/tree.h"

#include <sys/stat.h>

struct err;

/* The child of that name itself, or NULL. */
struct tree_node *tree_child_find(const struct tree_node *dir, const char *name);

/* A new child; `name` is not there yet. */
struct tree_node *tree_child_add(struct tree *tree, struct tree_node *dir, const char *name,
                                 enum tree_type type);

/*
 * Sets what a file is from its attributes here. Takes `source`, which came from malloc, over.
 * Returns -1 with `err` set when it is too large.
 */
int tree_file_set(struct tree_node *node, char *source, const struct stat *st, struct err *err);
