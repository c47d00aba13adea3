/* SPDX-License-Identifier: Apache-2.0 */
/* Runs every TEST() linked in, one process each. `unit [SUITE[.NAME]]` runs some of them. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    TEST_SECONDS_MAX = 120, /* A test that hangs is a failure; one on a busy machine is not. */
};

struct unit_test {
    const char *suite;
    const char *name;
    void (*run)(void);
};

#define TEST(suite, name) void test_##suite##_##name(void);
#include "unit_tests.def"
#undef TEST

#define TEST(suite, name) { #suite, #name, test_##suite##_##name },
static const struct unit_test tests[] = {
#include "unit_tests.def"
};

static bool selected(const struct unit_test *test, const char *filter)
{
    size_t suite_len = strlen(test->suite);

    if (!filter)
        return true;
    if (strncmp(filter, test->suite, suite_len) != 0)
        return false;
    return filter[suite_len] == '\0' ||
           (filter[suite_len] == '.' && strcmp(filter + suite_len + 1, test->name) == 0);
}

static bool run_one(const struct unit_test *test)
{
    int status;
    pid_t child;

    fflush(NULL); /* Or the child prints what we have not yet. */
    child = fork();

    if (child == 0) {
        alarm(TEST_SECONDS_MAX);
        test->run();
        exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return false;
    if (WIFSIGNALED(status))
        printf("%s.%s: %s\n", test->suite, test->name, strsignal(WTERMSIG(status)));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(int argc, char **argv)
{
    const char *filter = argc > 1 ? argv[1] : NULL;
    int passed = 0;
    int failed = 0;

    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        const struct unit_test *test = &tests[i];

        if (!selected(test, filter))
            continue;
        if (run_one(test)) {
            passed++;
        } else {
            failed++;
            printf("FAILED %s.%s\n", test->suite, test->name);
        }
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed || !passed;
}
