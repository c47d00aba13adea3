/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes on this machine. A volume belongs to at most one instance: two machines that write one
 * filesystem destroy it. Which instance that is stands in the instance's own description alone, so
 * there are no two places that could disagree.
 */
#include "host/err.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/cli/number.h"
#include "ops/disk/disk.h"
#include "ops/provider/local/image.h"
#include "ops/provider/local/instance.h"
#include "ops/provider/local/item.h"
#include "ops/provider/provider.h"
#include "ops/state/state.h"
#include "ops/vm/launch.h"
#include "ops/vm/vm.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Which of an instance's volumes lies at `path`; the count of them when none does. */
static size_t volume_index(const struct launch *launch, const char *path)
{
    size_t index = 0;

    while (index < launch->volume_count && strcmp(launch->volumes[index].path, path) != 0)
        index++;
    return index;
}

/* The instance that has a volume, to be freed, or NULL. */
static char *owner_find(const char *path)
{
    struct err ignored = { 0 };
    struct strings names = { 0 };
    char *owner = NULL;

    (void)state_list(&names, STATE_INSTANCES, "", &ignored);
    for (size_t i = 0; i < names.count && !owner; i++) {
        struct instance instance;

        if (instance_read(&instance, names.items[i], &ignored) == 0 &&
            volume_index(&instance.launch, path) < instance.launch.volume_count)
            owner = xstrdup(names.items[i]);
        instance_fini(&instance);
    }
    strings_fini(&names);
    return owner;
}

int local_volume_create(const char *name, const char *label, const char *folder, uint64_t size,
                        struct err *err)
{
    struct disk_volume volume = { .label = label, .folder = folder, .size = size };
    char *path;
    int status;

    if (state_name_check("volume", name, err) < 0)
        return -1;
    path = state_tmp(name, err);
    if (!path)
        return -1;
    status = disk_make_volume(path, &volume, err);
    if (status == 0)
        status = item_create(STATE_VOLUMES, name, path, false, err);
    if (status < 0) {
        struct err ignored = { 0 };

        (void)state_remove(path, &ignored);
    }
    free(path);
    return status;
}

/* What the filesystem says; a volume that cannot be read is listed without. */
static void names_read(struct provider_volume *volume)
{
    struct err ignored = { 0 };
    struct disk *disk = disk_open(volume->id, false, &ignored);
    struct disk_info info;

    if (!disk)
        return;
    disk_info(disk, &info);
    (void)disk_close(disk, &ignored);
    volume->label = xstrdup(info.label);
    volume->uuid = xstrdup(info.uuid);
}

int local_volume_list(struct provider_volumes *volumes, struct err *err)
{
    struct strings names = { 0 };
    int status = state_list(&names, STATE_VOLUMES, ".img", err);

    *volumes =
        (struct provider_volumes){ .items = xcalloc(names.count + 1, sizeof(*volumes->items)) };
    for (size_t i = 0; i < names.count && status == 0; i++) {
        struct err ignored = { 0 };
        struct item item;

        if (item_read(&item, STATE_VOLUMES, names.items[i], &ignored) == 0) {
            struct provider_volume *volume = &volumes->items[volumes->count++];

            *volume = (struct provider_volume){
                .name = xstrdup(names.items[i]),
                .id = xstrdup(item.path),
                .size = item.size,
                .used = item.used,
                .created_s = item.created_s,
                .attached_to = owner_find(item.path),
            };
            names_read(volume);
        }
        item_fini(&item);
    }
    strings_fini(&names);
    return status;
}

int local_volume_free(const char *path, struct err *err)
{
    char *owner = owner_find(path);

    if (owner)
        err_set(err, "instance '%s' has it\nhint: `ops volume detach %s VOLUME`", owner, owner);
    free(owner);
    return owner ? -1 : 0;
}

int local_volume_delete(const char *name, struct err *err)
{
    struct item item;
    int status = item_read(&item, STATE_VOLUMES, name, err);

    if (status == 0)
        status = local_volume_free(item.path, err);
    if (status == 0)
        status = item_delete(STATE_VOLUMES, name, err);
    item_fini(&item);
    return status;
}

int local_volume_resize(const char *name, uint64_t size, struct err *err)
{
    return item_resize(STATE_VOLUMES, name, size, err);
}

/* Reads an instance that is to be changed: one that does not run. */
static int stopped_read(struct instance *instance, const char *name, struct err *err)
{
    struct vm_process process;

    if (instance_read(instance, name, err) < 0)
        return -1;
    if (instance_is_alive(instance, &process)) {
        return err_set(err, "instance '%s' is running\nhint: `ops instance stop %s` first", name,
                       name);
    }
    return 0;
}

/* `where` is %N: the N-th disk beside the root, which must be the next. */
static int where_check(const struct launch *launch, const char *where, struct err *err)
{
    uint64_t number;

    if (!where)
        return 0;
    if (*where != '%' || number_parse(&number, where + 1, 1000, err) < 0)
        return err_set(err, "'%s' is not %%N, the number of a disk", where);
    if (number == launch->volume_count)
        return 0;
    return err_set(err, "'%s' cannot be: the next disk of the instance is %%%zu", where,
                   launch->volume_count);
}

static int attach_locked(const char *name, const char *path, const char *where, struct err *err)
{
    struct instance instance;
    int status = stopped_read(&instance, name, err);

    if (status == 0)
        status = local_volume_free(path, err);
    if (status == 0)
        status = where_check(&instance.launch, where, err);
    if (status == 0) {
        launch_add_volume(&instance.launch, path, false);
        status = instance_write(&instance, err);
    }
    instance_fini(&instance);
    return status;
}

int local_volume_attach(const char *instance, const char *volume, const char *where,
                        struct err *err)
{
    struct state_lock lock = { 0 };
    struct item item;
    int status = item_read(&item, STATE_VOLUMES, volume, err);

    if (status == 0)
        status = state_lock(&lock, STATE_INSTANCES, err);
    if (status == 0)
        status = attach_locked(instance, item.path, where, err);
    state_unlock(&lock);
    item_fini(&item);
    return status;
}

static int detach_locked(const char *name, const char *path, struct err *err)
{
    struct instance instance;
    struct launch *launch = &instance.launch;
    int status = stopped_read(&instance, name, err);
    size_t index;

    if (status == 0) {
        index = volume_index(launch, path);
        if (index == launch->volume_count) {
            status = err_set(err, "instance '%s' does not have it", name);
        } else {
            free(launch->volumes[index].path);
            launch->volume_count--;
            memmove(&launch->volumes[index], &launch->volumes[index + 1],
                    (launch->volume_count - index) * sizeof(*launch->volumes));
            status = instance_write(&instance, err);
        }
    }
    instance_fini(&instance);
    return status;
}

int local_volume_detach(const char *instance, const char *volume, struct err *err)
{
    struct state_lock lock = { 0 };
    struct item item;
    int status = item_read(&item, STATE_VOLUMES, volume, err);

    if (status == 0)
        status = state_lock(&lock, STATE_INSTANCES, err);
    if (status == 0)
        status = detach_locked(instance, item.path, err);
    state_unlock(&lock);
    item_fini(&item);
    return status;
}
