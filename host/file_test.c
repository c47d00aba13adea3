/* SPDX-License-Identifier: Apache-2.0 */
#include "host/file.h"

#include "host/err.h"
#include "test/unit/unit.h"

#include <string.h>
#include <unistd.h>

TEST(file, normalizes_paths_by_their_text)
{
    static const struct {
        const char *base;
        const char *path;
        const char *normal;
    } cases[] = {
        { "/a/b", "c", "/a/b/c" },         { "/a/b", "/c", "/c" },    { "/a/b", "../c", "/a/c" },
        { "/a", "../../../c", "/c" },      { "/", ".", "/" },         { "/a", "", "/a" },
        { "/", "//x///y/./z/", "/x/y/z" }, { "/a", "...", "/a/..." },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *normal = path_normalize(cases[i].base, cases[i].path);

        CHECK_EQ(strcmp(normal, cases[i].normal), 0);
        free(normal);
    }
}

TEST(file, splits_paths)
{
    char *dir = path_dir("/a/b");
    char *root = path_dir("/a");

    CHECK_EQ(strcmp(dir, "/a"), 0);
    CHECK_EQ(strcmp(root, "/"), 0);
    CHECK_EQ(strcmp(path_base("/a/b"), "b"), 0);
    CHECK_EQ(strcmp(path_base("b"), "b"), 0);
    free(dir);
    free(root);
}

TEST(file, maps_what_is_a_file_and_nothing_else)
{
    struct file_map map;
    struct err err = { 0 };

    CHECK_EQ(file_map_open(&map, "/nowhere", &err), -1);
    CHECK_EQ(strcmp(err.text, "No such file or directory"), 0);
    CHECK_EQ(file_map_open(&map, "/", &err), -1);
    CHECK_EQ(strcmp(err.text, "it is a directory"), 0);
    CHECK_EQ(file_map_open(&map, "/dev/null", &err), -1);
    CHECK_EQ(file_map_open(&map, __FILE__, &err), 0);
    CHECK(map.size > 100);
    file_map_close(&map);
}

TEST(file, reads_no_more_text_than_it_was_told)
{
    char *text = file_read_text(__FILE__, 1 << 20);

    CHECK(text);
    CHECK(strstr(text, "reads_no_more_text"));
    free(text);
    CHECK(!file_read_text(__FILE__, 10));
}

TEST(file, makes_directories_down_to_the_last)
{
    char top[] = "/tmp/file_test_XXXXXX";
    char path[64];
    struct err err = { 0 };

    CHECK(mkdtemp(top));
    snprintf(path, sizeof(path), "%s/a", top);
    CHECK_EQ(dir_create(path, &err), 0);
    CHECK_EQ(dir_create(path, &err), 0);
    dir_remove(path);
    dir_remove(top);
    CHECK_EQ(access(top, F_OK), -1);
}
