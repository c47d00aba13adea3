/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/provider/local/image.h"

#include "host/err.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/provider/local/instance.h"
#include "ops/provider/local/item.h"
#include "ops/state/state.h"

#include <stdlib.h>
#include <string.h>

int local_image_create(const struct settings *settings, const char *name, const char *path,
                       bool replace, struct err *err)
{
    (void)settings;
    return item_create(STATE_IMAGES, name, path, replace, err);
}

int local_image_list(struct provider_images *images, struct err *err)
{
    struct strings names = { 0 };
    int status = state_list(&names, STATE_IMAGES, ".img", err);

    *images = (struct provider_images){ .items = xcalloc(names.count + 1, sizeof(*images->items)) };
    for (size_t i = 0; i < names.count && status == 0; i++) {
        struct err ignored = { 0 };
        struct item item;

        /* One that cannot be read has gone meanwhile. */
        if (item_read(&item, STATE_IMAGES, names.items[i], &ignored) == 0) {
            images->items[images->count++] = (struct provider_image){
                .name = xstrdup(names.items[i]),
                .id = xstrdup(item.path),
                .size = item.size,
                .used = item.used,
                .created_s = item.created_s,
            };
        }
        item_fini(&item);
    }
    strings_fini(&names);
    return status;
}

/* Refuses when an instance needs the image to start again. */
static int users_check(const char *name, struct err *err)
{
    struct provider_instances instances = { 0 };
    int status = local_instance_list(&instances, err);

    for (size_t i = 0; i < instances.count && status == 0; i++) {
        if (strcmp(instances.items[i].image, name) == 0) {
            status =
                err_set(err, "instance '%s' is made of it\nhint: `ops instance delete %s` first",
                        instances.items[i].name, instances.items[i].name);
        }
    }
    provider_instances_fini(&instances);
    return status;
}

int local_image_delete(const char *name, struct err *err)
{
    return users_check(name, err) < 0 ? -1 : item_delete(STATE_IMAGES, name, err);
}

int local_image_resize(const char *name, uint64_t size, struct err *err)
{
    return item_resize(STATE_IMAGES, name, size, err);
}

char *local_image_file(const char *name, struct err *err)
{
    struct item item;
    char *path = NULL;

    if (item_read(&item, STATE_IMAGES, name, err) == 0)
        path = xstrdup(item.path);
    item_fini(&item);
    return path;
}
