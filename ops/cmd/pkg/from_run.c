/* SPDX-License-Identifier: Apache-2.0 */
/* pkg from-run: a package of a program of this machine. */
#include "host/err.h"
#include "host/strings.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cli/ui.h"
#include "ops/cmd/pkg/make.h"
#include "ops/config/options.h"
#include "ops/config/settings.h"
#include "ops/pkg/draft.h"
#include "ops/pkg/from.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/* The settings come first, so that tables of options for them fit. */
struct from_run_args {
    struct settings settings;
    char *name;
    bool replaces;
};

static int package_fill(struct draft *draft, struct draft_info *info, void *context,
                        struct err *err)
{
    const struct from_run_args *args = context;
    struct strings warnings = { 0 };
    int status;

    if (!info->name)
        info->name = from_name(args->settings.program);
    status = from_settings(draft, info, &args->settings, &warnings, err);
    if (status == 0)
        ui_warnings(&warnings);
    strings_fini(&warnings);
    return status;
}

static int from_run_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct from_run_args args = { .name = NULL };
    int status;

    settings_init(&args.settings);
    status = settings_parse(&args.settings, self, argc, argv, err);
    if (status == 0) {
        struct make make = {
            .of = args.settings.program,
            .name = args.name,
            .replaces = args.replaces,
            .fill = package_fill,
            .context = &args,
        };

        status = make_package(&make, err);
    }
    free(args.name);
    settings_fini(&args.settings);
    return status;
}

static const struct option_spec from_run_options[] = {
    { 0, "name", "NAME", "the name of the package; else the program's", OPTION_TEXT,
      offsetof(struct from_run_args, name), NULL, false },
    { 0, "version", "VERSION", "its version", OPTION_TEXT,
      offsetof(struct from_run_args, settings.version), NULL, false },
    { 0, "replace", NULL, "take the place of a package of that name and version", OPTION_FLAG,
      offsetof(struct from_run_args, replaces), NULL, false },
    { 0 },
};
static const struct option_spec *const options[] = {
    options_config, from_run_options, options_build, options_launch, NULL,
};

const struct cmd cmd_pkg_from_run = {
    .name = "from-run",
    .usage = "[OPTION...] PROGRAM [-- ARGUMENT...]",
    .about = "make a package of a program of this computer, with its libraries and files",
    .more = "The package holds what an image of the program would: `ops run --package` needs\n"
            "nothing else of this computer. It prints the name of the package.",
    .examples = "  ops pkg from-run --name web --version 1.0 ./server -- -p 8080\n"
                "  ops run --package web",
    .options = options,
    .run = from_run_run,
};
