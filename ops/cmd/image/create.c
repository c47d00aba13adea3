/* SPDX-License-Identifier: Apache-2.0 */
/* image create: pack a program into an image that is kept. */
#include "host/err.h"
#include "host/file.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cli/ui.h"
#include "ops/config/cloud.h"
#include "ops/config/options.h"
#include "ops/config/settings.h"
#include "ops/image/mounts.h"
#include "ops/output/table.h"
#include "ops/provider/provider.h"
#include "ops/state/state.h"
#include "ops/store/build.h"
#include "ops/store/learn.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MISSING_SHOWN_MAX = 20,
};

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

/* Made by ops, or of this machine alone: an image has its own. */
static bool is_own(const struct settings *settings, const char *path)
{
    static const char *const own[] = {
        "/etc/group",       "/etc/host.conf", "/etc/hostname",      "/etc/hosts",
        "/etc/ld.so.cache", "/etc/gshadow",   "/etc/nsswitch.conf", "/etc/passwd",
        "/etc/resolv.conf", "/etc/shadow",    "/etc/machine-id",
    };

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (strcmp(path, own[i]) == 0)
            return true;
    }
    return mounts_find(settings, path) != NULL;
}

/* What was opened, as far as it is here and may be read. */
static size_t files_take(struct settings *settings, const struct learned *learned)
{
    size_t count = 0;

    for (size_t i = 0; i < learned->opened.count; i++) {
        const char *path = learned->opened.items[i];
        char *here = xasprintf("%s%s", settings->target_root ? settings->target_root : "", path);

        if (!is_own(settings, path) && access(here, R_OK) == 0) {
            strings_add(&settings->files, path);
            count++;
        }
        free(here);
    }
    return count;
}

/* What programs look for in vain in every run says nothing of this one. */
static void missing_tell(const struct settings *settings, const struct learned *learned)
{
    size_t count = 0;

    for (size_t i = 0; i < learned->missing.count; i++) {
        if (is_own(settings, learned->missing.items[i]))
            continue;
        if (ui.is_verbose || count < MISSING_SHOWN_MAX)
            ui_note("asked for, and not there: '%s'", learned->missing.items[i]);
        count++;
    }
    if (!ui.is_verbose && count > MISSING_SHOWN_MAX)
        ui_note("and %zu more: -v shows them", count - MISSING_SHOWN_MAX);
}

/* Finds out by a run which files the program uses. Returns as learn_run() does. */
static int files_learn(struct settings *settings, struct err *err)
{
    struct learned learned;
    int status = learn_run(&learned, settings, &settings->client, err);

    if (status == 0) {
        size_t count = files_take(settings, &learned);

        ui_note("the run used %zu files and directories", count);
        missing_tell(settings, &learned);
        settings->is_learned = true;
    }
    learned_fini(&learned);
    return status;
}

static int image_create(struct settings *settings, struct err *err)
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
    if (status == 0 && settings->learns)
        status = files_learn(settings, err);
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
    status = settings_parse_image(&settings, self, argc, argv, err);
    if (status == 0) {
        status = image_create(&settings, err);
        if (status < 0)
            err_prefix(err, "cannot create an image");
    }
    settings_fini(&settings);
    return status;
}

static const struct option_spec create_options[] = {
    { 't', "target-cloud", "NAME", "where the image goes; onprem is this machine", OPTION_TEXT,
      offsetof(struct settings, cloud.platform), NULL, false },
    { 0, "replace", NULL, "take the place of an image of that name", OPTION_FLAG,
      offsetof(struct settings, replaces), NULL, false },
    { 0, "learn", NULL, "put in what a run of the program opens, with a client behind --",
      OPTION_FLAG, offsetof(struct settings, learns), NULL, false },
    { 0, "timeout", "SECONDS", "end that run after so long", OPTION_NUMBER,
      offsetof(struct settings, timeout_s), NULL, false },
    { 0 },
};

static const struct option_spec *const options[] = {
    options_config, create_options, options_machine, options_build, options_launch, NULL,
};

const struct cmd cmd_image_create = {
    .name = "create",
    .usage = "[OPTION...] [PROGRAM [-- ARGUMENT...]]",
    .about = "pack a program and its libraries into an image that is kept",
    .more =
        "The image is called as -i says, else like the program. Its name is printed.\n"
        "\n"
        "With --learn the program runs once in a machine that has the files of this computer,\n"
        "read-only. What is behind `--` is then a command of this computer that makes use of it,\n"
        "once it is quiet; the run ends with that command, or with the program if there is none.\n"
        "The image gets the files that were opened and no others; those that were asked for and\n"
        "are not there are told. Arguments of the program are given by -a, ports by -p.\n"
        "\n"
        "`ops build` makes the same image as a file in the current directory.",
    .examples = "  ops image create ./server -i web -- --port 80\n"
                "  ops image create -c config.json ./server -i web --replace\n"
                "  ops image create --learn -p 8080:80 /usr/sbin/nginx -i web -- \\\n"
                "      curl --retry 5 http://127.0.0.1:8080/",
    .options = options,
    .run = create_run,
};
