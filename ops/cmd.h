/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Commands. Each lives in cmd_<name>.c as one `const struct cmd`; main.c lists them all, and help
 * is made from that list.
 */

#include <stdio.h>

struct err;

enum cmd_status {
    CMD_FAILED = -1, /* It could not be done; `err` says why. */
    CMD_USAGE = -2,  /* The command line made no sense; `err` says why, and nothing was touched. */
};

struct cmd {
    const char *name;
    const char *usage; /* What follows the command's name, as in a manual page. */
    const char *about; /* One line for the overview. Starts lower case, no full stop. */

    /*
     * Runs with argv[0] the command's name. Returns the exit status, 0 for done, or one of enum
     * cmd_status with `err` set.
     */
    int (*run)(int argc, char **argv, struct err *err);

    void (*options_print)(FILE *out); /* What its options mean; NULL: it has none. */
};

/* The command of that name, or NULL. */
const struct cmd *cmd_find(const char *name);

/* The overview of all commands. */
void cmd_overview_print(FILE *out);

/* All there is to know of one. */
void cmd_help_print(const struct cmd *cmd, FILE *out);
