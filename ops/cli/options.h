/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Options of commands: tables, from which they are parsed, and help, completion and manual pages
 * are made. An option puts its value into a field of a struct that all tables of one command share.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct cmd;
struct err;

enum option_kind {
    OPTION_TEXT,   /* char *: replaced by a copy; empty values are refused. */
    OPTION_LIST,   /* struct strings: added. */
    OPTION_FLAG,   /* bool: set to true. It takes no value. */
    OPTION_NUMBER, /* uint64_t: decimal. */
    OPTION_MIB,    /* uint64_t: a size in whole MiB; 128M, 1G, a plain number is MiB. */
    OPTION_CALL,   /* Whatever `set` makes of it. */
};

struct option_spec {
    int letter;        /* 0: none. */
    const char *name;  /* NULL ends a table. */
    const char *value; /* What stands for its value in help: FILE, DIR, NAME, ...; NULL: none. */
    const char *about; /* Starts lower case, no full stop. NULL: not in help; OPS has it. */
    enum option_kind kind;
    size_t off; /* Of the field. */

    /* OPTION_CALL: `field` is the field; value is NULL for an option without one. */
    int (*set)(void *field, const char *value, struct err *err);

    /* Parsed by options_parse_early(), before all others, whatever the order. */
    bool is_early;
};

/* What is left of a command line. Points into argv. */
struct words {
    char **items; /* In front of `--`, options taken out. */
    size_t count;
    char **rest; /* Behind `--`. */
    size_t rest_count;
};

/* Options that every command has (--json, --quiet, ...); ends without a name. */
extern const struct option_spec options_common[];

/* How many words a command takes. */
struct words_limit {
    size_t min;
    size_t max;
    bool takes_rest;
};

/*
 * Parses only those options of `cmd` that are early. Returns 0; CMD_FAILED or CMD_USAGE with `err`
 * set. Only settings_parse_words() calls it: an early option means a configuration that has to be
 * read before the others are parsed.
 */
int options_parse_early(void *target, const struct cmd *cmd, int argc, char **argv,
                        struct err *err);

/*
 * Parses the options of `cmd` but the early ones into `target`, and sets `words` to what is left:
 * at least `min` and at most `max` words in front of `--`. Words behind `--` are refused unless
 * `takes_rest`. Returns 0; CMD_FAILED or CMD_USAGE with `err` set.
 */
int options_parse(void *target, const struct cmd *cmd, int argc, char **argv, struct words *words,
                  struct words_limit limit, struct err *err);

/* Prints what the options of a table mean. */
void options_print(const struct option_spec *specs, FILE *out);
