/* SPDX-License-Identifier: Apache-2.0 */
/* build: pack a program into a disk image. */
#include "host/err.h"
#include "host/file.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cli/ui.h"
#include "ops/config/options.h"
#include "ops/config/settings.h"
#include "ops/image/image.h"
#include "ops/image/kernel.h"
#include "ops/image/root.h"
#include "ops/image/tree.h"

#include <stdio.h>
#include <stdlib.h>

/* Where the image goes, to be freed. */
static char *output_path(const struct settings *settings)
{
    if (settings->output)
        return xstrdup(settings->output);
    if (settings->image_name)
        return xasprintf("%s.img", settings->image_name);
    return xasprintf("%s.img", path_base(settings->program));
}

static int image_build(const char *path, const struct settings *settings,
                       const struct kernel_files *files, struct err *err)
{
    struct image_size size = { 0 };
    struct root root;
    int status = root_init(&root, settings, err);

    if (status == 0) {
        struct image_spec spec = {
            .kernel = files->kernel,
            .loader = files->loader,
            .tree = &root.tree,
        };

        status = image_write(path, &spec, &size, err);
    }
    for (size_t i = 0; i < root.notes.count && status == 0; i++)
        fprintf(stderr, "ops: note: %s\n", root.notes.items[i]);
    for (size_t i = 0; i < root.reasons.count && status == 0 && ui.is_verbose; i++)
        fprintf(stderr, "ops: %s\n", root.reasons.items[i]);
    for (size_t i = 0; i < root.warnings.count && status == 0 && ui.is_verbose; i++)
        fprintf(stderr, "ops: warning: %s\n", root.warnings.items[i]);
    if (status == 0 && ui.is_verbose) {
        fprintf(stderr, "ops: %zu files and directories, %llu KiB; a disk of %llu MiB\n",
                root.tree.count, (unsigned long long)size.content >> 10,
                (unsigned long long)size.disk >> 20);
    }
    root_fini(&root);
    return status;
}

static int build_image(const struct settings *settings, struct err *err)
{
    struct kernel_files files = { 0 };
    char *path = output_path(settings);
    int status = kernel_files_find(&files, settings->kernel, err);

    if (status == 0)
        status = image_build(path, settings, &files, err);
    if (status == 0)
        printf("%s\n", path);
    kernel_files_fini(&files);
    free(path);
    return status;
}

static int build_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct settings settings;
    int status;

    settings_init(&settings);
    status = settings_parse(&settings, self, argc, argv, err);
    if (status == 0 && build_image(&settings, err) < 0)
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
