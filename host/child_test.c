/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of what a command writes, and how it ended. */
#include "host/child.h"

#include "test/unit/unit.h"

#include <string.h>

static int shell(const char *script, struct child_spec spec, char **output)
{
    char *command = strdup(script);
    char name[] = "sh";
    char option[] = "-c";
    char *argv[] = { name, option, command, NULL };
    int status;

    spec.argv = argv;
    status = child_run(&spec, output);
    free(command);
    return status;
}

TEST(child, gives_its_output_and_status)
{
    struct child_spec spec = { .output_max = 64 };
    char *output;

    CHECK_EQ(shell("echo a; echo b >&2; exit 3", spec, &output), 3);
    CHECK_EQ(strcmp(output, "a\nb\n"), 0);
    free(output);
    spec.mutes_stderr = true;
    spec.dir = "/";
    CHECK_EQ(shell("pwd; echo $LC_ALL; cat; echo b >&2", spec, &output), 0);
    CHECK_EQ(strcmp(output, "/\nC\n"), 0);
    free(output);
}

TEST(child, that_writes_too_much_is_not_held_up)
{
    struct child_spec spec = { .output_max = 5 };
    char *output;

    CHECK_EQ(shell("yes | head -c 300000", spec, &output), 0);
    CHECK_EQ(strcmp(output, "y\ny\ny"), 0);
    free(output);
}

TEST(child, that_cannot_be_run_or_is_killed_is_told)
{
    char name[] = "/nothing/of/that/name";
    char *argv[] = { name, NULL };
    struct child_spec spec = { .argv = argv, .output_max = 64 };
    char *output;

    CHECK_EQ(child_run(&spec, &output), CHILD_NOT_THERE);
    CHECK_EQ(strcmp(output, ""), 0);
    free(output);
    CHECK_EQ(shell("echo a; kill -9 $$", spec, &output), CHILD_KILLED + 9);
    CHECK_EQ(strcmp(output, "a\n"), 0);
    free(output);
}
