/* SPDX-License-Identifier: Apache-2.0 */
/* Instances on this machine, as the provider's contract has them. */
#include "ops/provider/local/instance.h"

#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "ops/config/settings.h"
#include "ops/image/kernel.h"
#include "ops/provider/local/overlay.h"
#include "ops/state/state.h"
#include "ops/vm/launch.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The disk of an image: by its name, or a file. To be freed; NULL with `err` set. */
static char *image_find(const char *image, struct err *err)
{
    char *path = NULL;

    if (!strchr(image, '/')) {
        path = state_path(STATE_IMAGES, image, ".img");
        if (access(path, F_OK) == 0)
            return path;
        free(path);
    }
    if (access(image, F_OK) == 0)
        return xstrdup(image);
    err_set(err,
            "there is no image '%s'\nhint: `ops image list` shows those there are, `ops image "
            "create` makes one",
            image);
    return NULL;
}

/* What an image is called when it is given as a file. */
static char *image_name(const char *image)
{
    const char *base = path_base(image);
    const char *dot = strrchr(base, '.');

    return dot && strcmp(dot, ".img") == 0 ? xstrndup(base, (size_t)(dot - base)) : xstrdup(base);
}

/* Fills a folder that is not in its place yet. */
static int folder_fill(struct instance *instance, const struct settings *settings,
                       const char *image, struct err *err)
{
    struct kernel_files files = { 0 };
    char *disk = image_find(image, err);
    int status = disk ? kernel_files_find(&files, settings->kernel, err) : -1;

    if (status == 0) {
        instance->image = image_name(image);
        launch_set(&instance->launch, settings, files.kernel, disk);
        status = launch_ports_choose(&instance->launch, err);
    }
    if (status == 0)
        status = overlay_fill(&instance->launch, settings, instance->folder, err);
    if (status == 0)
        status = instance_write(instance, err);
    kernel_files_fini(&files);
    free(disk);
    return status;
}

/* Nobody can start it any more: it leaves its place, and then takes its time to go. */
static int delete_locked(const struct instance *instance, struct err *err)
{
    char *grave = state_tmp(instance->name, err);
    int status = -1;

    if (grave) {
        instance_stop_mark(instance);
        status = instance_halt(instance, 0, err);
    }
    if (status == 0 && rename(instance->folder, grave) < 0)
        status = err_set_errno(err, "cannot rename '%s' to '%s'", instance->folder, grave);
    if (status == 0)
        status = state_remove(grave, err);
    free(grave);
    return status;
}

/* Puts the folder in its place, if that is free. */
static int folder_move(struct instance *instance, struct err *err)
{
    char *place = state_path(STATE_INSTANCES, instance->name, "");
    int status = 0;

    if (access(place, F_OK) == 0) {
        status = err_set(err,
                         "there is an instance '%s' already\nhint: -i NAME gives another name, "
                         "`ops instance delete %s` removes it",
                         instance->name, instance->name);
    } else if (rename(instance->folder, place) < 0) {
        status = err_set_errno(err, "cannot rename '%s' to '%s'", instance->folder, place);
    } else {
        free(instance->folder);
        instance->folder = place;
        place = NULL;
    }
    free(place);
    return status;
}

/* Moves it and starts the machine, in one step for all who look. */
static int folder_place(struct instance *instance, struct err *err)
{
    int alive_fd = instance_alive_lock(instance, err);
    struct state_lock lock = { 0 };
    bool is_moved = alive_fd >= 0 && state_lock(&lock, STATE_INSTANCES, err) == 0 &&
                    folder_move(instance, err) == 0;
    int status = is_moved ? instance_spawn(instance, alive_fd, err) : -1;

    if (alive_fd >= 0)
        close(alive_fd);
    if (is_moved && status < 0) {
        struct err ignored;

        (void)delete_locked(instance, &ignored);
    }
    state_unlock(&lock);
    return status;
}

/* Removes what did not come to run, unless another one has its name by now. */
static void failed_remove(const struct instance *instance, int folder_fd)
{
    struct state_lock lock;
    struct stat ours;
    struct stat there;
    struct err ignored;

    if (state_lock(&lock, STATE_INSTANCES, &ignored) == 0 && fstat(folder_fd, &ours) == 0 &&
        stat(instance->folder, &there) == 0 && ours.st_ino == there.st_ino)
        (void)delete_locked(instance, &ignored);
    state_unlock(&lock);
}

/* `folder_fd` is its folder, wherever that is. */
static int folder_use(struct instance *instance, int folder_fd, const struct settings *settings,
                      const char *image, struct err *err)
{
    if (folder_fill(instance, settings, image, err) < 0 || folder_place(instance, err) < 0)
        return -1;
    if (instance_await(instance, err) == 0)
        return 0;
    failed_remove(instance, folder_fd);
    return -1;
}

static int instance_make(struct instance *instance, const struct settings *settings,
                         const char *image, struct err *err)
{
    int fd = -1;
    int status;

    instance->folder = state_tmp(instance->name, err);
    if (!instance->folder)
        return -1;
    if (mkdir(instance->folder, 0700) == 0)
        fd = open(instance->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(err, "cannot make directory '%s'", instance->folder);
    status = folder_use(instance, fd, settings, image, err);
    close(fd);
    return status;
}

int local_instance_create(const struct settings *settings, const char *image, const char *name,
                          struct err *err)
{
    struct instance instance = { .created_s = time(NULL) };
    int status = state_name_check("instance", name, err);

    if (status == 0) {
        instance.name = xstrdup(name);
        status = instance_make(&instance, settings, image, err);
    }
    instance_fini(&instance);
    return status;
}

int local_instance_list(struct provider_instances *instances, struct err *err)
{
    struct strings names = { 0 };
    int status = state_list(&names, STATE_INSTANCES, "", err);

    *instances = (struct provider_instances){ 0 };
    if (status == 0)
        instances->items = xcalloc(names.count + 1, sizeof(*instances->items));
    for (size_t i = 0; status == 0 && i < names.count; i++) {
        struct instance instance;
        struct err why;

        if (instance_read(&instance, names.items[i], &why) == 0) {
            instance_look(&instance, &instances->items[instances->count++]);
        } else if (access(instance.folder ? instance.folder : "", F_OK) == 0) {
            instances->items[instances->count++] = (struct provider_instance){
                .name = xstrdup(names.items[i]),
                .image = xstrdup(""),
                .ports = xstrdup(""),
                .state = INSTANCE_FAILED,
                .exit_status = -1,
                .reason = xstrdup(why.text),
            };
        } /* Else it was deleted meanwhile. */
        instance_fini(&instance);
    }
    strings_fini(&names);
    return status;
}

static int start_locked(struct instance *instance, struct err *err)
{
    struct vm_process process;
    int alive_fd;
    int status;

    if (instance_is_alive(instance, &process))
        return err_set(err, "instance '%s' is running already", instance->name);
    alive_fd = instance_alive_lock(instance, err);
    if (alive_fd < 0)
        return -1;
    status = instance_spawn(instance, alive_fd, err);
    close(alive_fd);
    return status;
}

int local_instance_start(const char *name, struct err *err)
{
    struct instance instance = { .name = NULL };
    struct state_lock lock;
    int status = state_lock(&lock, STATE_INSTANCES, err);

    if (status == 0) {
        status = instance_read(&instance, name, err);
        if (status == 0)
            status = start_locked(&instance, err);
    }
    state_unlock(&lock);
    if (status == 0)
        status = instance_await(&instance, err);
    instance_fini(&instance);
    return status;
}

int local_instance_stop(const char *name, uint64_t grace_ms, struct err *err)
{
    struct instance instance = { .name = NULL };
    struct state_lock lock;
    int status = state_lock(&lock, STATE_INSTANCES, err);

    if (status == 0) {
        status = instance_read(&instance, name, err);
        if (status == 0)
            instance_stop_mark(&instance);
    }
    state_unlock(&lock);
    if (status == 0)
        status = instance_halt(&instance, grace_ms, err);
    instance_fini(&instance);
    return status;
}

int local_instance_reboot(const char *name, uint64_t grace_ms, struct err *err)
{
    if (local_instance_stop(name, grace_ms, err) < 0)
        return -1;
    return local_instance_start(name, err);
}

int local_instance_delete(const char *name, struct err *err)
{
    struct instance instance = { .name = NULL };
    struct state_lock lock;
    int status = state_lock(&lock, STATE_INSTANCES, err);

    if (status == 0) {
        status = instance_read(&instance, name, err);
        /* One whose description is broken can be deleted all the same. */
        if (status == 0 || (instance.folder && access(instance.folder, F_OK) == 0))
            status = delete_locked(&instance, err);
    }
    state_unlock(&lock);
    instance_fini(&instance);
    return status;
}
