/* SPDX-License-Identifier: Apache-2.0 */
/* IWYU pragma: no_include <bits/getopt_core.h> */
#include "ops/cli/options.h"

#include "host/err.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/cli/cmd.h"
#include "ops/cli/number.h"
#include "ops/cli/suggest.h"
#include "ops/cli/ui.h"
#include "ops/output/wrap.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPTION_LONG_FIRST = 256, /* Options without a letter count from here. */
    OPTION_COUNT_MAX = 96,
    NUMBER_MAX = 1 << 30,
    SUGGEST_DISTANCE_MAX = 2, /* Farther words are no help. */
    OPTION_NAME_MAX = 64,
    OPTION_COLUMNS = 25,
    OPTION_TEXT_COLUMN = 6 + OPTION_COLUMNS + 1,
};

static int json_set(void *field, const char *value, struct err *err)
{
    (void)field;
    (void)value;
    (void)err;
    ui.json = true;
    return 0;
}

static int quiet_set(void *field, const char *value, struct err *err)
{
    (void)field;
    (void)value;
    (void)err;
    ui.is_quiet = true;
    return 0;
}

static int verbose_set(void *field, const char *value, struct err *err)
{
    (void)field;
    (void)value;
    (void)err;
    ui.is_verbose = true;
    return 0;
}

const struct option_spec options_common[] = {
    { 'j', "json", NULL, "print the result for programs", OPTION_CALL, 0, json_set, false },
    { 'q', "quiet", NULL, "print nothing but the result and errors", OPTION_CALL, 0, quiet_set,
      false },
    { 'v', "verbose", NULL, "say what is done and how long it takes", OPTION_CALL, 0, verbose_set,
      false },
    { 0, "help", NULL, "say what the command does", OPTION_CALL, 0, NULL, false },
    { 0 },
};

/* All options of one command, as getopt_long() wants them. The ':' in front of the letters: it then
 * tells a missing value from an unknown option. */
struct tables {
    const struct option_spec *specs[OPTION_COUNT_MAX];
    struct option names[OPTION_COUNT_MAX + 1];
    char letters[3 * OPTION_COUNT_MAX + 2];
    size_t count;
};

static int code_of(const struct tables *tables, size_t index)
{
    int letter = tables->specs[index]->letter;

    return letter ? letter : OPTION_LONG_FIRST + (int)index;
}

static void tables_add(struct tables *tables, const struct option_spec *spec)
{
    for (; spec->name && tables->count < OPTION_COUNT_MAX; spec++) {
        char *letter = tables->letters + strlen(tables->letters);
        size_t index = tables->count++;

        tables->specs[index] = spec;
        tables->names[index] = (struct option){
            .name = spec->name,
            .has_arg = spec->value ? required_argument : no_argument,
            .val = code_of(tables, index),
        };
        if (!spec->letter)
            continue;
        *letter++ = (char)spec->letter;
        if (spec->value)
            *letter++ = ':';
    }
}

static void tables_fill(struct tables *tables, const struct cmd *cmd)
{
    *tables = (struct tables){ .letters = ":" };
    for (const struct option_spec *const *specs = cmd->options; specs && *specs; specs++)
        tables_add(tables, *specs);
    tables_add(tables, options_common);
}

static const struct option_spec *spec_find(const struct tables *tables, int code)
{
    for (size_t i = 0; i < tables->count; i++) {
        if (code_of(tables, i) == code)
            return tables->specs[i];
    }
    return NULL;
}

static int value_set(void *target, const struct option_spec *spec, const char *value,
                     struct err *err)
{
    void *field = (char *)target + spec->off;

    switch (spec->kind) {
    case OPTION_TEXT:
        if (*value == '\0')
            return err_set(err, "an empty value");
        free(*(char **)field);
        *(char **)field = xstrdup(value);
        return 0;
    case OPTION_LIST:
        strings_add(field, value);
        return 0;
    case OPTION_FLAG:
        *(bool *)field = true;
        return 0;
    case OPTION_NUMBER:
        return number_parse(field, value, NUMBER_MAX, err);
    case OPTION_MIB:
        return number_parse_mib(field, value, err);
    case OPTION_CALL:
        return spec->set ? spec->set(field, value, err) : 0;
    }
    return err_set(err, "unknown kind of option");
}

/* The option most like a word that begins with two dashes, or NULL. */
static const char *nearest_option(const struct tables *tables, const char *word)
{
    size_t len = strcspn(word + 2, "=");
    char *name = xstrndup(word + 2, len);
    size_t best = len < SUGGEST_DISTANCE_MAX + 1 ? len : SUGGEST_DISTANCE_MAX + 1;
    const char *nearest = NULL;

    for (size_t i = 0; i < tables->count; i++) {
        size_t distance = suggest_distance(name, tables->specs[i]->name);

        if (tables->specs[i]->about && distance < best) {
            best = distance;
            nearest = tables->specs[i]->name;
        }
    }
    free(name);
    return nearest;
}

/* Which option it was that getopt complained of. */
static int getopt_error(const struct tables *tables, int code, char **argv, struct err *err)
{
    const char *what = code == ':' ? "needs a value" : "is not known";
    const char *word = argv[optind - 1];
    const char *nearest;

    if (optopt > 0 && optopt < OPTION_LONG_FIRST && word[1] != '-') {
        err_set(err, "option '-%c' %s", optopt, what);
        return CMD_USAGE;
    }
    if (optopt != 0 && code != ':')
        what = "takes no value";
    err_set(err, "option '%s' %s", word, what);
    nearest = code == ':' || optopt != 0 ? NULL : nearest_option(tables, word);
    if (nearest)
        err_set(err, "option '%s' %s\nhint: did you mean '--%s'?", word, what, nearest);
    return CMD_USAGE;
}

/* Goes over the options once: for the early ones alone, or for all the rest. */
static int options_pass(void *target, const struct tables *tables, bool is_early, int argc,
                        char **argv, struct err *err)
{
    int code;

    optind = 0; /* glibc: start over. */
    opterr = 0;
    while ((code = getopt_long(argc, argv, tables->letters, tables->names, NULL)) != -1) {
        const struct option_spec *spec = spec_find(tables, code);

        if (!spec)
            return getopt_error(tables, code, argv, err);
        if (spec->is_early != is_early || value_set(target, spec, optarg, err) == 0)
            continue;
        err_prefix(err, "--%s", spec->name);
        return CMD_USAGE;
    }
    return 0;
}

/* The index of the first `--`, behind which everything is the program's. */
static int dashes_find(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0)
            return i;
    }
    return argc;
}

static int words_check(const struct words *words, struct words_limit limit, struct err *err)
{
    if (words->rest_count > 0 && !limit.takes_rest) {
        err_set(err, "nothing can follow '--' here");
    } else if (words->count < limit.min) {
        err_set(err, words->count == 0 ? "an argument is missing" : "too few arguments");
    } else if (words->count > limit.max) {
        err_set(err, "one argument too many: '%s'", words->items[limit.max]);
    } else {
        return 0;
    }
    return CMD_USAGE;
}

int options_parse_early(void *target, const struct cmd *cmd, int argc, char **argv, struct err *err)
{
    struct tables tables;

    tables_fill(&tables, cmd);
    return options_pass(target, &tables, true, dashes_find(argc, argv), argv, err);
}

int options_parse(void *target, const struct cmd *cmd, int argc, char **argv, struct words *words,
                  struct words_limit limit, struct err *err)
{
    struct tables tables;
    int dashes = dashes_find(argc, argv);
    int status;

    tables_fill(&tables, cmd);
    status = options_pass(target, &tables, false, dashes, argv, err);
    if (status != 0)
        return status;
    *words = (struct words){ .items = argv + optind, .count = (size_t)(dashes - optind) };
    if (dashes < argc) {
        words->rest = argv + dashes + 1;
        words->rest_count = (size_t)(argc - dashes - 1);
    }
    return words_check(words, limit, err);
}

void options_print(const struct option_spec *specs, FILE *out)
{
    for (; specs->name; specs++) {
        char letter[8] = "";
        char name[OPTION_NAME_MAX];

        if (!specs->about)
            continue;
        if (specs->letter)
            snprintf(letter, sizeof(letter), "-%c, ", specs->letter);
        snprintf(name, sizeof(name), "--%s %s", specs->name, specs->value ? specs->value : "");
        fprintf(out, "  %-4s%-*s ", letter, OPTION_COLUMNS, name);
        wrap_print_from(specs->about, OPTION_TEXT_COLUMN, out);
    }
}
