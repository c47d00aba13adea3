/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/output/wrap.h"

#include "test/unit/unit.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

TEST(wrap, keeps_lines_within_80_letters)
{
    static const struct {
        const char *text;
        size_t indent;
        const char *lines;
    } cases[] = {
        { "", 2, "" },
        { "one  two\nthree", 2, "  one two three\n" },
        { "one.\n\ntwo.\n", 0, "one.\n\ntwo.\n" },
        { "1234567890 1234567890 1234567890 1234567890 1234567890 1234567890 1234567890 123 x", 0,
          "1234567890 1234567890 1234567890 1234567890 1234567890 1234567890 1234567890 123\n"
          "x\n" },
        { "a "
          "123456789012345678901234567890123456789012345678901234567890123456789012345678901234567",
          4,
          "    a\n"
          "    "
          "123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
          "\n" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *printed;
        size_t size;
        FILE *out = open_memstream(&printed, &size);

        wrap_print(cases[i].text, cases[i].indent, out);
        fclose(out);
        if (strcmp(printed, cases[i].lines) != 0)
            fprintf(stderr, "%s---\n", printed);
        CHECK_EQ(strcmp(printed, cases[i].lines), 0);
        free(printed);
    }
}

TEST(wrap, first_line_may_have_begun)
{
    char text[256] = "";
    FILE *out = fmemopen(text, sizeof(text), "w");

    wrap_print_from("one\ntwo", 76, out);
    fclose(out);
    CHECK_EQ(strspn(text + 4, " "), 76);
    CHECK_EQ(memcmp(text, "one\n", 4), 0);
    CHECK_EQ(strcmp(text + 4 + 76, "two\n"), 0);
}
