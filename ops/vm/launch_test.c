/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/vm/launch.h"

#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "ops/config/settings.h"
#include "ops/state/state.h"
#include "test/unit/unit.h"

#include <string.h>
#include <sys/stat.h>

static char *folder_make(void)
{
    char *folder = xstrdup("/tmp/ops-launch-XXXXXX");

    CHECK(mkdtemp(folder));
    CHECK_EQ(setenv("OPS_HOME", folder, 1), 0);
    return folder;
}

static void folder_remove(char *folder)
{
    struct err err = { 0 };

    CHECK_EQ(state_remove(folder, &err), 0);
    free(folder);
}

static void launch_fill(struct launch *launch)
{
    struct settings settings;
    struct err err = { 0 };

    settings_init(&settings);
    CHECK_EQ(ports_parse(&settings.ports, "8080:80", &err), 0);
    CHECK_EQ(ports_parse(&settings.udp_ports, "53", &err), 0);
    settings_set(&settings.append, "a b");
    launch_set(launch, &settings, "/k", "/d");
    settings_fini(&settings);
}

TEST(launch, is_the_same_after_json)
{
    struct launch launch = { .kernel = NULL };
    struct launch again = { .kernel = NULL };
    struct err err = { 0 };
    json_t *json;
    json_t *second;
    char *ports;

    launch_fill(&launch);
    launch_add_volume(&launch, "/v", true);
    launch_add_line(&launch, "env", "A=1");
    strings_add(&launch.secrets, "key");
    json = launch_json(&launch);
    CHECK_EQ(launch_parse(&again, json, &err), 0);
    second = launch_json(&again);
    CHECK(json_equal(json, second));
    ports = launch_ports_text(&again);
    CHECK_EQ(strcmp(ports, "8080->80/tcp, 53->53/udp"), 0);
    free(ports);
    json_decref(json);
    json_decref(second);
    launch_fini(&launch);
    launch_fini(&again);
}

TEST(launch, is_no_json_when_a_text_would_be_lost)
{
    struct launch launch = { .kernel = NULL };

    launch_fill(&launch);
    launch_add_line(&launch, "env", "A=\xff");
    CHECK(!launch_json(&launch));
    launch_fini(&launch);
    launch_fill(&launch);
    launch_add_volume(&launch, "/v\xfe", false);
    CHECK(!launch_json(&launch));
    launch_fini(&launch);
}

TEST(launch, names_what_is_wrong_in_json)
{
    static const struct {
        const char *key;
        const char *value;
    } cases[] = {
        { "kernel", "5" },     { "disk", "null" },
        { "memory_mib", "0" }, { "memory_mib", "99999999999" },
        { "cpus", "\"1\"" },   { "ports", "{}" },
        { "ports", "[1]" },    { "ports", "[{\"host\": 70000, \"guest\": 1}]" },
        { "volumes", "[{}]" }, { "overlay", "[1]" },
        { "secrets", "7" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct launch launch = { .kernel = NULL };
        struct launch again = { .kernel = NULL };
        struct err err = { 0 };
        json_t *json;

        launch_fill(&launch);
        json = launch_json(&launch);
        json_object_set_new(json, cases[i].key, json_loads(cases[i].value, JSON_DECODE_ANY, NULL));
        CHECK_EQ(launch_parse(&again, json, &err), -1);
        CHECK(strstr(err.text, cases[i].key));
        json_decref(json);
        launch_fini(&launch);
        launch_fini(&again);
    }
}

TEST(launch, keeps_secrets_and_overlay_for_the_owner_alone)
{
    struct launch launch = { .kernel = NULL };
    struct err err = { 0 };
    char *folder = folder_make();
    char *source = xasprintf("%s/source", folder);
    char *secret = launch_secret_file(folder, "key");
    char *overlay = launch_overlay_file(folder);
    struct stat st;
    char *text;

    CHECK_EQ(state_write(source, "s3cret", &err), 0);
    CHECK_EQ(launch_add_secret(&launch, folder, "key", source, &err), 0);
    CHECK_EQ(launch_add_secret(&launch, folder, "key", source, &err), -1);
    CHECK_EQ(launch_add_secret(&launch, folder, "../key", source, &err), -1);
    CHECK_EQ(launch_add_secret(&launch, folder, "other", folder, &err), -1);
    CHECK_EQ(launch.secrets.count, 1);
    CHECK_EQ(stat(secret, &st), 0);
    CHECK_EQ(st.st_mode & 0777, 0600);
    launch_add_line(&launch, "env", "A=x\\y");
    launch_add_line(&launch, "trace", "on");
    CHECK_EQ(launch_write_overlay(&launch, folder, &err), 0);
    CHECK_EQ(stat(overlay, &st), 0);
    CHECK_EQ(st.st_mode & 0777, 0600);
    text = file_read_text(overlay, 1000);
    CHECK_EQ(strcmp(text, "env A=x\\\\y\ntrace on\n"), 0);
    free(text);
    free(source);
    free(secret);
    free(overlay);
    launch_fini(&launch);
    folder_remove(folder);
}
