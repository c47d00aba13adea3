/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The options that are settings: tables for commands that build or run a program. */

#include "ops/cli/options.h"

struct cmd;
struct err;
struct settings;

extern const struct option_spec options_config[];  /* Which configuration is read. */
extern const struct option_spec options_build[];   /* What is in an image. */
extern const struct option_spec options_launch[];  /* Arguments, environment, network, secrets. */
extern const struct option_spec options_machine[]; /* What the image runs on. */

/*
 * Parses `PROGRAM [-- ARGS...]` with the options of a command, whose tables are of the above or put
 * their values into `struct settings` as well. The configuration file is read first, whatever the
 * order, so the command line wins. Returns 0, or what options_parse() does.
 */
int settings_parse(struct settings *settings, const struct cmd *cmd, int argc, char **argv,
                   struct err *err);
