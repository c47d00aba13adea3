/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Commands. Each is one `const struct cmd` in a file of its own: `ops run` in ops/cmd/run.c, `ops
 * image list` in ops/cmd/image/list.c. ops/cmd/list.c names them all; main.c, the help, the shell
 * completion and the manual pages are made from that list.
 *
 * A command parses its arguments, calls what does the work, and prints the result to stdout. What
 * it tells beside that goes to stderr. It never exits and never prints an error: it returns one.
 */

#include <stdio.h>

struct err;

enum cmd_status {
    CMD_FAILED = -1, /* It could not be done; `err` says why. */
    CMD_USAGE = -2,  /* The command line made no sense; `err` says why, and nothing was touched. */
};

struct cmd {
    const char *name;
    const char *usage;    /* What follows the command's name, as in a manual page. */
    const char *about;    /* One line for the overview. Starts lower case, no full stop. */
    const char *more;     /* For the manual page: paragraphs with an empty line between, or NULL. */
    const char *examples; /* Lines of a shell, or NULL. */

    /* Groups of options, each ended by one without a name; the list ends with NULL. May be NULL. */
    const struct option_spec *const *options;

    /*
     * Runs with argv[0] the command's name. Returns the exit status, 0 for done, or one of enum
     * cmd_status with `err` set. NULL: this is a group, and the word that follows is in `cmds`.
     */
    int (*run)(const struct cmd *cmd, int argc, char **argv, struct err *err);

    const struct cmd *const *cmds; /* What is in a group; ends with NULL. */
};

/* All there are, in the order of the overview; ends with NULL. */
extern const struct cmd *const cmd_list[];

/* The command of that name among `cmds`, or NULL. */
const struct cmd *cmd_find(const struct cmd *const *cmds, const char *name);

/* The name in `cmds` that is most like `name`, or NULL when none is. */
const char *cmd_suggest(const struct cmd *const *cmds, const char *name);

/*
 * Calls `fn` for each command of cmd_list and of its groups, a group in front of what is in it.
 * `group` is NULL for what is in none.
 */
void cmd_each(void (*fn)(const struct cmd *cmd, const struct cmd *group, void *context),
              void *context);

/* The overview of all commands, or of those in a group. */
void cmd_overview_print(const struct cmd *group, FILE *out);

/* All there is to know of one. `path` is how it is called: "image list". */
void cmd_help_print(const struct cmd *cmd, const char *path, FILE *out);
