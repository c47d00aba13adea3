/* SPDX-License-Identifier: Apache-2.0 */
/* config.json: what each key sets, and damage. */
#include "ops/config/config.h"

#include "host/err.h"
#include "host/strings.h"
#include "ops/cli/number.h"
#include "ops/cli/suggest.h"
#include "ops/config/ports.h"
#include "ops/config/settings.h"
#include "test/unit/unit.h"

#include <stdint.h>
#include <string.h>

static struct settings settings;
static struct err err;

static int parse(const char *text)
{
    return config_parse(&settings, text, strlen(text), "c.json", &err);
}

TEST(config, sets_what_each_key_says)
{
    settings_init(&settings);
    CHECK_EQ(parse("{\"Args\": [\"a\", \"\"], \"env\": {\"A\": \"b=c\"}, \"Files\": [\"f\"],"
                   "\"Dirs\": [\"d\"], \"MapDirs\": {\"h/*\": \"/g\"}, \"Limits\": {\"nofile\": 9},"
                   "\"RunConfig\": {\"Memory\": \"1G\", \"CPUs\": 2, \"Ports\": [80, \"90:91\"]},"
                   "\"ProgramPath\": \"/p\", \"TargetRoot\": \"/r\", \"Tmpfs\": [\"/t\"]}"),
             0);
    CHECK_EQ(settings.args.count, 2);
    CHECK_EQ(strcmp(settings.envs.items[0], "A=b=c"), 0);
    CHECK_EQ(strcmp(settings.maps.items[1], "/g"), 0);
    CHECK_EQ(strcmp(settings.limits.items[0], "nofile 9"), 0);
    CHECK_EQ(settings.memory_mib, 1024);
    CHECK_EQ(settings.cpus, 2);
    CHECK_EQ(settings.ports.count, 2);
    CHECK_EQ(settings.ports.items[1].guest, 91);
    CHECK_EQ(strcmp(settings.program, "/p"), 0);
    settings_fini(&settings);
}

TEST(config, names_what_is_wrong)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        { "{\"Fils\": []}", "c.json: unknown key \"Fils\"; did you mean \"Files\"?" },
        { "{\"Args\": [1]}", "c.json: \"Args\": entry 1: not a string" },
        { "{\"Args\": [\"a\\u0000\"]}", "c.json:1:" },
        { "{\"RunConfig\": {\"CPUs\": -1}}", "c.json: \"RunConfig\": \"CPUs\": not a number" },
        { "{\"Uefi\": false}", "c.json: \"Uefi\": this key of OPS is not supported yet" },
        { "{\"Env\": {\"A=B\": \"\"}}", "c.json: \"Env\": \"A=B\" cannot be the name" },
        { "{\"MapDirs\": {\"a\": \"b\"}}", "c.json: \"MapDirs\": \"b\" is not an absolute path" },
        { "{\"Kernel\": \"\"}", "c.json: \"Kernel\": an empty string" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        settings_init(&settings);
        CHECK_EQ(parse(cases[i].text), -1);
        CHECK_EQ(strncmp(err.text, cases[i].says, strlen(cases[i].says)), 0);
        settings_fini(&settings);
    }
}

TEST(config, survives_damage)
{
    static const char good[] = "{\"Args\": [\"a\"], \"RunConfig\": {\"Ports\": [\"80\"]}}";
    char text[sizeof(good)];

    for (size_t i = 0; i < sizeof(good) - 1; i++) {
        for (int damage = 0; damage < 256; damage += 3) {
            memcpy(text, good, sizeof(good));
            text[i] = (char)damage;
            settings_init(&settings);
            (void)config_parse(&settings, text, sizeof(good) - 1, "c", &err);
            settings_fini(&settings);
        }
    }
}

TEST(settings, read_sizes)
{
    static const struct {
        const char *text;
        long long mib; /* -1: refused. */
    } cases[] = {
        { "128M", 128 }, { "128", 128 }, { "1G", 1024 }, { "1GiB", 1024 },
        { "2048k", 2 },  { "64mb", 64 }, { "1k", -1 },   { "", -1 },
        { "M", -1 },     { "-1", -1 },   { "1T", -1 },   { "1Gx", -1 },
        { "1.5G", -1 },  { "0", 0 },     { " 1", -1 },   { "99999999999999999999", -1 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t mib = 77;

        CHECK_EQ(number_parse_mib(&mib, cases[i].text, &err), cases[i].mib < 0 ? -1 : 0);
        CHECK_EQ(mib, cases[i].mib < 0 ? 77 : cases[i].mib);
    }
}

TEST(suggest, counts_what_has_to_change)
{
    static const struct {
        const char *a;
        const char *b;
        size_t distance;
    } cases[] = {
        { "Args", "args", 0 },  { "Argz", "Args", 1 }, { "Memroy", "Memory", 1 },  { "", "abc", 3 },
        { "Fils", "Files", 1 }, { "abc", "", 3 },      { "kitten", "sitting", 3 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        CHECK_EQ(suggest_distance(cases[i].a, cases[i].b), cases[i].distance);
}
