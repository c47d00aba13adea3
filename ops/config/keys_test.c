/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keys: whole, true to what it says, and found by its names. */
#include "ops/config/keys.h"

#include "host/err.h"
#include "host/strings.h"
#include "ops/config/config.h"
#include "ops/config/keys_doc.h"
#include "ops/config/settings.h"
#include "test/unit/unit.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static bool is_value(const struct key *key)
{
    return key->kind != KEY_OBJECT && key->kind != KEY_OBJECTS && key->kind != KEY_FOREIGN &&
           key->kind != KEY_REFUSED;
}

static int parse(struct settings *settings, const char *text, struct err *err)
{
    return config_parse(settings, text, strlen(text), "c.json", err);
}

TEST(keys, have_all_that_is_told_of_them)
{
    const struct key *key;
    struct key_walk walk;
    size_t count = 0;

    key_walk_init(&walk);
    while ((key = key_walk_next(&walk))) {
        bool has_instead = key->kind == KEY_REFUSED || key->kind == KEY_FOREIGN;
        char full[KEY_PATH_MAX];

        if (!key->about || is_value(key) != (key->example != NULL) ||
            has_instead != (key->instead != NULL))
            fprintf(stderr, "%s\n", walk.path);
        CHECK(key->about && key->about[strlen(key->about) - 1] == '.');
        CHECK_EQ(key->example != NULL, is_value(key));
        CHECK_EQ(key->instead != NULL, has_instead);
        CHECK_EQ(key->keys != NULL, key->kind == KEY_OBJECT || key->kind == KEY_OBJECTS);
        CHECK_EQ(key->size != 0, key->kind == KEY_OBJECTS);
        CHECK(key_find_path(walk.path, full) == key);
        CHECK_EQ(strcmp(full, walk.path), 0);
        count++;
    }
    CHECK(count > 120);
}

TEST(keys, take_their_own_examples_and_give_them_back)
{
    const struct key *key;
    struct key_walk walk;

    key_walk_init(&walk);
    while ((key = key_walk_next(&walk))) {
        struct settings settings;
        struct err err = { 0 };
        char *text;

        if (!is_value(key))
            continue;
        text = key_example(walk.path, key->example);
        settings_init(&settings);
        if (parse(&settings, text, &err) < 0)
            fprintf(stderr, "%s: %s\n", text, err.text);
        CHECK_EQ(err.text[0], '\0');
        CHECK_EQ(settings.notes.count, 0);
        settings_fini(&settings); /* What it forgets, the leak checker finds. */
        free(text);
    }
}

TEST(keys, that_are_refused_take_what_asks_for_nothing)
{
    const struct key *key;
    struct key_walk walk;

    key_walk_init(&walk);
    while ((key = key_walk_next(&walk))) {
        struct settings settings;
        struct err err = { 0 };
        char *text;

        if (key->kind != KEY_REFUSED)
            continue;
        settings_init(&settings);
        text = key_example(walk.path, "false");
        CHECK_EQ(parse(&settings, text, &err), 0);
        free(text);
        text = key_example(walk.path, "[\"x\"]");
        CHECK_EQ(parse(&settings, text, &err), -1);
        CHECK(strstr(err.text, "not supported\nhint: "));
        free(text);
        settings_fini(&settings);
    }
}

TEST(keys, are_found_by_path_and_by_a_name_that_is_there_once)
{
    char full[KEY_PATH_MAX];

    CHECK(key_find_path("runconfig.memory", full));
    CHECK_EQ(strcmp(full, "RunConfig.Memory"), 0);
    CHECK(key_find_path("memory", full));
    CHECK_EQ(strcmp(full, "RunConfig.Memory"), 0);
    CHECK(key_find_path("Kernel", full) == key_find(keys_top, "Kernel"));
    CHECK(!key_find_path("Gateway", full)); /* Of the machine, or of one of its networks? */
    CHECK(!key_find_path("", full));
    CHECK(!key_find_path("RunConfig.", full));
}

TEST(keys, suggest_the_nearest_of_all)
{
    static const struct {
        const char *name;
        const char *nearest; /* NULL: none. */
    } cases[] = {
        { "Argz", "Args" },
        { "memory", "RunConfig.Memory" },
        { "RunConfig.Memroy", "RunConfig.Memory" },
        { "zone", "CloudConfig.Zone" },
        { "q", NULL },
        { "", NULL },
        { "NothingLikeThatAnywhere", NULL },
    };
    char path[KEY_PATH_MAX];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool found = key_suggest(keys_top, cases[i].name, path);

        CHECK_EQ(found, cases[i].nearest != NULL);
        if (found)
            CHECK_EQ(strcmp(path, cases[i].nearest), 0);
    }
}
