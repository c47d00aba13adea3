/* SPDX-License-Identifier: Apache-2.0 */
/* ops, the command line tool: finds the command, runs it, prints why it failed. */
#include "host/err.h"
#include "ops/cmd.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum exit_code {
    EXIT_FAILED = 1, /* The command ran and could not do it. */
    EXIT_USAGE = 2,  /* The command line made no sense; nothing was touched. */
};

extern const struct cmd cmd_build;
extern const struct cmd cmd_help;
extern const struct cmd cmd_run;
extern const struct cmd cmd_version;

static const struct cmd *const cmds[] = {
    &cmd_run,
    &cmd_build,
    &cmd_version,
    &cmd_help,
};

enum {
    CMD_COUNT = sizeof(cmds) / sizeof(cmds[0]),
};

const struct cmd *cmd_find(const char *name)
{
    if (strcmp(name, "--version") == 0)
        name = "version";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    for (size_t i = 0; i < CMD_COUNT; i++) {
        if (strcmp(cmds[i]->name, name) == 0)
            return cmds[i];
    }
    return NULL;
}

void cmd_overview_print(FILE *out)
{
    fprintf(out, "usage: ops COMMAND [ARGUMENT...]\n\n");
    for (size_t i = 0; i < CMD_COUNT; i++)
        fprintf(out, "  %-9s %s\n", cmds[i]->name, cmds[i]->about);
    fprintf(out, "\n`ops help COMMAND` says more.\n");
}

void cmd_help_print(const struct cmd *cmd, FILE *out)
{
    fprintf(out, "usage: ops %s %s\n\n%s.\n", cmd->name, cmd->usage, cmd->about);
    if (cmd->options_print) {
        fprintf(out, "\n");
        cmd->options_print(out);
    }
}

static int usage_print(const struct cmd *cmd, const struct err *err)
{
    fprintf(stderr, "ops: %s\nhint: `ops help %s` says what it takes\n", err->text, cmd->name);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    const struct cmd *cmd = argc > 1 ? cmd_find(argv[1]) : NULL;
    struct err err = { 0 };
    int status;

    if (!cmd) {
        if (argc > 1)
            fprintf(stderr, "ops: unknown command '%s'\n", argv[1]);
        cmd_overview_print(stderr);
        return EXIT_USAGE;
    }
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            cmd_help_print(cmd, stdout);
            return 0;
        }
    }
    status = cmd->run(argc - 1, argv + 1, &err);
    if (status == CMD_USAGE)
        return usage_print(cmd, &err);
    if (status < 0) {
        fprintf(stderr, "ops: %s\n", err.text);
        return EXIT_FAILED;
    }
    if (fflush(stdout) != 0)
        return EXIT_FAILED;
    return status;
}
