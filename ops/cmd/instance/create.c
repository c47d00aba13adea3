/* SPDX-License-Identifier: Apache-2.0 */
/* instance create: a machine that runs an image, and outlives ops. */
#include "host/err.h"
#include "host/file.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "lib/manifest/manifest.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cli/ui.h"
#include "ops/cmd/disk/place.h"
#include "ops/cmd/gdb_note.h"
#include "ops/cmd/instance/args.h"
#include "ops/config/cloud.h"
#include "ops/config/options.h"
#include "ops/config/settings.h"
#include "ops/image/kernel.h"
#include "ops/provider/provider.h"
#include "ops/state/state.h"
#include "ops/store/manifest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    TRIES = 20, /* Of names that others take meanwhile. */
};

static bool is_taken(const struct provider_instances *instances, const char *name)
{
    for (size_t i = 0; i < instances->count; i++) {
        if (strcmp(instances->items[i].name, name) == 0)
            return true;
    }
    return false;
}

/* A name that is free: IMAGE-1, IMAGE-2, ... To be freed; NULL with `err` set. */
static char *name_make(const struct provider *provider, const char *image, struct err *err)
{
    struct provider_instances instances = { 0 };
    const char *base = path_base(image);
    size_t len = strcspn(base, ".");
    char *name = NULL;

    if (provider->instance_list && provider->instance_list(&instances, err) < 0)
        return NULL;
    for (unsigned number = 1; !name; number++) {
        name = xasprintf("%.*s-%u", (int)len, base, number);
        if (is_taken(&instances, name)) {
            free(name);
            name = NULL;
        }
    }
    provider_instances_fini(&instances);
    return name;
}

/*
 * The program in an image, if a file of this computer lies where it does; else NULL. To be freed.
 */
static char *program_find(const char *image)
{
    struct image_manifest read = { .text = NULL };
    struct place place;
    struct err ignored;
    char *program = NULL;

    if (place_find(&place, STATE_IMAGES, image, false, &ignored) == 0 &&
        image_manifest_read(&read, place.path, &ignored) == 0 &&
        access(read.manifest->program, R_OK) == 0)
        program = xstrdup(read.manifest->program);
    image_manifest_fini(&read);
    place_fini(&place);
    return program;
}

static int gdb_tell(const struct settings *settings, const char *image, struct err *err)
{
    struct kernel_files files = { 0 };
    char *program = program_find(image);
    int status = kernel_files_find(&files, settings->kernel, err);

    if (status == 0) {
        status = gdb_note(program, files.kernel, settings, err);
        if (status < 0) /* What lies there is no program: the image's came from elsewhere. */
            status = gdb_note(NULL, files.kernel, settings, err);
    }
    kernel_files_fini(&files);
    free(program);
    return status;
}

static void result_print(const struct provider *provider, const char *name)
{
    struct provider_instances instances;
    struct err ignored;
    const struct provider_instance *instance = NULL;

    if (!ui.json) {
        printf("%s\n", name);
        return;
    }
    instance = instance_find(provider, name, &instances, &ignored);
    if (instance)
        instance_print(instance);
    provider_instances_fini(&instances);
}

/* Whether there is one of that name by now: somebody else was faster. */
static bool is_lost(const struct provider *provider, const char *name)
{
    struct provider_instances instances;
    struct err ignored;
    bool is_there = instance_find(provider, name, &instances, &ignored) != NULL;

    provider_instances_fini(&instances);
    return is_there;
}

/* Under a name that is free, whoever else is looking for one. */
static int unnamed_make(const struct provider *provider, const struct settings *settings,
                        const char *image, struct err *err)
{
    int status = -1;
    bool again = true;

    for (int i = 0; again && i < TRIES; i++) {
        char *name = name_make(provider, image, err);

        status = name ? provider->instance_create(settings, image, name, err) : -1;
        again = status < 0 && name && is_lost(provider, name);
        if (status == 0)
            result_print(provider, name);
        free(name);
    }
    return status;
}

static int instance_make(const struct settings *settings, const char *image, struct err *err)
{
    const char *target = settings->cloud.platform ? settings->cloud.platform : "onprem";
    const struct provider *provider = provider_find(target, err);

    if (!provider)
        return -1;
    if (!provider->instance_create)
        return provider_lacks(provider, "create instances", err);
    if (!settings->instance_name)
        return unnamed_make(provider, settings, image, err);
    if (provider->instance_create(settings, image, settings->instance_name, err) < 0)
        return -1;
    result_print(provider, settings->instance_name);
    return 0;
}

static int create_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct words_limit limit = { .min = 1, .max = 1, .takes_rest = true };
    struct settings settings;
    struct words words;
    int status;

    settings_init(&settings);
    status = settings_parse_words(&settings, self, argc, argv, &words, limit, err);
    if (status == 0) {
        for (size_t i = 0; i < words.rest_count; i++)
            strings_add(&settings.args, words.rest[i]);
        status = instance_settings_check(&settings, err);
        if (status == 0)
            status = instance_make(&settings, words.items[0], err);
        if (status == 0 && settings.debug)
            status = gdb_tell(&settings, words.items[0], err);
        if (status < 0)
            (void)err_prefix(err, "cannot create an instance of '%s'", words.items[0]);
    }
    settings_fini(&settings);
    return status;
}

static const struct option_spec create_options[] = {
    { 'i', "instance-name", "NAME", "what it is called; else IMAGE-1, IMAGE-2, ...", OPTION_TEXT,
      offsetof(struct settings, instance_name), NULL, false },
    { 't', "target-cloud", "NAME", "where it runs; onprem is this machine", OPTION_TEXT,
      offsetof(struct settings, cloud.platform), NULL, false },
    { 0, "kernel", "FILE", "the kernel; else the one beside ops", OPTION_TEXT,
      offsetof(struct settings, kernel), NULL, false },
    { 'b', "bridged", NULL, "tie it to a bridge of this machine", OPTION_FLAG,
      offsetof(struct settings, bridged), NULL, false },
    { 0, "bridgename", "NAME", "which bridge; br0 unless given", OPTION_TEXT,
      offsetof(struct settings, bridge_name), NULL, false },
    { 0, "tapname", "NAME", "tie it to a tap device that is there", OPTION_TEXT,
      offsetof(struct settings, tap_name), NULL, false },
    { 0 },
};

static const struct option_spec *const options[] = {
    options_config, create_options,     options_watch, options_machine,
    options_launch, options_unattended, NULL,
};

const struct cmd cmd_instance_create = {
    .name = "create",
    .usage = "[OPTION...] IMAGE [-- ARGUMENT...]",
    .about = "run an image in a machine that outlives this command",
    .more =
        "IMAGE is the name of an image, or a file with one. Environment, arguments, network and\n"
        "secrets given here are laid over what the image says; the image stays as it is.\n"
        "\n"
        "Prints the instance's name when its program runs. When the kernel panics or cannot start\n"
        "the program, says why and leaves no instance.\n"
        "\n"
        "With --debug the machine waits for gdb at every start; what --trace, --syscall-summary "
        "and\n"
        "--missing-files tell is in its log. A trace has what the program reads, secrets too.",
    .examples =
        "  ops instance create web -p 8080:80\n"
        "  ops instance create web -i web-blue -p 8081:80 -e MODE=test --secret key=key.pem",
    .options = options,
    .run = create_run,
};
