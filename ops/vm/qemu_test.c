/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/vm/qemu.h"

#include "host/err.h"
#include "ops/config/ports.h"
#include "ops/config/settings.h"
#include "test/unit/unit.h"

#include <string.h>

static const struct qemu_paths paths = {
    .qemu = "/usr/bin/qemu",
    .kernel = "/k",
    .disk = "/d,e.img",
    .report = "/r",
};

TEST(qemu, forwards_ports_and_doubles_commas)
{
    struct settings settings;
    struct strings command = { 0 };
    struct err err = { 0 };

    settings_init(&settings);
    CHECK_EQ(ports_parse(&settings.ports, "8080:80,443", &err), 0);
    qemu_command(&command, &settings, &paths, false);
    CHECK(strings_has(&command, "user,id=net,hostfwd=tcp:127.0.0.1:8080-:80,"
                                "hostfwd=tcp:127.0.0.1:443-:443"));
    CHECK(strings_has(&command, "id=root,file=/d,,e.img,format=raw,if=none,readonly=on"));
    CHECK(strings_has(&command, "tcg"));
    CHECK(strings_has(&command, "max"));
    CHECK(strings_has(&command, "virtio-net-device,netdev=net"));
    strings_fini(&command);
    settings_fini(&settings);
}

TEST(qemu, gives_q35_devices_on_pci)
{
    struct settings settings;
    struct strings command = { 0 };

    settings_init(&settings);
    settings_set(&settings.machine, "q35");
    qemu_command(&command, &settings, &paths, true);
    CHECK(strings_has(&command, "virtio-net-pci,disable-legacy=on,netdev=net"));
    CHECK(strings_has(&command, "kvm"));
    CHECK(strings_has(&command, "host"));
    strings_fini(&command);
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
