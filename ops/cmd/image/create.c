/* SPDX-License-Identifier: Apache-2.0 */
/* image create: pack a program into an image that is kept. */
#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/config/options.h"
#include "ops/config/settings.h"
#include "ops/output/table.h"
#include "ops/provider/provider.h"
#include "ops/state/state.h"
#include "ops/store/build.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* What it is called, to be freed. */
static char *name_of(const struct settings *settings)
{
    const char *name = settings->image_name ? settings->image_name : settings->package;

    return xstrdup(name ? name : path_base(settings->program));
}

/* Builds it where nobody looks, and has the provider take it in. */
static int image_make(const struct provider *provider, const struct settings *settings,
                      const char *name, bool replace, struct err *err)
{
    struct err ignored = { 0 };
    char *path = state_tmp(name, err);
    int status;

    if (!path)
        return -1;
    status = build_image(path, settings, err);
    if (status == 0)
        status = provider->image_create(settings, name, path, replace, err);
    (void)state_remove(path, &ignored);
    free(path);
    return status;
}

static int image_create(const struct settings *settings, struct err *err)
{
    const char *target = settings->cloud.platform ? settings->cloud.platform : "onprem";
    const struct provider *provider = provider_find(target, err);
    char *name;
    int status;

    if (!provider)
        return -1;
    if (!provider->image_create)
        return provider_lacks(provider, "create images", err);
    name = name_of(settings);
    status = state_name_check("image", name, err);
    if (status == 0)
        status = image_make(provider, settings, name, settings->replaces, err);
    if (status == 0)
        table_print_name("name", name, stdout);
    free(name);
    return status;
}

static int create_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct settings settings;
    int status;

    settings_init(&settings);
    status = settings_parse(&settings, self, argc, argv, err);
    if (status == 0 && image_create(&settings, err) < 0)
        status = err_prefix(err, "cannot create an image");
    settings_fini(&settings);
    return status;
}

static const struct option_spec create_options[] = {
    { 't', "target-cloud", "NAME", "where the image goes; onprem is this machine", OPTION_TEXT,
      offsetof(struct settings, cloud.platform), NULL, false },
    { 0, "replace", NULL, "take the place of an image of that name", OPTION_FLAG,
      offsetof(struct settings, replaces), NULL, false },
    { 0 },
};

static const struct option_spec *const options[] = {
    options_config, create_options, options_build, options_launch, NULL,
};

const struct cmd cmd_image_create = {
    .name = "create",
    .usage = "[OPTION...] [PROGRAM [-- ARGUMENT...]]",
    .about = "pack a program and its libraries into an image that is kept",
    .more = "The image is called as -i says, else like the program. Its name is printed.\n"
            "\n"
            "`ops build` makes the same image as a file in the current directory.",
    .examples = "  ops image create ./server -i web -- --port 80\n"
                "  ops image create -c config.json ./server -i web --replace",
    .options = options,
    .run = create_run,
};
