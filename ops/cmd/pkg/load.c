/* SPDX-License-Identifier: Apache-2.0 */
/* pkg load: run a package; the same as run --package. */
#include "host/err.h"
#include "host/strings.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/config/options.h"
#include "ops/config/settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern const struct cmd cmd_run;

/* `run`, with the package as an option and all else as it was. */
static int package_run(const char *package, int argc, char **argv, struct err *err)
{
    struct strings words = { 0 };
    bool is_taken = false;
    int status;

    strings_add(&words, "run");
    strings_add(&words, "--package");
    strings_add(&words, package);
    for (int i = 1; i < argc; i++) {
        if (is_taken || argv[i] != package)
            strings_add(&words, argv[i]);
        is_taken |= argv[i] == package;
    }
    status = cmd_run.run(&cmd_run, (int)words.count, words.items, err);
    strings_fini(&words);
    return status;
}

/* The options are parsed only to see which word is none of theirs. */
static int load_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct words_limit limit = { .max = SIZE_MAX, .takes_rest = true };
    struct settings settings;
    struct words words;
    int status;

    settings_init(&settings);
    status = options_parse(&settings, self, argc, argv, &words, limit, err);
    settings_fini(&settings);
    if (status != 0)
        return status;
    if (words.count == 0) {
        err_set(err, "no package is given");
        return CMD_USAGE;
    }
    return package_run(words.items[0], argc, argv, err);
}

static const struct option_spec *const options[] = {
    options_config, options_machine, options_attended, options_launch, options_build, NULL,
};

const struct cmd cmd_pkg_load = {
    .name = "load",
    .usage = "PACKAGE [OPTION...] [-- ARGUMENT...]",
    .about = "run a package in a machine of its own on this computer",
    .more = "The same as `ops run --package PACKAGE`, whose options it takes. Arguments are added\n"
            "to those of the package.",
    .examples = "  ops pkg load nginx:1.25 -p 8080:80",
    .options = options,
    .run = load_run,
};
