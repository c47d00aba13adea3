/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Ordered (red-black) trees that live inside what they order.
 *
 * The tree knows no keys. To insert, the caller walks down from `root`, choosing left or right by
 * its own order, and hands the place it fell off to tree_insert():
 *
 *     struct tree_node **link = &tree->root;
 *     struct tree_node *parent = NULL;
 *
 *     while (*link) {
 *         parent = *link;
 *         link = key < KEY_OF(parent) ? &parent->left : &parent->right;
 *     }
 *     tree_insert(tree, parent, link, &item->node);
 */

#include "lib/base/types.h"

struct tree_node {
    struct tree_node *parent;
    struct tree_node *left;
    struct tree_node *right;
    bool red;
};

struct tree {
    struct tree_node *root; /* NULL when empty. */
};

#define TREE_ENTRY(node, type, member) CONTAINER_OF(node, type, member)

void tree_insert(struct tree *tree, struct tree_node *parent, struct tree_node **link,
                 struct tree_node *node);
void tree_remove(struct tree *tree, struct tree_node *node);

/* In order; NULL at the ends. */
struct tree_node *tree_first(const struct tree *tree);
struct tree_node *tree_last(const struct tree *tree);
struct tree_node *tree_next(const struct tree_node *node);
struct tree_node *tree_prev(const struct tree_node *node);
