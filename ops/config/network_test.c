/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/config/network.h"

#include "host/err.h"
#include "host/strings.h"
#include "ops/config/settings.h"
#include "test/unit/unit.h"

#include <stdint.h>
#include <string.h>

static void set(char **field, const char *text)
{
    if (text)
        settings_set(field, text);
}

TEST(network, becomes_lines_of_the_manifest)
{
    static const struct {
        const char *ip;
        const char *netmask;
        const char *gateway;
        uint64_t mtu;
        const char *lines; /* With commas between; NULL: refused. */
    } cases[] = {
        { NULL, NULL, NULL, 0, "" },
        { "10.0.0.5", NULL, NULL, 0, "network static,ip 10.0.0.5/24," },
        { "10.0.0.5", "255.255.0.0", "10.0.0.1", 1400,
          "network static,ip 10.0.0.5/16,gateway 10.0.0.1,mtu 1400," },
        { "10.0.0.5", "255.255.255.255", NULL, 0, "network static,ip 10.0.0.5/32," },
        { "10.0.0.5", "255.0.255.0", NULL, 0, NULL },
        { "10.0.0.5", "0.0.0.0", NULL, 0, NULL },
        { "10.0.0.5", "24", NULL, 0, NULL },
        { "10.0.0", NULL, NULL, 0, NULL },
        { NULL, NULL, "10.0.0.1", 0, NULL },
        { NULL, NULL, NULL, 100, NULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct settings settings = { .mtu = cases[i].mtu };
        struct strings lines = { 0 };
        struct err err = { 0 };
        char text[200] = "";

        set(&settings.ip_address, cases[i].ip);
        set(&settings.netmask, cases[i].netmask);
        set(&settings.gateway, cases[i].gateway);
        CHECK_EQ(network_lines(&lines, &settings, &err), cases[i].lines ? 0 : -1);
        for (size_t j = 0; j < lines.count; j++) {
            size_t len = strlen(text);

            snprintf(text + len, sizeof(text) - len, "%s,", lines.items[j]);
        }
        if (cases[i].lines)
            CHECK_EQ(strcmp(text, cases[i].lines), 0);
        strings_fini(&lines);
        settings_fini(&settings);
    }
}
