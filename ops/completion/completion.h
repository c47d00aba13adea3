/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Shell completion: scripts made from the list of commands. What changes (images, instances, ...)
 * they ask `ops completion --names KIND` for at the time.
 */

#include <stdio.h>

struct cmd;
struct err;
struct option_spec;

/* What can stand at some place of a command line; bits. */
enum word_kind {
    WORD_FILES = 1u << 0,
    WORD_DIRS = 1u << 1,
    WORD_IMAGES = 1u << 2,
    WORD_INSTANCES = 1u << 3,
    WORD_VOLUMES = 1u << 4,
    WORD_PACKAGES = 1u << 5,
    WORD_KEYS = 1u << 6,
    WORD_COMMANDS = 1u << 7,
    WORD_SHELLS = 1u << 8,
};

/* What --names calls a kind, from the first that has names; NULL behind the last. */
struct word_names {
    const char *name;
    unsigned kind;
};

extern const struct word_names word_names[];

/* The kinds of words that a command takes, and of the value of an option; 0: nobody knows. */
unsigned words_of(const struct cmd *cmd, const struct cmd *group);
unsigned words_of_option(const struct option_spec *spec);

/* Calls `fn` for each option of a command that help shows, those of every command included. */
void options_each(const struct cmd *cmd, void (*fn)(const struct option_spec *spec, void *context),
                  void *context);

/* Prints the names of a kind, one a line. Returns 0, or -1 with `err` set. */
int names_print(const char *kind, FILE *out, struct err *err);

void completion_bash(FILE *out);
void completion_zsh(FILE *out);
void completion_fish(FILE *out);
