/* SPDX-License-Identifier: Apache-2.0 */
/* build: pack a program into a disk image. */
#include "ops/store/build.h"
#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/config/options.h"
#include "ops/config/settings.h"
#include "ops/output/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* Where the image goes, to be freed. */
static char *output_path(const struct settings *settings)
{
    const char *name = settings->image_name ? settings->image_name : path_base(settings->program);
    const char *dir = settings->build_dir;

    if (settings->output)
        return xstrdup(settings->output);
    return xasprintf("%s%s%s.img", dir ? dir : "", dir ? "/" : "", name);
}

static int build_here(const struct settings *settings, struct err *err)
{
    char *path = output_path(settings);
    int status = build_image(path, settings, err);

    if (status == 0)
        table_print_name("path", path, stdout);
    free(path);
    return status;
}

static int build_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct settings settings;
    int status;

    settings_init(&settings);
    status = settings_parse_image(&settings, self, argc, argv, err);
    if (status == 0 && build_here(&settings, err) < 0)
        status = err_prefix(err, "cannot build an image of '%s'", settings.program);
    settings_fini(&settings);
    return status;
}

static const struct option_spec build_options[] = {
    { 'o', "output", "FILE", "where the image goes; else NAME.img", OPTION_TEXT,
      offsetof(struct settings, output), NULL, false },
    { 0 },
};

static const struct option_spec *const options[] = {
    options_config, build_options, options_build, options_launch, NULL,
};

const struct cmd cmd_build = {
    .name = "build",
    .usage = "[OPTION...] PROGRAM [-- ARGUMENT...]",
    .about = "pack a program and its libraries into a bootable disk image",
    .options = options,
    .run = build_run,
};
