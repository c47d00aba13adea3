/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/vm/qemu.h"

#include "host/err.h"
#include "ops/config/ports.h"
#include "ops/config/settings.h"
#include "ops/vm/launch.h"
#include "test/unit/unit.h"

#include <string.h>
#include <unistd.h>

static const struct qemu_channels channels = { .report = "/r,1" };

static void launch_fill(struct launch *launch, struct settings *settings)
{
    launch_set(launch, settings, "/k", "/d,e.img");
}

TEST(qemu, forwards_ports_and_doubles_commas)
{
    struct settings settings;
    struct launch launch = { .kernel = NULL };
    struct strings command = { 0 };
    struct err err = { 0 };

    settings_init(&settings);
    CHECK_EQ(ports_parse(&settings.ports, "8080:80,443", &err), 0);
    launch_fill(&launch, &settings);
    CHECK_EQ(ports_parse(&launch.udp_ports, "53", &err), 0);
    qemu_command(&command, "/usr/bin/qemu", &launch, &channels, false);
    CHECK(strings_has(&command, "user,id=net,hostfwd=tcp:127.0.0.1:8080-:80,"
                                "hostfwd=tcp:127.0.0.1:443-:443,"
                                "hostfwd=udp:127.0.0.1:53-:53"));
    CHECK(strings_has(&command, "id=root,file=/d,,e.img,format=raw,if=none,readonly=on"));
    CHECK(strings_has(&command, "file,id=report,path=/r,,1"));
    CHECK(strings_has(&command, "tcg"));
    CHECK(strings_has(&command, "max"));
    CHECK(strings_has(&command, "virtio-net-device,netdev=net"));
    CHECK(!strings_has(&command, "-mon"));
    CHECK(!strings_has(&command, "-S"));
    strings_fini(&command);
    launch_fini(&launch);
    settings_fini(&settings);
}

TEST(qemu, gives_q35_devices_on_pci)
{
    struct settings settings;
    struct launch launch = { .kernel = NULL };
    struct strings command = { 0 };

    settings_init(&settings);
    settings_set(&settings.machine, "q35");
    launch_fill(&launch, &settings);
    launch_add_volume(&launch, "/v1", true);
    launch_add_volume(&launch, "/v2", false);
    qemu_command(&command, "/usr/bin/qemu", &launch, &channels, true);
    CHECK(strings_has(&command, "virtio-net-pci,disable-legacy=on,netdev=net"));
    CHECK(strings_has(&command, "id=volume0,file=/v1,format=raw,if=none,readonly=on"));
    CHECK(strings_has(&command, "id=volume1,file=/v2,format=raw,if=none"));
    CHECK(strings_has(&command, "virtio-blk-pci,disable-legacy=on,drive=volume1,werror=report"));
    CHECK(strings_has(&command, "kvm"));
    CHECK(strings_has(&command, "host"));
    strings_fini(&command);
    launch_fini(&launch);
    settings_fini(&settings);
}

TEST(qemu, gives_channels_and_files_their_places)
{
    static const struct qemu_channels all = {
        .report = "report",
        .console = "console.log",
        .qmp = "qmp.sock",
        .control = "control.sock",
        .files = "/f",
    };
    struct settings settings;
    struct launch launch = { .kernel = NULL };
    struct strings command = { 0 };

    settings_init(&settings);
    launch_fill(&launch, &settings);
    launch_add_line(&launch, "env", "A=b\nc\\d");
    strings_add(&launch.secrets, "key");
    launch.tap = strdup("tap0");
    launch.gdb_port = 1234;
    qemu_command(&command, "/usr/bin/qemu", &launch, &all, true);
    CHECK_EQ(strcmp(launch.overlay.items[0], "env A=b\\nc\\\\d"), 0);
    CHECK(strings_has(&command, "file,id=console,path=console.log"));
    CHECK(strings_has(&command, "socket,id=qmp,path=qmp.sock,server=on,wait=off"));
    CHECK(strings_has(&command, "virtio-serial-device,max_ports=1"));
    CHECK(strings_has(&command, "name=opt/soliton/overlay,file=/f/overlay"));
    CHECK(strings_has(&command, "name=opt/soliton/secret/key,file=/f/secret-key"));
    CHECK(strings_has(&command, "tap,id=net,ifname=tap0,script=no,downscript=no"));
    CHECK(strings_has(&command, "-S"));
    CHECK(strings_has(&command, "tcp:127.0.0.1:1234"));
    strings_fini(&command);
    launch_fini(&launch);
    settings_fini(&settings);
}

TEST(qemu, quotes_for_a_shell)
{
    static const struct {
        const char *text;
        const char *quoted;
    } cases[] = {
        { "abc=1,2", "abc=1,2" }, { "", "''" },     { "a b", "'a b'" },
        { "it's", "'it'\\''s'" }, { "$x", "'$x'" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *quoted = qemu_quote(cases[i].text);

        CHECK_EQ(strcmp(quoted, cases[i].quoted), 0);
        free(quoted);
    }
}

TEST(qemu, complains_of_what_is_no_warning)
{
    char path[] = "/tmp/ops-qemu-XXXXXX";
    int fd = mkstemp(path);
    static const char log[] = "qemu: warning: slow\n\n"
                              "qemu: terminating on signal 15\nqemu: no disk\nqemu: no more\n";
    char *line;

    CHECK(fd >= 0);
    line = qemu_complaint(path);
    CHECK(!line);
    CHECK_EQ(write(fd, log, sizeof(log) - 1), (ssize_t)sizeof(log) - 1);
    line = qemu_complaint(path);
    CHECK_EQ(strcmp(line, "qemu: no disk"), 0);
    free(line);
    close(fd);
    CHECK_EQ(unlink(path), 0);
    line = qemu_complaint(path);
    CHECK(!line);
}
