/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/config/ports.h"

#include "host/err.h"
#include "test/unit/unit.h"

TEST(ports, reads_every_form)
{
    static const struct {
        const char *text;
        size_t count;
        int first_host;
        int last_guest;
    } cases[] = {
        { "80", 1, 80, 80 },
        { "8080:80", 1, 8080, 80 },
        { "8080,8443:443", 2, 8080, 443 },
        { "70-80", 11, 70, 80 },
        { "8000-8002:80-82", 3, 8000, 82 },
        { "65535", 1, 65535, 65535 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ports ports = { .count = 0 };
        struct err err = { 0 };

        CHECK_EQ(ports_parse(&ports, cases[i].text, &err), 0);
        CHECK_EQ(ports.count, cases[i].count);
        CHECK_EQ(ports.items[0].host, cases[i].first_host);
        CHECK_EQ(ports.items[ports.count - 1].guest, cases[i].last_guest);
    }
}

TEST(ports, refuses_what_is_none)
{
    static const char *const cases[] = {
        "",
        "0",
        "65536",
        "-1",
        "80:",
        ":80",
        "80-",
        "90-80",
        "a",
        "80,",
        "80 ",
        "80:x",
        "8:80-81",
        "1-129",
        "80:80:80",
        "80,80",
        "99999999999999999999",
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ports ports = { .count = 0 };
        struct err err = { 0 };

        CHECK_EQ(ports_parse(&ports, cases[i], &err), -1);
        CHECK(err.text[0] != '\0');
    }
}
