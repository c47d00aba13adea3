/* SPDX-License-Identifier: Apache-2.0 */
/* IWYU pragma: no_include <bits/getopt_core.h> */
#include "ops/options.h"

#include "host/err.h"
#include "host/strings.h"
#include "ops/config/config.h"
#include "ops/config/ports.h"
#include "ops/config/settings.h"

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    OPTION_LONG_FIRST = 256, /* Options without a letter count from here. */
    OPTION_COUNT_MAX = 32,
    TIMEOUT_MAX_S = 86400,
    USAGE_ERROR = -2,
};

enum option_kind {
    OPTION_CONFIG,
    OPTION_TEXT,
    OPTION_LIST,
    OPTION_ENV,
    OPTION_PORTS,
    OPTION_SIZE,
    OPTION_NUMBER,
    OPTION_FLAG,
};

struct option_spec {
    int letter; /* 0: none. */
    const char *name;
    const char *value; /* What stands for its value in help; NULL: it takes none. */
    const char *about;
    enum option_kind kind;
    unsigned commands;
    size_t off; /* Of the field in `struct settings`. */
};

#define FIELD(field) offsetof(struct settings, field)

enum {
    BOTH = OPTIONS_BUILD | OPTIONS_RUN,
};

static const struct option_spec specs[] = {
    { 'c', "config", "FILE", "read a configuration", OPTION_CONFIG, BOTH, 0 },
    { 'a', "args", "ARG", "an argument of the program", OPTION_LIST, BOTH, FIELD(args) },
    { 'e', "envs", "NAME=VALUE", "a variable of its environment", OPTION_ENV, BOTH, FIELD(envs) },
    { 'r', "target-root", "DIR", "look up the program, files and libraries below DIR", OPTION_TEXT,
      BOTH, FIELD(target_root) },
    { 'i', "imagename", "NAME", "what the image is called", OPTION_TEXT, BOTH, FIELD(image_name) },
    { 0, "kernel", "FILE", "the kernel; else the one beside ops", OPTION_TEXT, BOTH,
      FIELD(kernel) },
    { 'v', "verbose", NULL, "say what is done and how long it takes", OPTION_FLAG, BOTH,
      FIELD(verbose) },
    { 'o', "output", "FILE", "where the image goes; else NAME.img", OPTION_TEXT, OPTIONS_BUILD,
      FIELD(output) },
    { 'p', "port", "HOST:GUEST", "forward a port; also PORT, ranges A-B and lists with commas",
      OPTION_PORTS, OPTIONS_RUN, FIELD(ports) },
    { 'm', "memory", "SIZE", "memory: 128M, 1G, a plain number is MiB", OPTION_SIZE, OPTIONS_RUN,
      FIELD(memory_mib) },
    { 0, "smp", "N", "how many CPUs", OPTION_NUMBER, OPTIONS_RUN, FIELD(cpus) },
    { 0, "accel", "KIND", "kvm, tcg, or auto: kvm where it works", OPTION_TEXT, OPTIONS_RUN,
      FIELD(accel) },
    { 0, "machine", "KIND", "microvm or q35", OPTION_TEXT, OPTIONS_RUN, FIELD(machine) },
    { 0, "cpu", "MODEL", "QEMU's CPU model", OPTION_TEXT, OPTIONS_RUN, FIELD(cpu_model) },
    { 0, "append", "TEXT", "more words for the kernel's command line", OPTION_TEXT, OPTIONS_RUN,
      FIELD(append) },
    { 0, "timeout", "SECONDS", "end the machine after so long", OPTION_NUMBER, OPTIONS_RUN,
      FIELD(timeout_s) },
    { 0, "dry-run", NULL, "print the QEMU command and do nothing", OPTION_FLAG, OPTIONS_RUN,
      FIELD(dry_run) },
};

enum {
    SPEC_COUNT = sizeof(specs) / sizeof(specs[0]),
};

_Static_assert((int)SPEC_COUNT < (int)OPTION_COUNT_MAX, "room for the end of the table");

static int spec_code(size_t index)
{
    return specs[index].letter ? specs[index].letter : OPTION_LONG_FIRST + (int)index;
}

/* The tables getopt_long() wants. */
struct getopt_tables {
    char letters[3 * SPEC_COUNT + 2];
    struct option names[OPTION_COUNT_MAX];
};

/* The ':' in front: getopt tells a missing value from an unknown option. */
static void tables_fill(struct getopt_tables *tables, enum options_for command)
{
    char *letter = tables->letters;
    size_t count = 0;

    *letter++ = ':';
    for (size_t i = 0; i < SPEC_COUNT; i++) {
        if (!(specs[i].commands & command))
            continue;
        tables->names[count++] = (struct option){
            .name = specs[i].name,
            .has_arg = specs[i].value ? required_argument : no_argument,
            .val = spec_code(i),
        };
        if (specs[i].letter) {
            *letter++ = (char)specs[i].letter;
            if (specs[i].value)
                *letter++ = ':';
        }
    }
    *letter = '\0';
    tables->names[count] = (struct option){ 0 };
}

static const struct option_spec *spec_find(int code)
{
    for (size_t i = 0; i < SPEC_COUNT; i++) {
        if (spec_code(i) == code)
            return &specs[i];
    }
    return NULL;
}

static int number_set(uint64_t *field, const char *value, const char *name, struct err *err)
{
    if (settings_parse_number(field, value, TIMEOUT_MAX_S, err) < 0)
        return err_prefix(err, "--%s", name);
    return 0;
}

static int value_set(struct settings *settings, const struct option_spec *spec, const char *value,
                     struct err *err)
{
    void *field = (char *)settings + spec->off;

    switch (spec->kind) {
    case OPTION_CONFIG:
        return 0; /* Read before. */
    case OPTION_TEXT:
        if (*value == '\0')
            return err_set(err, "--%s: an empty value", spec->name);
        settings_set(field, value);
        return 0;
    case OPTION_LIST:
        strings_add(field, value);
        return 0;
    case OPTION_ENV:
        if (!strings_set_env(field, value))
            return err_set(err, "--%s: '%s' is not NAME=VALUE", spec->name, value);
        return 0;
    case OPTION_PORTS:
        return ports_parse(field, value, err) < 0 ? err_prefix(err, "--%s", spec->name) : 0;
    case OPTION_SIZE:
        return settings_parse_mib(field, value, err) < 0 ? err_prefix(err, "--%s", spec->name) : 0;
    case OPTION_NUMBER:
        return number_set(field, value, spec->name, err);
    case OPTION_FLAG:
        *(bool *)field = true;
        return 0;
    }
    return err_set(err, "unknown kind of option");
}

/* Which option it was that getopt complained of. */
static int getopt_error(int code, char **argv, struct err *err)
{
    const char *what = code == ':' ? "needs a value" : "is not known";

    if (optopt > 0 && optopt < OPTION_LONG_FIRST && argv[optind - 1][1] != '-') {
        err_set(err, "option '-%c' %s", optopt, what);
    } else {
        err_set(err, "option '%s' %s", argv[optind - 1], what);
    }
    return USAGE_ERROR;
}

/* Goes over the options once: for the configuration alone, or for all the rest. */
static int options_pass(struct settings *settings, const struct getopt_tables *tables, bool config,
                        int argc, char **argv, struct err *err)
{
    int code;

    optind = 0; /* glibc: start over. */
    opterr = 0;
    while ((code = getopt_long(argc, argv, tables->letters, tables->names, NULL)) != -1) {
        const struct option_spec *spec = spec_find(code);

        if (!spec)
            return getopt_error(code, argv, err);
        if (config && spec->kind == OPTION_CONFIG && config_read(settings, optarg, err) < 0)
            return -1;
        if (!config && value_set(settings, spec, optarg, err) < 0)
            return USAGE_ERROR;
    }
    return 0;
}

/* What is left: PROGRAM and arguments. `dashes` is where `--` stands, `argc` if nowhere. */
static int rest_set(struct settings *settings, int dashes, int argc, char **argv, struct err *err)
{
    int next = optind;

    if (next < dashes)
        settings_set(&settings->program, argv[next++]);
    for (; next < dashes; next++)
        strings_add(&settings->args, argv[next]);
    for (next = dashes + 1; next < argc; next++)
        strings_add(&settings->args, argv[next]);
    if (!settings->program) {
        err_set(err, "no program is given");
        return USAGE_ERROR;
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

int options_parse(struct settings *settings, enum options_for command, int argc, char **argv,
                  struct err *err)
{
    struct getopt_tables tables = { 0 };
    int dashes = dashes_find(argc, argv);
    int status;

    tables_fill(&tables, command);
    status = options_pass(settings, &tables, true, dashes, argv, err);
    if (status == 0)
        status = options_pass(settings, &tables, false, dashes, argv, err);
    if (status == 0)
        status = rest_set(settings, dashes, argc, argv, err);
    return status == 0 ? settings_check(settings, err) : status;
}

void options_print(enum options_for command, FILE *out)
{
    for (size_t i = 0; i < SPEC_COUNT; i++) {
        char letter[8] = "    ";
        char name[48];

        if (!(specs[i].commands & command))
            continue;
        if (specs[i].letter)
            snprintf(letter, sizeof(letter), "-%c, ", specs[i].letter);
        snprintf(name, sizeof(name), "--%s %s", specs[i].name,
                 specs[i].value ? specs[i].value : "");
        fprintf(out, "  %s%-26s %s\n", letter, name, specs[i].about);
    }
}
