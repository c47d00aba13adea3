/* SPDX-License-Identifier: Apache-2.0 */
/* pkg load: run a package; the same as run --package. */
#include "host/err.h"
#include "host/strings.h"
#include "ops/cli/cmd.h"
#include "ops/config/options.h"

#include <stddef.h>

extern const struct cmd cmd_run;

/* The first word is the package, wherever options stand: OPS has it in front. */
static int load_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct strings words = { 0 };
    int status;

    (void)self;
    if (argc < 2 || argv[1][0] == '-') {
        err_set(err, "no package is given: ops pkg load PACKAGE [OPTION...]");
        return CMD_USAGE;
    }
    strings_add(&words, "run");
    strings_add(&words, "--package");
    for (int i = 1; i < argc; i++)
        strings_add(&words, argv[i]);
    status = cmd_run.run(&cmd_run, (int)words.count, words.items, err);
    strings_fini(&words);
    return status;
}

static const struct option_spec *const options[] = {
    options_config, options_machine, options_launch, options_build, NULL,
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
