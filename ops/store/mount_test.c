/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/store/mount.h"

#include "host/err.h"
#include "host/strings.h"
#include "ops/config/settings.h"
#include "ops/vm/launch.h"
#include "test/unit/unit.h"

#include <string.h>

TEST(mount, is_parsed)
{
    static const struct {
        const char *text;
        const char *source;
        const char *path;
        bool is_read_only;
    } cases[] = {
        { "data:/srv", "LABEL=data", "/srv", false },
        { "data:/srv:ro", "LABEL=data", "/srv", true },
        { "data:/srv:rw", "LABEL=data", "/srv", false },
        { "LABEL=my data:/srv", "LABEL=my data", "/srv", false },
        { "UUID=904afadd-1b64-4ece-b2c7-aaf079202584:/v",
          "UUID=904afadd-1b64-4ece-b2c7-aaf079202584", "/v", false },
        { "%12:/data", "%12", "/data", false },
        { "data:/my data", "LABEL=data", "/my data", false },
        { "/tmp:/host:ro", "9p=share7", "/host", true },
        { "a-name-longer-than-16-letters:/d", "LABEL=a-name-longer-th", "/d", false },
    };

    CHECK_EQ(setenv("OPS_HOME", "/nonexistent", 1), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err err = { 0 };
        struct mount mount;

        CHECK_EQ(mount_parse(&mount, cases[i].text, 7, &err), 0);
        CHECK_EQ(strcmp(mount.source, cases[i].source), 0);
        CHECK_EQ(strcmp(mount.path, cases[i].path), 0);
        CHECK_EQ(mount.is_read_only, cases[i].is_read_only);
        CHECK(!mount.volume);
        mount_fini(&mount);
    }
}

TEST(mount, is_refused)
{
    static const char *const bad[] = {
        "",
        "data",
        ":/srv",
        "data:srv",
        "data:/srv:no",
        "data:/",
        "%:/srv",
        "%x:/srv",
        "/no/such/f:/x",
        "bad name:/x",
        "-x:/srv",
        "/dev/null:/x",
        "data:/srv\nprogram /x",
        "data:/a\\nb",
        "data:/srv ro",
        "LABEL=a /b:/srv",
    };

    CHECK_EQ(setenv("OPS_HOME", "/nonexistent", 1), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct err err = { 0 };
        struct mount mount;

        CHECK_EQ(mount_parse(&mount, bad[i], 0, &err), -1);
        CHECK(err.text[0] != '\0');
        mount_fini(&mount);
    }
}

TEST(mount, wants_its_volume_only_at_launch)
{
    struct settings settings;
    struct launch launch = { 0 };
    struct strings lines = { 0 };
    struct err err = { 0 };

    CHECK_EQ(setenv("OPS_HOME", "/nonexistent", 1), 0);
    settings_init(&settings);
    strings_add(&settings.mounts, "%0:/disk:ro");
    CHECK_EQ(mounts_attach(&launch, &settings, &err), 0);
    CHECK_EQ(launch.volume_count, 0);
    strings_add(&settings.mounts, "data:/srv");
    CHECK_EQ(mounts_lines(&lines, &settings, &err), 0);
    CHECK_EQ(lines.count, 2);
    CHECK_EQ(strcmp(lines.items[0], "mount %0 /disk ro"), 0);
    CHECK_EQ(strcmp(lines.items[1], "mount LABEL=data /srv"), 0);
    CHECK_EQ(mounts_attach(&launch, &settings, &err), -1);
    CHECK(strstr(err.text, "'data:/srv'"));
    strings_fini(&lines);
    launch_fini(&launch);
    settings_fini(&settings);
}
