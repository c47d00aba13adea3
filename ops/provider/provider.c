/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/provider/provider.h"

#include "host/err.h"
#include "ops/provider/local/local.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const struct provider *const provider_list[] = { &provider_local, NULL };

const char *instance_state_name(enum instance_state state)
{
    static const char *const names[] = {
        [INSTANCE_STARTING] = "starting", [INSTANCE_RUNNING] = "running",
        [INSTANCE_HELD] = "held",         [INSTANCE_STOPPING] = "stopping",
        [INSTANCE_EXITED] = "exited",     [INSTANCE_FAILED] = "failed",
    };

    return names[state];
}

const struct provider *provider_find(const char *name, struct err *err)
{
    if (strcmp(name, "local") == 0)
        return &provider_local;
    for (const struct provider *const *provider = provider_list; *provider; provider++) {
        if (strcmp((*provider)->name, name) == 0)
            return *provider;
    }
    err_set(err, "there is no provider '%s'\nhint: -t %s is %s", name, provider_local.name,
            provider_local.about);
    return NULL;
}

int provider_lacks(const struct provider *provider, const char *what, struct err *err)
{
    return err_set(err, "provider '%s' cannot %s", provider->name, what);
}

void provider_images_fini(struct provider_images *images)
{
    for (size_t i = 0; i < images->count; i++) {
        free(images->items[i].name);
        free(images->items[i].id);
    }
    free(images->items);
    *images = (struct provider_images){ 0 };
}

void provider_instances_fini(struct provider_instances *instances)
{
    for (size_t i = 0; i < instances->count; i++) {
        struct provider_instance *instance = &instances->items[i];

        free(instance->name);
        free(instance->id);
        free(instance->image);
        free(instance->reason);
        free(instance->address);
        free(instance->ports);
        free(instance->gdb);
    }
    free(instances->items);
    *instances = (struct provider_instances){ 0 };
}

void provider_volumes_fini(struct provider_volumes *volumes)
{
    for (size_t i = 0; i < volumes->count; i++) {
        struct provider_volume *volume = &volumes->items[i];

        free(volume->name);
        free(volume->id);
        free(volume->label);
        free(volume->uuid);
        free(volume->attached_to);
    }
    free(volumes->items);
    *volumes = (struct provider_volumes){ 0 };
}
