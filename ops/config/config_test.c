/* SPDX-License-Identifier: Apache-2.0 */
/* config.json: what each key sets, and damage. */
#include "ops/config/config.h"

#include "host/err.h"
#include "host/strings.h"
#include "ops/cli/number.h"
#include "ops/cli/suggest.h"
#include "ops/config/cloud.h"
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
        { "{\"Fils\": []}", "c.json:1: unknown key \"Fils\"; did you mean \"Files\"?" },
        { "{\n\"RunConfig\": {\n\"Memry\": 1}}",
          "c.json:3: \"RunConfig\": unknown key \"Memry\"; did you mean \"Memory\"?" },
        { "{\"CPU\": 1}", "c.json:1: unknown key \"CPU\"; did you mean \"RunConfig.CPUs\"?" },
        { "{\"Xyzzyx\": 1}", "c.json:1: unknown key \"Xyzzyx\"\nhint: `ops explain`" },
        { "{\"Args\": [\"a\",\n1]}", "c.json:2: \"Args\": entry 2: not a text in quotes" },
        { "{\"Args\": [\"a\\u0000\"]}", "c.json:1:" },
        { "{\"Args\": 1,}", "c.json:1:" },
        { "[]", "c.json:1: not an object" },
        { "{\"RunConfig\": {\"CPUs\": -1}}", "c.json:1: \"RunConfig\": \"CPUs\": not a number" },
        { "{\"Uefi\": true}", "c.json:1: \"Uefi\": not supported\nhint: there is no UEFI" },
        { "{\"Env\": {\"A\": \"\",\n\"A=B\": \"\"}}",
          "c.json:2: \"Env\": \"A=B\" cannot be the name" },
        { "{\"MapDirs\": {\"a\": \"b\"}}", "c.json:1: \"MapDirs\": \"b\" is not an absolute path" },
        { "{\"Kernel\": \"\"}", "c.json:1: \"Kernel\": an empty text" },
        { "{\"Mounts\": {\"v\": \"p\"}}", "c.json:1: \"Mounts\": \"p\" is not an absolute path" },
        { "{\"Mounts\": {\"\": \"/p\"}}", "c.json:1: \"Mounts\": a volume without a name" },
        { "{\"NameServers\": [\"1.2.3\"]}",
          "c.json:1: \"NameServers\": entry 1: '1.2.3' is not an IPv4 address" },
        { "{\"NameServers\": [\"1.1.1.1\", \"1.1.1.2\", \"1.1.1.3\", \"1.1.1.4\"]}",
          "c.json:1: \"NameServers\": more than 3" },
        { "{\"RunConfig\": {\"GdbPort\": 65536}}",
          "c.json:1: \"RunConfig\": \"GdbPort\": more than 65535" },
        { "{\"RunConfig\": {\"Nics\": [{}, {\n\"Gatway\": 1}]}}",
          "c.json:2: \"RunConfig\": \"Nics\": entry 2: unknown key \"Gatway\"; did you mean "
          "\"Gateway\"?" },
        { "{\"Log\": \"loud\"}", "c.json:1: \"Log\": 'loud' is none of" },
        { "{\"Debugflags\": [\"trace\", \"fault\"]}",
          "c.json:1: \"Debugflags\": entry 2: 'fault' is not supported" },
        { "{\"ManifestPassthrough\": {\"noaslr\": true}}",
          "c.json:1: \"ManifestPassthrough\": \"noaslr\": not supported" },
        { "{\"CloudConfig\": {\"RootVolume\": {\"size\": \"1M\"}}}",
          "c.json:1: \"CloudConfig\": \"RootVolume\": \"size\": not a whole number of GiB" },
        { "{\"TargetConfig\": []}", "c.json:1: \"TargetConfig\": not an object" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        settings_init(&settings);
        CHECK_EQ(parse(cases[i].text), -1);
        if (strncmp(err.text, cases[i].says, strlen(cases[i].says)) != 0)
            fprintf(stderr, "%s\n", err.text);
        CHECK_EQ(strncmp(err.text, cases[i].says, strlen(cases[i].says)), 0);
        settings_fini(&settings);
    }
}

TEST(config, keeps_what_is_for_networks_and_clouds)
{
    settings_init(&settings);
    CHECK_EQ(parse("{\"Mounts\": {\"data\": \"/d:ro\"}, \"ManifestPassthrough\": {\"en1\": "
                   "{\"ipaddr\": \"10.0.0.2\", \"mtu\": 1400}, \"coredumplimit\": \"1M\"},"
                   "\"RunConfig\": {\"Accel\": false, \"Nics\": [{\"Gateway\": \"10.0.0.1\"}]},"
                   "\"CloudConfig\": {\"Tags\": [{\"key\": \"a\", \"attribute\": "
                   "{\"image_label\": true}}], \"RootVolume\": {\"size\": \"2G\"}},"
                   "\"TargetConfig\": {\"Cores\": \"2\"}}"),
             0);
    CHECK_EQ(strcmp(settings.mounts.items[0], "data:/d:ro"), 0);
    CHECK_EQ(strcmp(settings.ip_address, "10.0.0.2"), 0);
    CHECK_EQ(settings.mtu, 1400);
    CHECK_EQ(strcmp(settings.limits.items[0], "core 1048576"), 0);
    CHECK_EQ(strcmp(settings.accel, "tcg"), 0);
    CHECK_EQ(settings.nics.count, 1);
    CHECK_EQ(strcmp(settings.nics.items[0].gateway, "10.0.0.1"), 0);
    CHECK_EQ(settings.cloud.tags.count, 1);
    CHECK(settings.cloud.tags.items[0].on_image);
    CHECK_EQ(settings.cloud.root_volume.size_gib, 2);
    CHECK_EQ(strcmp(settings.cloud.target, "{\"Cores\":\"2\"}"), 0);
    settings_fini(&settings);
}

TEST(config, says_which_keys_have_no_meaning)
{
    settings_init(&settings);
    CHECK_EQ(parse("{\"NanosVersion\": \"0.1.50\", \"TFSv4\": false, \"Klibs\": []}"), 0);
    CHECK_EQ(settings.notes.count, 1);
    CHECK_EQ(strncmp(settings.notes.items[0], "c.json: \"NanosVersion\" has no meaning here: ", 41),
             0);
    settings_fini(&settings);
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
