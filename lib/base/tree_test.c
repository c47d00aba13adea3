/* SPDX-License-Identifier: Apache-2.0 */
/* Red-black trees: their rules hold after every step of long random runs. */
#include "lib/base/tree.h"
#include "test/unit/unit.h"

enum {
    ITEMS = 400,
};

struct item {
    struct tree_node node;
    u32 key;
    bool inside;
};

static struct tree tree;
static struct item items[ITEMS];

static u32 key_of(const struct tree_node *node)
{
    return TREE_ENTRY(node, struct item, node)->key;
}

static void insert(struct item *item)
{
    struct tree_node **link = &tree.root;
    struct tree_node *parent = NULL;

    while (*link) {
        parent = *link;
        link = item->key < key_of(parent) ? &parent->left : &parent->right;
    }
    tree_insert(&tree, parent, link, &item->node);
    item->inside = true;
}

/* Checks the rules below `node`; returns its black height. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the tree, which it proves to be shallow. */
static int check_node(const struct tree_node *node, const struct tree_node *parent)
{
    int left;

    if (!node)
        return 1;
    CHECK(node->parent == parent);
    if (node->red) {
        CHECK(parent && !parent->red);
        CHECK(!node->left || !node->left->red);
        CHECK(!node->right || !node->right->red);
    }
    left = check_node(node->left, node);
    CHECK_EQ(check_node(node->right, node), left);
    return left + (node->red ? 0 : 1);
}

static void check_tree(int count)
{
    const struct tree_node *before = NULL;
    int seen = 0;

    check_node(tree.root, NULL);
    for (struct tree_node *node = tree_first(&tree); node; node = tree_next(node)) {
        CHECK(!before || key_of(before) <= key_of(node));
        CHECK(tree_prev(node) == before);
        before = node;
        seen++;
    }
    CHECK(tree_last(&tree) == before);
    CHECK_EQ(seen, count);
}

TEST(tree, keeps_its_rules_through_random_changes)
{
    int count = 0;

    srand(1);
    for (int step = 0; step < 20000; step++) {
        struct item *item = &items[rand() % ITEMS];

        if (item->inside) {
            tree_remove(&tree, &item->node);
            item->inside = false;
            count--;
        } else {
            item->key = (u32)rand() % 100; /* With equal keys. */
            insert(item);
            count++;
        }
        if (step % 8 == 0)
            check_tree(count);
    }
}

TEST(tree, empties_in_order)
{
    for (u32 i = 0; i < ITEMS; i++) {
        items[i].key = i;
        insert(&items[i]);
    }
    for (u32 i = 0; i < ITEMS; i++) {
        CHECK_EQ(key_of(tree_first(&tree)), i);
        tree_remove(&tree, tree_first(&tree));
        check_tree((int)(ITEMS - 1 - i));
    }
    CHECK(!tree.root);
    CHECK(!tree_first(&tree));
    CHECK(!tree_last(&tree));
}
