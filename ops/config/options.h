/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The options that are settings: tables for commands that build or run a program. */

#include "ops/cli/options.h"

struct settings;

extern const struct option_spec options_config[];  /* Which configuration is read. */
extern const struct option_spec options_build[];   /* What is in an image. */
extern const struct option_spec options_launch[];  /* Arguments, environment, network, secrets. */
extern const struct option_spec options_watch[];   /* A debugger, a trace. */
extern const struct option_spec options_machine[]; /* What the image runs on. */

/* What only a command can do that stays with the machine; and, for others, to refuse it. */
extern const struct option_spec options_attended[];
extern const struct option_spec options_unattended[];

/*
 * Parses the options of a command whose tables are of the above or put their values into `struct
 * settings` as well. The configuration is read first, whatever the order, so the command line wins.
 * Sets `words` to what is left, as options_parse() does. Returns 0; CMD_FAILED or CMD_USAGE with
 * `err` set.
 */
int settings_parse_words(struct settings *settings, const struct cmd *cmd, int argc, char **argv,
                         struct words *words, struct words_limit limit, struct err *err);

/* The same for `PROGRAM [-- ARGS...]`, which go into the settings. */
int settings_parse(struct settings *settings, const struct cmd *cmd, int argc, char **argv,
                   struct err *err);

/* The same for commands that only make an image, which never holds a secret. */
int settings_parse_image(struct settings *settings, const struct cmd *cmd, int argc, char **argv,
                         struct err *err);
