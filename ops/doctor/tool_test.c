/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/doctor/tool.h"

#include "test/unit/unit.h"

#include <string.h>

TEST(tool, finds_the_version_in_a_line)
{
    static const struct {
        const char *line;
        const char *version; /* NULL: none. */
    } cases[] = {
        { "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)", "7.2.22" },
        { "GNU gdb (Debian 13.1-3) 13.1", "13.1" },
        { "v1.2", "1.2" },
        { "version 5", NULL },
        { "", NULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *version = tool_version(cases[i].line);

        CHECK_EQ(version != NULL, cases[i].version != NULL);
        if (version)
            CHECK_EQ(strcmp(version, cases[i].version), 0);
        free(version);
    }
}

TEST(tool, runs_a_program_for_its_first_line)
{
    char *line = tool_line("/bin/echo", "one\ntwo");

    CHECK(line && strcmp(line, "one") == 0);
    free(line);
    CHECK(!tool_line("/bin/true", "x"));
    CHECK(!tool_line("/no/such/program", "x"));
}

TEST(tool, is_found_in_the_path_or_with_the_administrators)
{
    char *path;

    setenv("PATH", "/nowhere::/bin", 1);
    path = tool_find("sh");
    CHECK(path && strcmp(path, "/bin/sh") == 0);
    free(path);
    CHECK(!tool_find("no-such-program"));
}
