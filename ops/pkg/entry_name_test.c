/* SPDX-License-Identifier: Apache-2.0 */
/* Names in archives: which are good, and which lead elsewhere. */
#include "ops/pkg/entry_name.h"

#include "test/unit/unit.h"

#include <string.h>

TEST(entry_name, cleans_good_names_and_refuses_others)
{
    static const struct {
        const char *name;
        const char *clean; /* NULL: refused. */
    } cases[] = {
        { "a", "a" },     { "a/b", "a/b" }, { "./a", "a" },     { "a/./b//c/", "a/b/c" },
        { ".", "" },      { "./", "" },     { "", "" },         { "..a/b..", "..a/b.." },
        { "...", "..." }, { "/", NULL },    { "/a", NULL },     { "..", NULL },
        { "../a", NULL }, { "a/..", NULL }, { "a/../b", NULL }, { "./../a", NULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *clean;
        const char *wrong = entry_name_check(cases[i].name, &clean);

        CHECK_EQ(wrong == NULL, cases[i].clean != NULL);
        if (!wrong)
            CHECK_EQ(strcmp(clean, cases[i].clean), 0);
        free(clean);
    }
}

TEST(entry_name, has_limits_on_length_and_depth)
{
    char name[300];
    char *clean;

    memset(name, 'n', sizeof(name));
    name[256] = '\0';
    CHECK(entry_name_check(name, &clean) != NULL);
    free(clean);
    name[255] = '\0';
    CHECK(entry_name_check(name, &clean) == NULL);
    free(clean);
    for (size_t i = 0; i < 128; i++)
        name[i] = i % 2 ? '/' : 'd';
    name[128] = '\0';
    CHECK(entry_name_check(name, &clean) == NULL);
    free(clean);
    memcpy(name + 128, "d", 2);
    CHECK(entry_name_check(name, &clean) != NULL);
    free(clean);
}

TEST(entry_name, sees_links_that_climb_out)
{
    static const struct {
        const char *path;
        const char *target;
        bool climbs;
    } cases[] = {
        { "l", "a", false },           { "l", "/etc/passwd", false }, { "l", "..", true },
        { "l", "../a", true },         { "d/l", "..", false },        { "d/l", "../a", false },
        { "d/l", "../..", true },      { "d/l", "a/../../..", true }, { "l", "a/../b", false },
        { "d/e/l", "../../x", false }, { "l", "./../x", true },       { "l", "..a", false },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        CHECK_EQ(entry_link_climbs(cases[i].path, cases[i].target), cases[i].climbs);
}

TEST(entry_name, shows_no_control_letters)
{
    char *shown = entry_name_show("a\nb\033[2J\xff");

    CHECK_EQ(strcmp(shown, "a?b?[2J?"), 0);
    free(shown);
}
