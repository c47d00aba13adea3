/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/store/cache.h"

#include "host/err.h"
#include "host/file.h"
#include "ops/image/tree.h"
#include "ops/store/key.h"
#include "test/unit/unit.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/cache-test-XXXXXX";

static void text_write(const char *name, const char *text)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    CHECK(fd >= 0);
    CHECK_EQ(file_write_at(fd, text, strlen(text), 0), 0);
    close(fd);
}

/* A folder with a kernel and a file in it, and a tree with that file. */
static void place_make(struct tree *tree, struct image_spec *spec)
{
    struct err err = { 0 };

    CHECK(mkdtemp(folder));
    CHECK_EQ(chdir(folder), 0);
    CHECK_EQ(setenv("OPS_HOME", folder, 1), 0);
    text_write("kernel", "kernel");
    text_write("file", "one");
    tree_init(tree);
    CHECK_EQ(tree_add_file(tree, "/etc/file", "file", &err), 0);
    *spec = (struct image_spec){ .kernel = "kernel", .tree = tree };
}

static void place_remove(struct tree *tree)
{
    tree_fini(tree);
    CHECK_EQ(chdir("/"), 0);
    /* What is below was removed by the test. */
    dir_remove(folder);
}

static void image_remove(const struct cache_image *image)
{
    CHECK_EQ(unlink(image->path), 0);
    CHECK_EQ(rmdir("cache/images"), 0);
    CHECK_EQ(rmdir("cache"), 0);
}

TEST(cache, builds_once)
{
    struct cache_image first;
    struct cache_image second;
    struct err err = { 0 };
    struct image_spec spec;
    struct tree tree;

    place_make(&tree, &spec);
    CHECK_EQ(cache_image_get(&first, &spec, &err), 0);
    CHECK(first.is_new);
    CHECK_EQ(cache_image_get(&second, &spec, &err), 0);
    CHECK(!second.is_new);
    CHECK(strcmp(first.path, second.path) == 0);
    image_remove(&first);
    cache_image_put(&first);
    cache_image_put(&second);
    cache_image_put(&second);
    place_remove(&tree);
}

TEST(cache, tells_inputs_apart)
{
    char keys[5][KEY_SIZE];
    struct err err = { 0 };
    struct image_spec spec;
    struct tree tree;

    place_make(&tree, &spec);
    CHECK_EQ(key_make(keys[0], &spec, true, &err), 0);
    CHECK_EQ(key_make(keys[1], &spec, true, &err), 0);
    CHECK(strcmp(keys[0], keys[1]) == 0);

    text_write("file", "two"); /* As long as before. */
    CHECK_EQ(key_make(keys[1], &spec, true, &err), 0);
    text_write("kernel", "KERNEL");
    CHECK_EQ(key_make(keys[2], &spec, true, &err), 0);
    spec.root_size_min = 1;
    CHECK_EQ(key_make(keys[3], &spec, true, &err), 0);
    CHECK_EQ(tree_add_text(&tree, "/etc/more", "", &err), 0);
    CHECK_EQ(key_make(keys[4], &spec, true, &err), 0);
    for (int i = 1; i < 5; i++)
        CHECK(strcmp(keys[i - 1], keys[i]) != 0);
    place_remove(&tree);
}

TEST(cache, says_which_file_went_away)
{
    struct cache_image image;
    struct err err = { 0 };
    struct image_spec spec;
    struct tree tree;

    place_make(&tree, &spec);
    CHECK_EQ(unlink("file"), 0);
    CHECK_EQ(cache_image_get(&image, &spec, &err), -1);
    CHECK(strstr(err.text, "'file'"));
    CHECK_EQ(rmdir("cache/images"), 0);
    CHECK_EQ(rmdir("cache"), 0);
    place_remove(&tree);
}
