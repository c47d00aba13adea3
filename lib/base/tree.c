/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Red-black trees. The rules: the root is black; a red node has no red child; every path from a
 * node down to NULL passes the same number of black nodes.
 */
#include "lib/base/tree.h"

static bool is_red(const struct tree_node *node)
{
    return node && node->red;
}

/* Puts `child` where `node` hangs, below node's parent. */
static void replace(struct tree *tree, struct tree_node *node, struct tree_node *child)
{
    struct tree_node *parent = node->parent;

    if (!parent) {
        tree->root = child;
    } else if (parent->left == node) {
        parent->left = child;
    } else {
        parent->right = child;
    }
    if (child)
        child->parent = parent;
}

static void rotate_left(struct tree *tree, struct tree_node *node)
{
    struct tree_node *up = node->right;

    node->right = up->left;
    if (up->left)
        up->left->parent = node;
    replace(tree, node, up);
    up->left = node;
    node->parent = up;
}

static void rotate_right(struct tree *tree, struct tree_node *node)
{
    struct tree_node *up = node->left;

    node->left = up->right;
    if (up->right)
        up->right->parent = node;
    replace(tree, node, up);
    up->right = node;
    node->parent = up;
}

/* `node` and its parent are red, the uncle is black: one or two rotations end it. */
static void insert_rotate(struct tree *tree, struct tree_node *node)
{
    struct tree_node *parent = node->parent;
    struct tree_node *grand = parent->parent;

    if (parent == grand->left) {
        if (node == parent->right) {
            rotate_left(tree, parent);
            parent = node;
        }
        rotate_right(tree, grand);
    } else {
        if (node == parent->left) {
            rotate_right(tree, parent);
            parent = node;
        }
        rotate_left(tree, grand);
    }
    parent->red = false;
    grand->red = true;
}

void tree_insert(struct tree *tree, struct tree_node *parent, struct tree_node **link,
                 struct tree_node *node)
{
    *node = (struct tree_node){ .parent = parent, .red = true };
    *link = node;
    while (is_red(node->parent)) {
        struct tree_node *grand = node->parent->parent;
        struct tree_node *uncle = node->parent == grand->left ? grand->right : grand->left;

        if (!is_red(uncle)) {
            insert_rotate(tree, node);
            break;
        }
        node->parent->red = false;
        uncle->red = false;
        grand->red = true;
        node = grand;
    }
    tree->root->red = false;
}

/*
 * One step where paths through `node` (may be NULL), a child of `parent`, have a black node too
 * few. Returns true when all is well now; else the lack has moved to `parent`. The other side has a
 * black node more than NULL, so there is a sibling.
 */
static bool remove_step(struct tree *tree, struct tree_node *node, struct tree_node *parent)
{
    bool left = parent->left == node;
    struct tree_node *sibling = left ? parent->right : parent->left;
    struct tree_node *near;
    struct tree_node *far;

    if (sibling->red) {
        sibling->red = false;
        parent->red = true;
        if (left) {
            rotate_left(tree, parent);
        } else {
            rotate_right(tree, parent);
        }
        sibling = left ? parent->right : parent->left;
    }
    near = left ? sibling->left : sibling->right;
    far = left ? sibling->right : sibling->left;
    if (!is_red(near) && !is_red(far)) {
        sibling->red = true;
        if (!parent->red)
            return false;
        parent->red = false;
        return true;
    }
    if (!is_red(far)) {
        near->red = false;
        sibling->red = true;
        if (left) {
            rotate_right(tree, sibling);
        } else {
            rotate_left(tree, sibling);
        }
        far = sibling;
        sibling = near;
    }
    sibling->red = parent->red;
    parent->red = false;
    far->red = false;
    if (left) {
        rotate_left(tree, parent);
    } else {
        rotate_right(tree, parent);
    }
    return true;
}

static void remove_fix(struct tree *tree, struct tree_node *node, struct tree_node *parent)
{
    while (parent && !remove_step(tree, node, parent)) {
        node = parent;
        parent = node->parent;
    }
}

/* `node` has at most one child, which takes its place. */
static void remove_single(struct tree *tree, struct tree_node *node)
{
    struct tree_node *child = node->left ? node->left : node->right;
    struct tree_node *parent = node->parent;

    replace(tree, node, child);
    if (node->red)
        return;
    if (is_red(child)) {
        child->red = false;
    } else {
        remove_fix(tree, child, parent);
    }
}

void tree_remove(struct tree *tree, struct tree_node *node)
{
    struct tree_node *next;

    if (!node->left || !node->right) {
        remove_single(tree, node);
        return;
    }
    next = node->right;
    while (next->left)
        next = next->left;
    remove_single(tree, next);
    *next = *node; /* Links and colour; `node` may have moved, so they are read now. */
    replace(tree, node, next);
    if (next->left)
        next->left->parent = next;
    if (next->right)
        next->right->parent = next;
}

struct tree_node *tree_first(const struct tree *tree)
{
    struct tree_node *node = tree->root;

    while (node && node->left)
        node = node->left;
    return node;
}

struct tree_node *tree_last(const struct tree *tree)
{
    struct tree_node *node = tree->root;

    while (node && node->right)
        node = node->right;
    return node;
}

struct tree_node *tree_next(const struct tree_node *node)
{
    struct tree_node *at = node->right;

    if (at) {
        while (at->left)
            at = at->left;
        return at;
    }
    while (node->parent && node == node->parent->right)
        node = node->parent;
    return node->parent;
}

struct tree_node *tree_prev(const struct tree_node *node)
{
    struct tree_node *at = node->left;

    if (at) {
        while (at->right)
            at = at->right;
        return at;
    }
    while (node->parent && node == node->parent->left)
        node = node->parent;
    return node->parent;
}
