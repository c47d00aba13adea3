/* SPDX-License-Identifier: Apache-2.0 */
/* What lies where in an image, and what may not. */
#include "ops/image/tree.h"

#include "host/err.h"
#include "test/unit/unit.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct tree tree;
static struct err err;

static int join(struct tree_node *node, void *context, struct err *unused)
{
    char *text = context;
    char *path = tree_path(node);

    (void)unused;
    snprintf(text + strlen(text), 512 - strlen(text), "%s ", path);
    free(path);
    return 0;
}

TEST(tree, keeps_names_in_order_whatever_order_they_came_in)
{
    char text[512] = "";

    tree_init(&tree);
    CHECK_EQ(tree_add_text(&tree, "/b/z", "1", &err), 0);
    CHECK_EQ(tree_add_text(&tree, "/a", "2", &err), 0);
    CHECK_EQ(tree_add_text(&tree, "/b/a", "3", &err), 0);
    CHECK_EQ(tree_add_dir(&tree, "/b/c/d", &err), 0);
    CHECK_EQ(tree_walk(&tree, join, text, &err), 0);
    CHECK_EQ(strcmp(text, "/a /b /b/a /b/c /b/c/d /b/z "), 0);
    CHECK_EQ(tree.count, 6);
    CHECK_EQ(tree_find(&tree, "/b/a")->size, 1);
    CHECK(!tree_find(&tree, "/b/b"));
    CHECK(tree_find(&tree, "/") == &tree.root);
    tree_fini(&tree);
}

TEST(tree, leaves_what_is_there_to_the_first)
{
    tree_init(&tree);
    CHECK_EQ(tree_add_text(&tree, "/etc/hosts", "mine", &err), 0);
    CHECK_EQ(tree_add_text(&tree, "/etc/hosts", "default", &err), 0);
    CHECK_EQ(tree_find(&tree, "/etc/hosts")->size, 4);
    CHECK_EQ(tree_add_dir(&tree, "/etc/hosts", &err), -1);
    CHECK_EQ(tree_add_text(&tree, "/etc/hosts/x", "", &err), -1);
    tree_fini(&tree);
}

/* A folder with a chain of links: lib -> usr/lib, usr/lib/x -> y -> /real, and a loop. */
static void folder_make(char *top)
{
    CHECK(mkdtemp(top));
    CHECK_EQ(chdir(top), 0);
    CHECK_EQ(mkdir("usr", 0755), 0);
    CHECK_EQ(mkdir("usr/lib", 0755), 0);
    CHECK_EQ(symlink("usr/lib", "lib"), 0);
    CHECK_EQ(symlink("y", "usr/lib/x"), 0);
    CHECK_EQ(symlink("/real", "usr/lib/y"), 0);
    CHECK_EQ(symlink("b", "a"), 0);
    CHECK_EQ(symlink("a", "b"), 0);
    fclose(fopen("real", "w"));
}

static void folder_remove(const char *top)
{
    static const char *const names[] = { "real", "b", "a", "usr/lib/y", "usr/lib/x", "lib" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unlink(names[i]);
    rmdir("usr/lib");
    rmdir("usr");
    rmdir(top);
}

TEST(tree, keeps_links_on_the_way_to_a_file)
{
    char top[] = "/tmp/tree_test_XXXXXX";
    char text[512] = "";
    char *real = NULL;

    folder_make(top);
    tree_init(&tree);
    CHECK_EQ(tree_add_host(&tree, top, "/lib/../lib/./x", &real, &err), 0);
    CHECK_EQ(strcmp(real, "/real"), 0);
    free(real);
    CHECK_EQ(tree_walk(&tree, join, text, &err), 0);
    CHECK_EQ(strcmp(text, "/lib /real /usr /usr/lib /usr/lib/x /usr/lib/y "), 0);
    CHECK_EQ(tree_find(&tree, "/usr/lib")->child_count, 2);
    CHECK(tree_find(&tree, "/lib/x") == tree_find(&tree, "/real"));
    CHECK_EQ(tree_find(&tree, "/real")->type, TREE_FILE);

    CHECK_EQ(tree_add_text(&tree, "/lib/new", "", &err), 0);
    CHECK(tree_find(&tree, "/usr/lib/new"));
    tree_fini(&tree);
    folder_remove(top);
}

TEST(tree, gives_up_on_links_in_a_circle_and_on_what_is_missing)
{
    char top[] = "/tmp/tree_test_XXXXXX";

    folder_make(top);
    tree_init(&tree);
    CHECK_EQ(tree_add_host(&tree, top, "/a", NULL, &err), -1);
    CHECK_EQ(tree_add_host(&tree, top, "/nothing", NULL, &err), -1);
    CHECK_EQ(tree_add_host(&tree, top, "/real/x", NULL, &err), -1);
    CHECK(!tree_find(&tree, "/a"));
    tree_fini(&tree);
    folder_remove(top);
}
