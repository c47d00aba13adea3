/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The options of `ops run` and `ops build`, one table for parsing and for help. */

#include <stdio.h>

struct err;
struct settings;

enum options_for {
    OPTIONS_BUILD = 1u << 0,
    OPTIONS_RUN = 1u << 1,
};

/*
 * Parses `PROGRAM [-- ARGS...]` with the options of a command. The configuration file is read
 * first, whatever the order, so the command line wins. Returns 0; -1 with `err` set when something
 * could not be read; -2 with `err` set when the command line makes no sense.
 */
int options_parse(struct settings *settings, enum options_for command, int argc, char **argv,
                  struct err *err);

/* Prints what the options of a command mean. */
void options_print(enum options_for command, FILE *out);
