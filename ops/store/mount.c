/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/store/mount.h"

#include "host/err.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "lib/base/types.h"
#include "lib/manifest/manifest.h"
#include "ops/config/settings.h"
#include "ops/disk/disk.h"
#include "ops/state/state.h"
#include "ops/store/manifest.h"
#include "ops/vm/launch.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static const char label_key[] = "LABEL=";
static const char uuid_key[] = "UUID=";

/* What a volume's filesystem says. Returns false when it cannot be read. */
static bool volume_look(const char *path, struct disk_info *info)
{
    struct err ignored = { 0 };
    struct disk *disk = disk_open(path, false, &ignored);

    if (!disk)
        return false;
    disk_info(disk, info);
    (void)disk_close(disk, &ignored);
    return true;
}

/* The file of the volume with that label or UUID, unless NULL. To be freed; NULL: there is none. */
static char *volume_find(const char *label, const char *uuid)
{
    struct err ignored = { 0 };
    struct strings names = { 0 };
    char *found = NULL;

    (void)state_list(&names, STATE_VOLUMES, ".img", &ignored);
    for (size_t i = 0; i < names.count && !found; i++) {
        char *path = state_path(STATE_VOLUMES, names.items[i], ".img");
        struct disk_info info;

        if (volume_look(path, &info) && ((label && strcmp(info.label, label) == 0) ||
                                         (uuid && strcasecmp(info.uuid, uuid) == 0))) {
            found = path;
            path = NULL;
        }
        free(path);
    }
    strings_fini(&names);
    return found;
}

/* A volume by its name here. The machine finds it by label: one made again has another UUID. */
static void name_set(struct mount *mount, const char *name)
{
    char *path = state_path(STATE_VOLUMES, name, ".img");
    struct disk_info info;

    if (volume_look(path, &info)) {
        mount->source = info.label[0] != '\0' ? xasprintf("%s%s", label_key, info.label)
                                              : xasprintf("%s%s", uuid_key, info.uuid);
        mount->volume = path;
        return;
    }
    free(path);
    mount->source = xasprintf("%s%.*s", label_key, DISK_LABEL_MAX, name);
    mount->volume = volume_find(mount->source + strlen(label_key), NULL);
}

static int folder_set(struct mount *mount, const char *folder, size_t index, struct err *err)
{
    struct stat st;

    mount->share = realpath(folder, NULL);
    if (!mount->share || stat(mount->share, &st) < 0)
        return err_set_errno(err, "cannot read '%s'", folder);
    if (!S_ISDIR(st.st_mode))
        return err_set(err, "'%s' is not a directory", folder);
    mount->source = xasprintf("9p=share%zu", index);
    return 0;
}

static int source_set(struct mount *mount, const char *source, size_t index, struct err *err)
{
    if (*source == '/' || *source == '.')
        return folder_set(mount, source, index, err);
    if (*source == '%') {
        if (source[1] == '\0' || source[1 + strspn(source + 1, "0123456789")] != '\0')
            return err_set(err, "'%s' is not %%N, the number of a disk", source);
        mount->source = xstrdup(source);
        mount->is_disk = true;
        return 0;
    }
    if (strncmp(source, label_key, strlen(label_key)) == 0) {
        mount->source = xstrdup(source);
        mount->volume = volume_find(source + strlen(label_key), NULL);
        return 0;
    }
    if (strncmp(source, uuid_key, strlen(uuid_key)) == 0) {
        mount->source = xstrdup(source);
        mount->volume = volume_find(NULL, source + strlen(uuid_key));
        return 0;
    }
    if (state_name_check("volume", source, err) < 0)
        return -1;
    name_set(mount, source);
    return 0;
}

/* Where the path begins: behind the last colon that a slash follows. NULL: there is none. */
static const char *path_start(const char *text)
{
    const char *start = NULL;

    for (const char *at = strstr(text, ":/"); at; at = strstr(at + 1, ":/"))
        start = at + 1;
    return start;
}

/* Whether the manifest's line for it would say the same: see lib/manifest/manifest.h. */
static bool fits_line(const struct mount *mount, const char *text)
{
    size_t len = strlen(mount->path);
    size_t source_len = strlen(text) - strlen(path_start(text));
    const char *space = strstr(text, " /");

    for (const char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == '\\')
            return false;
    }
    return (!space || space >= text + source_len) &&
           (len < 3 || strcmp(mount->path + len - 3, " ro") != 0);
}

int mount_parse(struct mount *mount, const char *text, size_t index, struct err *err)
{
    const char *path = path_start(text);
    char *source;
    char *option;
    int status;

    *mount = (struct mount){ .source = NULL };
    if (!path || path == text + 1)
        return err_set(err, "'%s' is not VOLUME:/PATH or VOLUME:/PATH:ro", text);
    mount->path = xstrdup(path);
    option = strchr(mount->path, ':');
    if (option) {
        mount->is_read_only = strcmp(option, ":ro") == 0;
        if (!mount->is_read_only && strcmp(option, ":rw") != 0)
            return err_set(err, "'%s': '%s' is neither ro nor rw", text, option + 1);
        *option = '\0';
    }
    if (mount->path[1] == '\0')
        return err_set(err, "'%s': nothing can be mounted over the root", text);
    if (!fits_line(mount, text))
        return err_set(err, "'%s': no volume or path has such a name in a machine", text);
    source = xstrndup(text, (size_t)(path - 1 - text));
    status = source_set(mount, source, index, err);
    free(source);
    return status;
}

void mount_fini(struct mount *mount)
{
    free(mount->source);
    free(mount->path);
    free(mount->volume);
    free(mount->share);
    *mount = (struct mount){ .source = NULL };
}

int mounts_lines(struct strings *lines, const struct settings *settings, struct err *err)
{
    int status = 0;

    for (size_t i = 0; i < settings->mounts.count && status == 0; i++) {
        struct mount mount;

        status = mount_parse(&mount, settings->mounts.items[i], i, err);
        if (status == 0) {
            strings_addf(lines, "mount %s %s%s", mount.source, mount.path,
                         mount.is_read_only ? " ro" : "");
        }
        mount_fini(&mount);
    }
    return status;
}

static int mount_attach(struct launch *launch, const struct mount *mount, const char *text,
                        struct err *err)
{
    if (mount->share) {
        launch_add_share(launch, mount->source + strlen("9p="), mount->share, mount->is_read_only);
    } else if (mount->volume) {
        launch_add_volume(launch, mount->volume, mount->is_read_only);
    } else if (!mount->is_disk) {
        return err_set(err,
                       "there is no volume for '%s'\nhint: `ops volume list` shows those there "
                       "are, `ops volume create` makes one",
                       text);
    }
    return 0;
}

int mounts_attach(struct launch *launch, const struct settings *settings, struct err *err)
{
    int status = 0;

    for (size_t i = 0; i < settings->mounts.count && status == 0; i++) {
        struct mount mount;

        status = mount_parse(&mount, settings->mounts.items[i], i, err);
        if (status == 0)
            status = mount_attach(launch, &mount, settings->mounts.items[i], err);
        mount_fini(&mount);
    }
    return status;
}

/* Whether the user said what is to be at `path`. */
static bool path_is_taken(const struct settings *settings, const char *path)
{
    for (size_t i = 0; i < settings->mounts.count; i++) {
        const char *start = path_start(settings->mounts.items[i]);

        if (start && strcspn(start, ":") == strlen(path) && strncmp(start, path, strlen(path)) == 0)
            return true;
    }
    return false;
}

/* The file of the volume that a line of a manifest asks for, or NULL. To be freed. */
static char *manifest_volume_find(const struct manifest_mount *mount)
{
    char *label;
    char *path;
    char uuid[37];
    int len = 0;

    if (mount->source == MANIFEST_SOURCE_LABEL) {
        label = xstrndup(mount->name, mount->name_len);
        path = volume_find(label, NULL);
        free(label);
        return path;
    }
    if (mount->source != MANIFEST_SOURCE_UUID)
        return NULL;
    for (int i = 0; i < MANIFEST_UUID_SIZE; i++) {
        bool dash = i == 4 || i == 6 || i == 8 || i == 10;

        len += snprintf(uuid + len, sizeof(uuid) - (size_t)len, "%s%02x", dash ? "-" : "",
                        mount->uuid[i]);
    }
    return volume_find(NULL, uuid);
}

int mounts_attach_image(struct launch *launch, const struct settings *settings, struct err *err)
{
    struct image_manifest read;
    int status = image_manifest_read(&read, launch->disk, err);

    for (u32 i = 0; status == 0 && i < read.manifest->mount_count; i++) {
        const struct manifest_mount *mount = &read.manifest->mounts[i];
        char *where = xstrndup(mount->path, mount->path_len);
        char *path = path_is_taken(settings, where) ? NULL : manifest_volume_find(mount);

        if (path)
            launch_add_volume(launch, path, mount->read_only);
        free(path);
        free(where);
    }
    image_manifest_fini(&read);
    return status;
}
