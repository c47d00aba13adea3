/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/output/progress.h"

#include "test/unit/unit.h"

#include <stdint.h>
#include <string.h>

static char line[PROGRESS_LINE_MAX];

static void check_line(const struct progress *progress, uint64_t now_ns, const char *expected)
{
    progress_line(line, progress, now_ns);
    if (strcmp(line, expected) != 0)
        fprintf(stderr, "'%s', not '%s'\n", line, expected);
    CHECK_EQ(strcmp(line, expected), 0);
}

TEST(progress, draws_a_bar_of_what_is_done)
{
    struct progress progress = { .what = "writing image", .total = 4000000, .start_ns = 1 };

    check_line(&progress, 1, "writing image [........................]   0%  0 B of 4.0 MB");
    progress.done = 1000000;
    check_line(&progress, 2000000001,
               "writing image [######..................]  25%  1.0 MB of 4.0 MB, 6.0 s left");
    progress.done = 4000000;
    check_line(&progress, 2000000001,
               "writing image [########################] 100%  4.0 MB of 4.0 MB");
}

TEST(progress, stays_in_its_line_when_more_comes_than_was_said)
{
    struct progress progress = { .what = "x", .total = 1, .done = UINT64_MAX };

    check_line(&progress, 5, "x [########################] 100%  1 B of 1 B");
    progress = (struct progress){ .what = "a name so long that it leaves no room for the bar",
                                  .total = 999499999,
                                  .done = 111111111 };
    progress_line(line, &progress, 3600000000000);
    CHECK(strlen(line) < PROGRESS_LINE_MAX - 1);
}

TEST(progress, spins_when_the_total_is_not_known)
{
    struct progress progress = { .what = "reading", .done = 1500 };

    check_line(&progress, 100000000, "reading / 1.5 KB");
    check_line(&progress, 400000000, "reading | 1.5 KB");
}
