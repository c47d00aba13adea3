/* SPDX-License-Identifier: Apache-2.0 */
/* What a manifest means, both ways, and what the kernel says to one that means nothing. */
#include "lib/manifest/manifest.h"

#include "lib/base/types.h"
#include "test/unit/unit.h"

#include <string.h>

static struct manifest manifest;
static struct manifest_error error;

/* A copy that ends where ASan is watching. Manifests point into it, so it stays: see `copies`. */
struct copy {
    struct copy *next;
    char text[];
};

static struct copy *copies;

static char *exact_copy(const char *text, size_t size)
{
    struct copy *copy = malloc(sizeof(*copy) + size);

    memcpy(copy->text, text, size);
    copy->next = copies;
    copies = copy;
    return copy->text;
}

static bool parse(const char *text)
{
    manifest_init(&manifest);
    return manifest_parse(&manifest, exact_copy(text, strlen(text)), strlen(text), &error);
}

static bool overlay(const char *text)
{
    return manifest_overlay(&manifest, exact_copy(text, strlen(text)), strlen(text), &error);
}

static const char full[] = "program /usr/bin/redis-server\n"
                           "arg redis-server\n"
                           "arg --save\n"
                           "arg \n"
                           "arg two\\nlines and a \\\\\n"
                           "env PATH=/bin\n"
                           "env EMPTY=\n"
                           "env A=b=c\n"
                           "cwd /srv\n"
                           "hostname box\n"
                           "user 1000:4294967294\n"
                           "tmpfs /tmp\n"
                           "tmpfs /run\n"
                           "mount LABEL=my data /data ro\n"
                           "mount UUID=00112233-4455-6677-8899-aabbccddeeff /srv/db\n"
                           "mount %1 /with a space\n"
                           "mount 9p=host /host ro\n"
                           "network static\n"
                           "ip 10.0.2.15/24\n"
                           "gateway 10.0.2.2\n"
                           "dns 10.0.2.3\n"
                           "dns 255.255.255.255\n"
                           "mtu 1460\n"
                           "crash restart\n"
                           "exit hold\n"
                           "restart-pause 0\n"
                           "limit stack unlimited\n"
                           "limit nofile 1024\n"
                           "trace on\n"
                           "notrace read write\n"
                           "notrace futex\n"
                           "syscall-summary on\n"
                           "trace-files on\n"
                           "log debug\n";

static void check_mount(u32 index, enum manifest_source source, const char *name, const char *path,
                        bool read_only)
{
    const struct manifest_mount *mount = &manifest.mounts[index];

    CHECK_EQ(mount->source, source);
    CHECK_EQ(mount->name_len, strlen(name));
    CHECK(mount->name_len == 0 || memcmp(mount->name, name, mount->name_len) == 0);
    CHECK_EQ(mount->path_len, strlen(path));
    CHECK_EQ(memcmp(mount->path, path, mount->path_len), 0);
    CHECK_EQ(mount->read_only, read_only);
}

TEST(manifest, parses_every_key)
{
    CHECK(parse(full));
    CHECK(manifest_finish(&manifest, &error));
    CHECK_EQ(strcmp(manifest.program, "/usr/bin/redis-server"), 0);
    CHECK_EQ(manifest.arg_count, 4);
    CHECK_EQ(strcmp(manifest.args[2], ""), 0);
    CHECK_EQ(strcmp(manifest.args[3], "two\nlines and a \\"), 0);
    CHECK_EQ(manifest.env_count, 3);
    CHECK_EQ(strcmp(manifest.envs[2], "A=b=c"), 0);
    CHECK_EQ(strcmp(manifest.cwd, "/srv"), 0);
    CHECK_EQ(strcmp(manifest.hostname, "box"), 0);
    CHECK_EQ(manifest.uid, 1000);
    CHECK_EQ(manifest.gid, 4294967294);
    CHECK_EQ(manifest.tmpfs_count, 2);
    CHECK_EQ(manifest.mount_count, 4);
    check_mount(0, MANIFEST_SOURCE_LABEL, "my data", "/data", true);
    check_mount(1, MANIFEST_SOURCE_UUID, "", "/srv/db", false);
    CHECK_EQ(manifest.mounts[1].uuid[0], 0);
    CHECK_EQ(manifest.mounts[1].uuid[15], 0xff);
    check_mount(2, MANIFEST_SOURCE_INDEX, "", "/with a space", false);
    CHECK_EQ(manifest.mounts[2].index, 1);
    check_mount(3, MANIFEST_SOURCE_9P, "host", "/host", true);
    CHECK_EQ(manifest.network, MANIFEST_NETWORK_STATIC);
    CHECK_EQ(manifest.ip, 0x0a00020f);
    CHECK_EQ(manifest.prefix_len, 24);
    CHECK_EQ(manifest.gateway, 0x0a000202);
    CHECK_EQ(manifest.dns_count, 2);
    CHECK_EQ(manifest.dns[1], 0xffffffff);
    CHECK_EQ(manifest.mtu, 1460);
    CHECK_EQ(manifest.crash, MANIFEST_END_RESTART);
    CHECK_EQ(manifest.exit, MANIFEST_END_HOLD);
    CHECK_EQ(manifest.restart_pause_ms, 0);
    CHECK_EQ(manifest.limits_set, 1u << 3 | 1u << 7);
    CHECK_EQ(manifest.limits[3], MANIFEST_UNLIMITED);
    CHECK_EQ(manifest.limits[7], 1024);
    CHECK(manifest.trace);
    CHECK_EQ(manifest.notrace_count, 2);
    CHECK_EQ(strcmp(manifest.notrace[0], "read write"), 0);
    CHECK(manifest.syscall_summary);
    CHECK(manifest.trace_files);
    CHECK_EQ(manifest.log, MANIFEST_LOG_DEBUG);
}

TEST(manifest, emits_what_it_parsed)
{
    char text[2048];
    size_t len;

    CHECK(parse(full));
    len = manifest_emit(&manifest, text, sizeof(text));
    CHECK_EQ(len, strlen(full));
    CHECK_EQ(memcmp(text, full, len), 0);
}

TEST(manifest, says_how_much_room_emitting_takes)
{
    char text[8];

    CHECK(parse(full));
    CHECK_EQ(manifest_emit(&manifest, NULL, 0), strlen(full));
    memset(text, '#', sizeof(text));
    CHECK_EQ(manifest_emit(&manifest, text, 7), strlen(full));
    CHECK_EQ(memcmp(text, "program#", 8), 0);
}

TEST(manifest, reads_comments_blank_lines_and_a_last_line_without_end)
{
    CHECK(parse("# what\n\nprogram /a\n#arg x\narg"));
    CHECK(manifest_finish(&manifest, &error));
    CHECK_EQ(manifest.arg_count, 1);
    CHECK_EQ(strcmp(manifest.args[0], ""), 0);
}

TEST(manifest, gives_a_program_its_own_name_when_nobody_says_otherwise)
{
    CHECK(parse("program /a"));
    CHECK(manifest_finish(&manifest, &error));
    CHECK_EQ(manifest.arg_count, 1);
    CHECK_EQ(strcmp(manifest.args[0], "/a"), 0);
    CHECK_EQ(strcmp(manifest.cwd, "/"), 0);
}

TEST(manifest, keeps_the_last_value_of_a_variable)
{
    CHECK(parse("env A=1\nenv AB=2\nenv A=3\n"));
    CHECK_EQ(manifest.env_count, 2);
    CHECK_EQ(strcmp(manifest.envs[0], "A=3"), 0);
}

TEST(manifest, names_the_line_and_the_fault)
{
    static const struct {
        const char *text;
        u32 line;
        const char *what;
        const char *word;
    } cases[] = {
        { "program /a\n\nprogran /b\n", 3, "unknown key", "progran" },
        { " program /a\n", 1, "unknown key", "" },
        { "program\n", 1, "no value for", "program" },
        { "program \n", 1, "no value for", "program" },
        { "program a\n", 1, "the path is not absolute", "a" },
        { "cwd \\x\n", 1, "an unknown escape in", "cwd" },
        { "cwd /\\", 1, "an unknown escape in", "cwd" },
        { "env A\n", 1, "not NAME=VALUE", "A" },
        { "env =A\n", 1, "not NAME=VALUE", "=A" },
        { "network wifi\n", 1, "not dhcp, static or none", "wifi" },
        { "network dhcpx\n", 1, "not dhcp, static or none", "dhcpx" },
        { "network dhc\n", 1, "not dhcp, static or none", "dhc" },
        { "ip 10.0.2.15\n", 1, "not A.B.C.D/LEN", "10.0.2.15" },
        { "ip 10.0.2.15/33\n", 1, "not A.B.C.D/LEN", "10.0.2.15/33" },
        { "gateway 10.0.2.256\n", 1, "not A.B.C.D", "10.0.2.256" },
        { "gateway 10.0.2\n", 1, "not A.B.C.D", "10.0.2" },
        { "dns 1.2.3.4.5\n", 1, "not A.B.C.D", "1.2.3.4.5" },
        { "dns 1.1.1.1\ndns 1.1.1.1\ndns 1.1.1.1\ndns 1.1.1.1\n", 4, "too many servers",
          "1.1.1.1" },
        { "mtu 575\n", 1, "not a number from 576 to 65535", "575" },
        { "mtu 65536\n", 1, "not a number from 576 to 65535", "65536" },
        { "mtu 18446744073709552116\n", 1, "not a number from 576 to 65535",
          "18446744073709552116" },
        { "crash burn\n", 1, "not halt, restart or hold", "burn" },
        { "exit 0\n", 1, "not halt, restart or hold", "0" },
        { "restart-pause 3600001\n", 1, "not a number up to 3600000", "3600001" },
        { "restart-pause 1s\n", 1, "not a number up to 3600000", "1s" },
        { "limit nofile\n", 1, "the limit has no number", "nofile" },
        { "limit no 1\n", 1, "not the name of a limit", "no 1" },
        { "limit nofile 1k\n", 1, "not a number or unlimited", "nofile 1k" },
        { "limit nofile 18446744073709551615\n", 1, "not a number or unlimited",
          "nofile 18446744073709551615" },
        { "trace maybe\n", 1, "not on or off", "maybe" },
        { "trace-files once\n", 1, "not on or off", "once" },
        { "notrace \n", 1, "no value for", "notrace" },
        { "log loud\n", 1, "not error, warn, info or debug", "loud" },
        { "mount LABEL=x\n", 1, "not SOURCE and an absolute path:", "LABEL=x" },
        { "mount LABEL=x data\n", 1, "not SOURCE and an absolute path:", "LABEL=x data" },
        { "mount /dev/vdb /data\n", 1,
          "not LABEL=, UUID=, %N or 9p= and a path:", "/dev/vdb /data" },
        { "mount  /data\n", 1, "not LABEL=, UUID=, %N or 9p= and a path:", " /data" },
        { "mount LABEL= /data\n", 1, "no name in the source of", "LABEL= /data" },
        { "mount LABEL=12345678901234567 /d\n", 1, "the name is too long in",
          "LABEL=12345678901234567 /d" },
        { "mount UUID=00112233-4455-6677-8899-aabbccddeef /d\n", 1, "not a UUID in",
          "UUID=00112233-4455-6677-8899-aabbccddeef /d" },
        { "mount UUID=00112233-4455-6677-8899-aabbccddeeff0 /d\n", 1, "not a UUID in",
          "UUID=00112233-4455-6677-8899-aabbccddeeff0 /d" },
        { "mount UUID=00112233445566778899aabbccddeeff /d\n", 1, "not a UUID in",
          "UUID=00112233445566778899aabbccddeeff /d" },
        { "mount UUID= /d\n", 1, "not a UUID in", "UUID= /d" },
        { "mount %32 /d\n", 1, "not the number of a disk in", "%32 /d" },
        { "mount %1x /d\n", 1, "not the number of a disk in", "%1x /d" },
        { "mount % /d\n", 1, "not the number of a disk in", "% /d" },
        { "mount %0 /\n", 1, "the root cannot be mounted over:", "%0 /" },
        { "mount %0 / ro\n", 1, "the root cannot be mounted over:", "%0 / ro" },
        { "user x\n", 1, "not UID or UID:GID", "x" },
        { "user 1:\n", 1, "not UID or UID:GID", "1:" },
        { "user 1:2:3\n", 1, "not UID or UID:GID", "1:2:3" },
        { "user -1\n", 1, "not UID or UID:GID", "-1" },
        { "user 4294967295\n", 1, "not UID or UID:GID", "4294967295" },
        { "user 111111111111111111111111111\n", 1, "not UID or UID:GID",
          "111111111111111111111111111" },
        { "hostname 12345678901234567890123456789012345678901234567890123456789012345\n", 1,
          "the name is too long",
          "12345678901234567890123456789012345678901234567890123456789012345" },
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        CHECK(!parse(cases[i].text));
        CHECK_EQ(error.line, cases[i].line);
        CHECK_EQ(strcmp(error.what, cases[i].what), 0);
        CHECK_EQ(error.word_len, strlen(cases[i].word));
        CHECK_EQ(memcmp(error.word, cases[i].word, error.word_len), 0);
    }
}

TEST(manifest, refuses_nul_bytes)
{
    manifest_init(&manifest);
    CHECK(!manifest_parse(&manifest, exact_copy("arg a\0b\n", 8), 8, &error));
    CHECK_EQ(strcmp(error.what, "a NUL byte in"), 0);
}

TEST(manifest, has_a_limit_on_everything_that_repeats)
{
    static const struct {
        const char *key;
        const char *tail;
        int max;
    } cases[] = {
        { "arg ", "", MANIFEST_ARGS_MAX },         { "env A", "=", MANIFEST_ENVS_MAX },
        { "tmpfs /", "", MANIFEST_TMPFS_MAX },     { "notrace ", "", MANIFEST_NOTRACE_MAX },
        { "mount %0 /", "", MANIFEST_MOUNTS_MAX },
    };
    static char text[16384];

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        size_t len = 0;

        for (int n = 0; n <= cases[i].max; n++) {
            if (n == cases[i].max)
                CHECK(parse(text));
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%d%s\n", cases[i].key, n,
                                    cases[i].tail);
        }
        CHECK(!parse(text));
        CHECK_EQ(error.line, cases[i].max + 1);
    }
}

TEST(manifest, refuses_what_makes_no_sense_as_a_whole)
{
    CHECK(parse("arg a\n"));
    CHECK(!manifest_finish(&manifest, &error));
    CHECK_EQ(strcmp(error.what, "no program"), 0);
    CHECK(parse("program /a\nnetwork static\n"));
    CHECK(!manifest_finish(&manifest, &error));
}

TEST(manifest, takes_words_of_a_command_line_over_what_it_had)
{
    CHECK(parse(full));
    CHECK(overlay("quiet virtio_mmio.device=512@0xfeb00e00:12 arg=x  arg=two\\swords\\\\ env=A=z "
                  "mount=%3\\s/data mount=LABEL=new\\s/new\\sro "
                  "env=NEW=1 dns=1.2.3.4 log=warn limit=nofile\\s64 trace=off tmpfs=/more"));
    CHECK_EQ(manifest.arg_count, 2);
    CHECK_EQ(strcmp(manifest.args[0], "x"), 0);
    CHECK_EQ(strcmp(manifest.args[1], "two words\\"), 0);
    CHECK_EQ(manifest.env_count, 4);
    CHECK_EQ(strcmp(manifest.envs[2], "A=z"), 0);
    CHECK_EQ(strcmp(manifest.envs[3], "NEW=1"), 0);
    CHECK_EQ(manifest.dns_count, 1);
    CHECK_EQ(manifest.dns[0], 0x01020304);
    CHECK_EQ(manifest.log, MANIFEST_LOG_WARN);
    CHECK_EQ(manifest.limits[7], 64);
    CHECK(!manifest.trace);
    CHECK_EQ(manifest.tmpfs_count, 3);
    CHECK_EQ(manifest.mount_count, 5);
    check_mount(0, MANIFEST_SOURCE_INDEX, "", "/data", false);
    check_mount(4, MANIFEST_SOURCE_LABEL, "new", "/new", true);
    CHECK_EQ(strcmp(manifest.program, "/usr/bin/redis-server"), 0);
}

static bool overlay_lines(const char *text)
{
    return manifest_overlay_lines(&manifest, exact_copy(text, strlen(text)), strlen(text), &error);
}

TEST(manifest, takes_lines_over_what_it_had_and_words_over_those)
{
    CHECK(parse(full));
    CHECK(overlay_lines("# at launch\narg x\narg two words\nenv A=z\nenv NEW=1\ndns 1.2.3.4\n"
                        "limit nofile 64\ntrace off\ntmpfs /more\ncwd /\n"));
    CHECK_EQ(manifest.arg_count, 2);
    CHECK_EQ(strcmp(manifest.args[1], "two words"), 0);
    CHECK_EQ(manifest.env_count, 4);
    CHECK_EQ(strcmp(manifest.envs[2], "A=z"), 0);
    CHECK_EQ(manifest.dns_count, 1);
    CHECK_EQ(manifest.limits[7], 64);
    CHECK(!manifest.trace);
    CHECK_EQ(manifest.tmpfs_count, 3);
    CHECK_EQ(strcmp(manifest.cwd, "/"), 0);
    CHECK_EQ(strcmp(manifest.program, "/usr/bin/redis-server"), 0);
    CHECK(overlay("arg=y env=A=0"));
    CHECK_EQ(manifest.arg_count, 1);
    CHECK_EQ(strcmp(manifest.envs[2], "A=0"), 0);
    CHECK_EQ(strcmp(manifest.envs[3], "NEW=1"), 0);
}

TEST(manifest, names_the_line_of_an_overlay_that_is_wrong)
{
    CHECK(parse(full));
    CHECK(!overlay_lines("env A=1\nenw B=2\n"));
    CHECK_EQ(error.line, 2);
    CHECK_EQ(strcmp(error.what, "unknown key"), 0);
}

TEST(manifest, names_the_word_of_a_command_line_that_is_wrong)
{
    CHECK(parse(full));
    CHECK(!overlay("quiet log=loud"));
    CHECK_EQ(error.line, 2);
    CHECK_EQ(strcmp(error.what, "not error, warn, info or debug"), 0);
    CHECK(!overlay("env="));
    CHECK_EQ(strcmp(error.what, "no value for"), 0);
}

/* Not a fuzzer, but the same question: any cut and any flipped byte ends in an answer. */
TEST(manifest, survives_damage)
{
    static char text[sizeof(full)];

    for (size_t i = 0; i < sizeof(full) - 1; i++) {
        for (int damage = 0; damage < 256; damage += 5) {
            char *copy;

            memcpy(text, full, sizeof(full));
            text[i] = (char)damage;
            copy = exact_copy(text, sizeof(full) - 1 - i / 2);
            manifest_init(&manifest);
            if (manifest_parse(&manifest, copy, sizeof(full) - 1 - i / 2, &error))
                (void)!manifest_finish(&manifest, &error);
        }
    }
}
