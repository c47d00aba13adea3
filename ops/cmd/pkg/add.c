/* SPDX-License-Identifier: Apache-2.0 */
/* pkg add: make a directory a package. */
#include "host/err.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/output/table.h"
#include "ops/pkg/adopt.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

struct add_args {
    char *name;
    char *version;
    bool replaces;
};

static int add_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct words_limit limit = { .min = 1, .max = 1 };
    struct add_args args = { 0 };
    struct words words;
    char *folder = NULL;
    int status = options_parse(&args, self, argc, argv, &words, limit, err);

    if (status == 0) {
        status = adopt(words.items[0], args.name, args.version, args.replaces, &folder, err);
        if (status < 0)
            (void)err_prefix(err, "cannot make a package of '%s'", words.items[0]);
    }
    if (status == 0)
        table_print_name("path", folder, stdout);
    free(folder);
    free(args.name);
    free(args.version);
    return status;
}

static const struct option_spec add_options[] = {
    { 0, "name", "NAME[:VERSION]", "the name of the package; else the directory's", OPTION_TEXT,
      offsetof(struct add_args, name), NULL, false },
    { 0, "version", "VERSION", "its version; else what package.json says", OPTION_TEXT,
      offsetof(struct add_args, version), NULL, false },
    { 0, "replace", NULL, "take the place of a package of that name and version", OPTION_FLAG,
      offsetof(struct add_args, replaces), NULL, false },
    { 0 },
};
static const struct option_spec *const options[] = { add_options, NULL };

const struct cmd cmd_pkg_add = {
    .name = "add",
    .usage = "[OPTION...] DIRECTORY",
    .about = "make a directory a package",
    .more =
        "The directory has package.json, with the keys of a configuration and \"Program\" the\n"
        "absolute path of the program in the machine, and sysroot/, with all that the image is\n"
        "to hold. OPS' own form is understood as well: package.manifest, and a program\n"
        "beside it. The directory is copied.",
    .examples = "  ops pkg add ./mypackage --name web:1.0",
    .options = options,
    .run = add_run,
};
