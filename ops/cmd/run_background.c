/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cmd/run_background.h"

#include "host/err.h"
#include "host/file.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/cmd/gdb_note.h"
#include "ops/cmd/instance/args.h"
#include "ops/config/settings.h"
#include "ops/image/kernel.h"
#include "ops/image/sysroot.h"
#include "ops/output/table.h"
#include "ops/provider/provider.h"
#include "ops/state/state.h"
#include "ops/store/build.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    TRIES = 20, /* Of names that others take meanwhile. */
};

static int names_find(struct strings *names, const struct provider *provider, struct err *err)
{
    struct provider_instances instances = { 0 };
    struct provider_images images = { 0 };
    int status = provider->instance_list(&instances, err);

    if (status == 0)
        status = provider->image_list(&images, err);
    for (size_t i = 0; i < instances.count; i++)
        strings_add(names, instances.items[i].name);
    for (size_t i = 0; i < images.count; i++)
        strings_add(names, images.items[i].name);
    provider_instances_fini(&instances);
    provider_images_fini(&images);
    return status;
}

/* A name that neither an image nor an instance has, to be freed; NULL with `err` set. */
static char *name_make(const struct settings *settings, const struct provider *provider,
                       struct err *err)
{
    const char *base = settings->image_name ? settings->image_name : path_base(settings->program);
    struct strings names = { 0 };
    char *name = NULL;

    if (settings->instance_name)
        return xstrdup(settings->instance_name);
    if (names_find(&names, provider, err) == 0) {
        for (unsigned number = 1; !name; number++) {
            name = xasprintf("%s.%u", base, number);
            if (strings_has(&names, name)) {
                free(name);
                name = NULL;
            }
        }
    }
    strings_fini(&names);
    return name;
}

static int image_make(const struct provider *provider, const struct settings *settings,
                      const char *name, struct err *err)
{
    char *path;
    int status;

    if (state_name_check("instance", name, err) < 0)
        return -1;
    path = state_tmp(name, err);
    status = path ? build_image(path, settings, err) : -1;
    if (status == 0)
        status = provider->image_create(settings, name, path, false, err);
    free(path);
    return status;
}

static int instance_make(const struct provider *provider, const struct settings *settings,
                         const char *name, struct err *err)
{
    struct settings launch = *settings; /* Borrows all but what is in the image already. */
    struct err ignored;
    int status = image_make(provider, settings, name, err);

    if (status < 0)
        return -1;
    launch.args = (struct strings){ .items = NULL };
    launch.envs = (struct strings){ .items = NULL };
    status = provider->instance_create(&launch, name, name, err);
    if (status < 0)
        (void)provider->image_delete(name, &ignored);
    return status;
}

/* Whether somebody else has taken a name of our making: the next one may be free. */
static bool is_lost(const struct settings *settings, const struct provider *provider,
                    const char *name)
{
    struct strings names = { 0 };
    struct err ignored;
    bool is_there = !settings->instance_name && names_find(&names, provider, &ignored) == 0 &&
                    strings_has(&names, name);

    strings_fini(&names);
    return is_there;
}

/* Where the program is on this machine: that of a package is below its sysroot. To be freed. */
static char *program_file(const struct settings *settings)
{
    char *under =
        settings->target_root ? sysroot_resolve(settings->target_root, settings->program) : NULL;

    if (under && access(under, R_OK) == 0)
        return under;
    free(under);
    return xstrdup(settings->program);
}

static int gdb_tell(const struct settings *settings, struct err *err)
{
    struct kernel_files files = { 0 };
    char *program = program_file(settings);
    int status = kernel_files_find(&files, settings->kernel, err);

    if (status == 0)
        status = gdb_note(program, files.kernel, settings, err);
    kernel_files_fini(&files);
    free(program);
    return status;
}

int run_background(const struct settings *settings, struct err *err)
{
    const struct provider *provider = provider_find("onprem", err);
    int status = -1;
    bool again = true;

    if (!provider || instance_settings_check(settings, err) < 0)
        return -1;
    for (int i = 0; again && i < TRIES; i++) {
        char *name = name_make(settings, provider, err);

        status = name ? instance_make(provider, settings, name, err) : -1;
        again = status < 0 && name && is_lost(settings, provider, name);
        if (status == 0)
            table_print_name("name", name, stdout);
        if (status == 0 && settings->debug)
            status = gdb_tell(settings, err);
        free(name);
    }
    return status;
}
