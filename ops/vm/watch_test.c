/* SPDX-License-Identifier: Apache-2.0 */
/* What is printed of a program that was watched, above all of a machine that started again. */
#include "ops/vm/watch.h"

#include "test/unit/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What is said of a report, to be freed. */
static char *said_of(const char *report, size_t repeats)
{
    char *said = NULL;
    size_t size;
    struct watch watch = { .out = open_memstream(&said, &size) };

    for (size_t i = 0; i < repeats; i++)
        watch_feed(&watch, report, strlen(report));
    watch_finish(&watch);
    watch_fini(&watch);
    fclose(watch.out);
    return said;
}

/* Whether a line of `said` holds these words, whatever is between them. */
static bool has_line(const char *said, const char *name, const char *calls, const char *errors)
{
    char wanted[3][32];
    const char *line = strstr(said, name);

    snprintf(wanted[0], sizeof(wanted[0]), "%s ", name);
    snprintf(wanted[1], sizeof(wanted[1]), " %s ", calls);
    snprintf(wanted[2], sizeof(wanted[2]), " %s ", errors);
    for (size_t i = 0; line && i < 3; i++) {
        line = strstr(line, wanted[i]);
        line += line ? strlen(wanted[i]) - 1 : 0;
    }
    return line != NULL;
}

TEST(watch, sums_the_calls_of_all_lives)
{
    char *said = said_of("syscalls read 3 1 3000\nsyscalls write 1 0 500\n"
                         "restart 1\n"
                         "syscalls write 2 2 9000\nsyscalls read 4 0 1000\n",
                         1);
    const char *end = strchr(said, '\n');

    CHECK(has_line(said, "write", "3", "2"));
    CHECK(has_line(said, "read", "7", "1"));
    for (int i = 0; i < 2 && end; i++)
        end = strchr(end + 1, '\n');
    CHECK(end && end[1] == '\0'); /* A header and two rows. */
    free(said);
}

TEST(watch, keeps_count_however_often_a_machine_starts)
{
    char *said = said_of("syscalls read 1 0 1\nsyscalls close 2 1 1\nsyscalls write 1 0 1\n", 1000);

    CHECK(has_line(said, "close", "2000", "1000"));
    CHECK(has_line(said, "write", "1000", "0"));
    free(said);
}

TEST(watch, of_numbers_that_cannot_be)
{
    char *said = said_of("syscalls read 18446744073709551615 0 1\nsyscalls read 1 x 1\n"
                         "syscalls read 0 0 0\nsyscalls\nsyscalls  1 1 1\nsyscalls read 1 1\n",
                         2);

    CHECK(strstr(said, "read"));
    free(said);
    said = said_of("syscalls\nexit 0\n", 1);
    CHECK_EQ(strcmp(said, ""), 0);
    free(said);
}
