/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/output/human.h"

#include "test/unit/unit.h"

#include <stdint.h>
#include <string.h>

static char text[HUMAN_SIZE_MAX];

static void check_text(const char *expected)
{
    if (strcmp(text, expected) != 0)
        fprintf(stderr, "'%s', not '%s'\n", text, expected);
    CHECK_EQ(strcmp(text, expected), 0);
}

TEST(human, says_sizes_in_three_digits)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        { 0, "0 B" },
        { 999, "999 B" },
        { 1000, "1.0 KB" },
        { 12345, "12.3 KB" },
        { 99949, "99.9 KB" },
        { 99950, "100 KB" },
        { 999499, "999 KB" },
        { 999500, "1.0 MB" }, /* Not 1000 KB. */
        { 1400000000, "1.4 GB" },
        { UINT64_MAX, "18.4 EB" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        human_bytes(text, cases[i].bytes);
        check_text(cases[i].text);
    }
}

TEST(human, says_spans_in_two_units)
{
    static const struct {
        uint64_t ns;
        const char *text;
    } cases[] = {
        { 0, "0 s" },
        { 850999, "850 us" },
        { 45000000, "45 ms" },
        { 3200000000, "3.2 s" },
        { 59999999999, "59.9 s" },
        { 60000000000, "1 min" },
        { 123000000000, "2 min 3 s" },
        { 5 * 3600000000000 + 120000000000, "5 h 2 min" },
        { 76 * 3600000000000, "3 d 4 h" },
        { UINT64_MAX, "213503 d 23 h" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        human_span(text, cases[i].ns);
        check_text(cases[i].text);
    }
}

TEST(human, says_how_long_ago)
{
    static const int64_t now_s = 1700000000; /* 2023-11-14 */
    static const struct {
        int64_t then_s;
        const char *text;
    } cases[] = {
        { 1700000000, "just now" },
        { 1700000100, "just now" }, /* A clock that went back. */
        { 1700000000 - 60, "1 minute ago" },
        { 1700000000 - 3599, "59 minutes ago" },
        { 1700000000 - 7200, "2 hours ago" },
        { 1700000000 - 172800, "2 days ago" },
        { 1600000000, "2020-09-13" },
        { INT64_MIN, "long ago" },
        { INT64_MAX, "just now" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        human_ago(text, cases[i].then_s, now_s);
        check_text(cases[i].text);
    }
}
