/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/pkg/package.h"

#include "host/err.h"
#include "host/xmem.h"
#include "ops/cli/suggest.h"
#include "ops/config/config.h"
#include "ops/pkg/reach.h"
#include "ops/state/state.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    SUGGEST_DISTANCE_MAX = 3, /* Farther words are no help. */
};

/* A version as part of a name: letters that no name has become `-`. To be freed. */
static char *version_plain(const char *version)
{
    char *plain = xstrdup(version);

    for (char *at = plain; *at; at++) {
        if (!isalnum((unsigned char)*at) && *at != '.' && *at != '_')
            *at = '-';
    }
    return plain;
}

char *package_folder(const char *name, const char *version, struct err *err)
{
    char *plain = version_plain(version);
    char *folder = *plain ? xasprintf("%s_%s", name, plain) : xstrdup(name);

    free(plain);
    if (state_name_check("package", name, err) < 0 ||
        state_name_check("package", folder, err) < 0) {
        free(folder);
        return NULL;
    }
    return folder;
}

/* What is in front of the version in a folder's name. */
static char *name_of(const char *folder, const char *version)
{
    char *plain = version_plain(version);
    size_t len = strlen(folder);
    size_t tail = strlen(plain) + 1;
    bool ends = *plain != '\0' && len > tail && folder[len - tail] == '_' &&
                strcmp(folder + len - tail + 1, plain) == 0;

    free(plain);
    return ends ? xstrndup(folder, len - tail) : xstrdup(folder);
}

int package_open(struct package *package, const char *folder, struct err *err)
{
    char *json;
    int status;

    *package = (struct package){
        .folder = xstrdup(folder),
        .path = state_path(STATE_PACKAGES, folder, ""),
    };
    settings_init(&package->settings);
    json = xasprintf("%s/package.json", package->path);
    status = config_read(&package->settings, json, err);
    if (status == 0 &&
        (!package->settings.guest_program || package->settings.guest_program[0] != '/'))
        status = err_set(err, "'%s' names no \"Program\" with an absolute path", json);
    free(json);
    package->version = xstrdup(package->settings.version ? package->settings.version : "");
    package->name = name_of(folder, package->version);
    return status;
}

void package_fini(struct package *package)
{
    free(package->folder);
    free(package->path);
    free(package->name);
    free(package->version);
    settings_fini(&package->settings);
    *package = (struct package){ 0 };
}

int package_list(struct strings *folders, struct err *err)
{
    return state_list(folders, STATE_PACKAGES, "", err);
}

static bool is_called(const struct package *package, const char *word)
{
    const char *colon = strchr(word, ':');
    size_t len = colon ? (size_t)(colon - word) : strlen(word);

    if (strcmp(package->folder, word) == 0)
        return true;
    return strlen(package->name) == len && strncmp(package->name, word, len) == 0 &&
           (!colon || strcmp(package->version, colon + 1) == 0);
}

/* The same for one that says nothing of itself, since it cannot be read. */
static bool may_be_called(const char *folder, const char *word)
{
    size_t len = strcspn(word, ":_");

    return strncmp(folder, word, len) == 0 && (folder[len] == '_' || folder[len] == '\0');
}

static int none_found(const struct strings *folders, const char *word, struct err *err)
{
    size_t best = SUGGEST_DISTANCE_MAX + 1;
    const char *nearest = NULL;

    for (size_t i = 0; i < folders->count; i++) {
        char *name = xstrndup(folders->items[i], strcspn(folders->items[i], "_"));
        size_t distance = suggest_distance(word, name);

        if (distance < best) {
            best = distance;
            nearest = folders->items[i];
        }
        free(name);
    }
    if (nearest) {
        return err_set(err, "there is no package '%s'\nhint: did you mean '%s'?", word, nearest);
    }
    return err_set(err, "there is no package '%s'\nhint: `ops pkg list` shows those there are",
                   word);
}

int package_find(struct package *package, const char *word, struct err *err)
{
    struct strings folders = { 0 };
    bool is_found = false;
    struct err first = { 0 };

    *package = (struct package){ 0 };
    if (package_list(&folders, err) < 0)
        return -1;
    for (size_t i = 0; i < folders.count; i++) {
        struct package other;
        bool is_good = package_open(&other, folders.items[i], err) == 0;

        if (!is_good && may_be_called(folders.items[i], word)) {
            first = *err;
            package_fini(&other);
        } else if (!is_good || !is_called(&other, word) ||
                   (is_found && strverscmp(other.version, package->version) < 0)) {
            package_fini(&other);
        } else {
            package_fini(package);
            *package = other;
            is_found = true;
        }
    }
    if (!is_found && first.text[0] != '\0') {
        *err = first;
    } else if (!is_found) {
        (void)none_found(&folders, word, err);
    }
    strings_fini(&folders);
    return is_found ? 0 : -1;
}

/* The tree of the package is its image: TargetRoot for what is looked up, MapDirs for all of it. */
static void sysroot_set(struct settings *settings, const char *sysroot)
{
    settings_set(&settings->target_root, sysroot);
    strings_add(&settings->maps, sysroot);
    strings_add(&settings->maps, "/");
}

/* What package.json says, over `settings`. */
static int said_add(struct settings *settings, const char *path, struct err *err)
{
    char *json = xasprintf("%s/package.json", path);
    bool renders = settings->renders;
    int status;

    settings->renders = false; /* A package means what it says. */
    status = config_read(settings, json, err);
    settings->renders = renders;
    free(json);
    /* A file that its first argument names is in its tree, or none. */
    settings->no_args_copy |= settings->args.count > 0;
    return status;
}

int pkg_settings(struct settings *settings, const char *word, struct err *err)
{
    struct package package;
    char *sysroot;
    int status;

    if (package_find(&package, word, err) < 0)
        return -1;
    sysroot = xasprintf("%s/sysroot", package.path);
    status = reach_check(&package.settings, sysroot, err);
    if (status < 0)
        (void)err_prefix(err, "package '%s'", word);
    if (status == 0)
        status = said_add(settings, package.path, err);
    if (status == 0) {
        settings_set(&settings->program, settings->guest_program);
        free(settings->guest_program);
        settings->guest_program = NULL;
        sysroot_set(settings, sysroot);
        if (!settings->image_name)
            settings->image_name = xstrdup(package.name);
    }
    free(sysroot);
    package_fini(&package);
    return status;
}
