/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/deploy/deploy.h"

#include "host/err.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/cli/number.h"
#include "ops/cli/ui.h"
#include "ops/config/ports.h"
#include "ops/config/settings.h"
#include "ops/deploy/health.h"
#include "ops/provider/provider.h"
#include "ops/state/state.h"
#include "ops/store/build.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    NUMBER_MAX = 1000000000,
};

/* What there is of a deployment before a new one. */
struct versions {
    struct strings instances; /* NAME-N */
    struct strings images;
    uint64_t last; /* The greatest N of both. */
};

/* The N of NAME-N; 0: it is none of the deployment's. */
static uint64_t number_of(const char *deployment, const char *name)
{
    size_t len = strlen(deployment);
    struct err ignored;
    uint64_t number = 0;

    if (strncmp(name, deployment, len) != 0 || name[len] != '-')
        return 0;
    if (number_parse(&number, name + len + 1, NUMBER_MAX, &ignored) < 0)
        return 0;
    return number;
}

static void version_add(struct versions *versions, struct strings *names, const char *deployment,
                        const char *name)
{
    uint64_t number = number_of(deployment, name);

    if (number == 0)
        return;
    strings_add(names, name);
    if (number > versions->last)
        versions->last = number;
}

static int versions_find(struct versions *versions, const struct deploy *deploy, struct err *err)
{
    struct provider_instances instances = { 0 };
    struct provider_images images = { 0 };
    int status = deploy->provider->instance_list(&instances, err);

    for (size_t i = 0; i < instances.count; i++)
        version_add(versions, &versions->instances, deploy->name, instances.items[i].name);
    if (status == 0)
        status = deploy->provider->image_list(&images, err);
    for (size_t i = 0; i < images.count; i++)
        version_add(versions, &versions->images, deploy->name, images.items[i].name);
    provider_instances_fini(&instances);
    provider_images_fini(&images);
    return status;
}

static int image_make(const struct deploy *deploy, const char *name, struct err *err)
{
    char *path = state_tmp(name, err);
    int status = path ? build_image(path, deploy->settings, err) : -1;

    if (status == 0)
        status = deploy->provider->image_create(deploy->settings, name, path, false, err);
    free(path);
    return status;
}

static void ports_hide(struct ports *ports)
{
    for (size_t i = 0; i < ports->count; i++)
        ports->items[i].host = 0;
}

/* Starts the new version where nobody finds it. */
static int instance_make(const struct deploy *deploy, const char *name, struct err *err)
{
    struct settings hidden = *deploy->settings; /* Borrows all but its numbers. */

    ports_hide(&hidden.ports);
    ports_hide(&hidden.udp_ports);
    /* They are in its image. */
    hidden.args = (struct strings){ .items = NULL };
    hidden.envs = (struct strings){ .items = NULL };
    return deploy->provider->instance_create(&hidden, name, name, err);
}

/* Waits until it is well and lets it serve. */
static int instance_promote(const struct deploy *deploy, const struct versions *versions,
                            const char *name, struct err *err)
{
    ui_note("'%s' runs; waiting until it is well", name);
    if (health_wait(deploy, name, err) < 0)
        return -1;
    return deploy->provider->instance_switch(deploy->settings, &versions->instances, name, err);
}

/* The new one serves: what is left of the old ones is no failure any more, but worth a word. */
static void old_remove(const struct deploy *deploy, const struct versions *versions)
{
    for (size_t i = 0; i < versions->instances.count; i++) {
        const char *name = versions->instances.items[i];
        struct err err = { 0 };

        if (deploy->provider->instance_stop)
            (void)deploy->provider->instance_stop(name, deploy->grace_ms, &err);
        if (deploy->provider->instance_delete(name, &err) < 0) {
            ui_note("warning: cannot remove '%s': %s", name, err.text);
        } else {
            ui_note("'%s' is removed", name);
        }
    }
    for (size_t i = 0; i < versions->images.count; i++) {
        struct err err = { 0 };

        if (deploy->provider->image_delete(versions->images.items[i], &err) < 0)
            ui_note("warning: cannot remove image '%s': %s", versions->images.items[i], err.text);
    }
}

/* What fails takes away what it made, and nothing else: another deployment may be under way. */
static int replace(const struct deploy *deploy, const struct versions *versions, const char *name,
                   struct err *err)
{
    struct err ignored;
    int status;

    if (image_make(deploy, name, err) < 0)
        return -1;
    status = instance_make(deploy, name, err);
    if (status == 0) {
        status = instance_promote(deploy, versions, name, err);
        if (status < 0)
            (void)deploy->provider->instance_delete(name, &ignored);
    }
    if (status < 0) {
        (void)deploy->provider->image_delete(name, &ignored);
        return -1;
    }
    ui_note("'%s' serves now", name);
    old_remove(deploy, versions);
    return 0;
}

static int provider_check(const struct provider *provider, struct err *err)
{
    if (!provider->image_create || !provider->image_list || !provider->image_delete)
        return provider_lacks(provider, "keep images", err);
    if (!provider->instance_create || !provider->instance_list || !provider->instance_delete)
        return provider_lacks(provider, "run instances", err);
    if (!provider->instance_answers || !provider->instance_switch)
        return provider_lacks(provider, "deploy", err);
    return 0;
}

int deploy_run(const struct deploy *deploy, char **instance, struct err *err)
{
    struct versions versions = { .last = 0 };
    int status = provider_check(deploy->provider, err);

    *instance = NULL;
    if (status == 0)
        status = versions_find(&versions, deploy, err);
    if (status == 0) {
        *instance = xasprintf("%s-%llu", deploy->name, (unsigned long long)versions.last + 1);
        status = state_name_check("instance", *instance, err);
    }
    if (status == 0)
        status = replace(deploy, &versions, *instance, err);
    strings_fini(&versions.instances);
    strings_fini(&versions.images);
    return status;
}
