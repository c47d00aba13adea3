/* SPDX-License-Identifier: Apache-2.0 */
/* pkg from-deb: a package of a program of Debian. */
#include "ops/pkg/from_deb.h"

#include "host/err.h"
#include "host/strings.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cli/ui.h"
#include "ops/cmd/pkg/make.h"
#include "ops/pkg/draft.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct from_deb_args {
    char *name;
    char *version;
    char *program;
    struct strings args;
    struct strings envs;
    struct strings files;
    bool replaces;
    struct words words; /* What is made a package. */
};

static int env_set(void *field, const char *value, struct err *err)
{
    return strings_set_env(field, value) ? 0 : err_set(err, "'%s' is not NAME=VALUE", value);
}

static int package_fill(struct draft *draft, struct draft_info *info, void *context,
                        struct err *err)
{
    const struct from_deb_args *args = context;
    struct from_deb_wish wish = {
        .program = args->program, .args = args->args, .envs = args->envs, .files = args->files
    };
    struct strings warnings = { 0 };
    int status;

    for (size_t i = 0; i < args->words.count; i++)
        strings_add(&wish.words, args->words.items[i]);
    status = from_deb(draft, info, &wish, &warnings, err);
    if (status == 0)
        ui_warnings(&warnings);
    strings_fini(&warnings);
    strings_fini(&wish.words);
    return status;
}

static void args_fini(struct from_deb_args *args)
{
    free(args->name);
    free(args->version);
    free(args->program);
    strings_fini(&args->args);
    strings_fini(&args->envs);
    strings_fini(&args->files);
}

static int from_deb_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct words_limit limit = { .min = 1, .max = SIZE_MAX };
    struct from_deb_args args = { 0 };
    int status = options_parse(&args, self, argc, argv, &args.words, limit, err);

    if (status == 0) {
        struct make make = {
            .of = args.words.items[0],
            .name = args.name,
            .version = args.version,
            .replaces = args.replaces,
            .fill = package_fill,
            .context = &args,
        };

        status = make_package(&make, err);
    }
    args_fini(&args);
    return status;
}

#define FIELD(field) offsetof(struct from_deb_args, field)

static const struct option_spec from_deb_options[] = {
    { 0, "name", "NAME", "the name of the package; else Debian's", OPTION_TEXT, FIELD(name), NULL,
      false },
    { 0, "version", "VERSION", "its version; else Debian's", OPTION_TEXT, FIELD(version), NULL,
      false },
    { 0, "program", "PATH", "which program; else the one called as the package", OPTION_TEXT,
      FIELD(program), NULL, false },
    { 'a', "args", "ARG", "an argument of the program", OPTION_LIST, FIELD(args), NULL, false },
    { 'e', "envs", "NAME=VALUE", "a variable of its environment", OPTION_CALL, FIELD(envs), env_set,
      false },
    { 0, "file", "PATH", "one more file of the packages", OPTION_LIST, FIELD(files), NULL, false },
    { 0, "replace", NULL, "take the place of a package of that name and version", OPTION_FLAG,
      FIELD(replaces), NULL, false },
    { 0 },
};
static const struct option_spec *const options[] = { from_deb_options, NULL };

const struct cmd cmd_pkg_from_deb = {
    .name = "from-deb",
    .usage = "[OPTION...] NAME|FILE.deb...",
    .about = "make a package of a Debian package and what it depends on",
    .more = "apt is asked for the packages, and downloads and checks them; it needs no root, and\n"
            "nothing is installed. The program comes with the libraries and modules it needs, and\n"
            "with data and configuration of packages from the same source. No script of a package\n"
            "is run. Files of packages that depend on nothing are taken without apt.",
    .examples = "  ops pkg from-deb nginx-light -a -g -a 'daemon off; master_process off;'\n"
                "  ops pkg from-deb ./mine_1.0_amd64.deb --program /usr/bin/mine",
    .options = options,
    .run = from_deb_run,
};
