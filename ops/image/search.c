/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search order is that of ld.so(8): DT_RPATH of the object and of those that loaded it (only
 * where the object has no DT_RUNPATH), LD_LIBRARY_PATH, DT_RUNPATH of the object, ld.so.conf, the
 * default directories. A file of the wrong kind is passed over, as the loader does.
 */
#include "ops/image/search.h"

#include "host/file.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/image/deps.h"
#include "ops/image/object.h"
#include "ops/image/sysroot.h"
#include "ops/image/tree.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* `dir` with $ORIGIN, $LIB and $PLATFORM put in. To be freed. */
static char *dir_expand(const char *dir, const char *origin)
{
    static const struct {
        const char *token;
        const char *value; /* NULL: the origin. */
    } tokens[] = {
        { "$ORIGIN", NULL },   { "${ORIGIN}", NULL },     { "$LIB", "lib64" },
        { "${LIB}", "lib64" }, { "$PLATFORM", "x86_64" }, { "${PLATFORM}", "x86_64" },
    };
    char *expanded = xstrdup(dir);

    for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        char *at = strstr(expanded, tokens[i].token);
        const char *value = tokens[i].value ? tokens[i].value : origin;

        while (at && strlen(expanded) < PATH_MAX) { /* Nothing lies at a longer one. */
            size_t front = (size_t)(at - expanded);
            char *longer =
                xasprintf("%.*s%s%s", (int)front, expanded, value, at + strlen(tokens[i].token));

            free(expanded);
            expanded = longer;
            at = strstr(expanded + front + strlen(value), tokens[i].token);
        }
    }
    return expanded;
}

char *search_source(const struct deps *deps, const char *path)
{
    return sysroot_resolve(deps->root, path);
}

/*
 * Looks for `found->name` in a directory of the image, which is `host_dir` on this machine, or
 * NULL: at the same path under the root.
 */
static bool dir_try(const struct deps *deps, struct deps_object *found, const char *dir,
                    const char *host_dir)
{
    char *path = xasprintf("%s/%s", dir, found->name);
    char *source = host_dir ? xasprintf("%s/%s", host_dir, found->name) : search_source(deps, path);
    struct stat st;

    if (stat(source, &st) == 0 && S_ISREG(st.st_mode)) {
        tree_stamp_set(&found->stamp, &st);
        if (object_is_library(source, &found->stamp, deps->facts)) {
            found->source = source;
            found->path = path;
            return true;
        }
    }
    free(source);
    free(path);
    return false;
}

bool search_is_moved(const struct deps *deps, const struct deps_object *object)
{
    char *source = search_source(deps, object->path);
    bool moved = strcmp(source, object->source) != 0;

    free(source);
    return moved;
}

/* Tries the directories of `list`, which `owner` names. */
static bool owned_dirs_try(const struct deps *deps, struct deps_object *found,
                           const struct deps_object *owner, const struct strings *list)
{
    char *origin = path_dir(owner->path);
    char *host_origin = path_dir(owner->source);
    bool is_found = false;

    for (size_t i = 0; i < list->count && !is_found; i++) {
        bool moved = strstr(list->items[i], "ORIGIN") && search_is_moved(deps, owner);
        char *dir = dir_expand(list->items[i], origin);
        char *host_dir = moved ? dir_expand(list->items[i], host_origin) : NULL;

        if (dir[0] == '/')
            is_found = dir_try(deps, found, dir, host_dir);
        free(host_dir);
        free(dir);
    }
    free(host_origin);
    free(origin);
    return is_found;
}

static bool dirs_try(const struct deps *deps, struct deps_object *found, const struct strings *dirs)
{
    for (size_t i = 0; i < dirs->count; i++) {
        if (dirs->items[i][0] == '/' && dir_try(deps, found, dirs->items[i], NULL))
            return true;
    }
    return false;
}

static bool rpaths_try(const struct deps *deps, struct deps_object *found, int by)
{
    if (deps->objects[by].runpath.count > 0)
        return false;
    for (int i = by; i != LOADED_BY_NOBODY; i = deps->objects[i].loader) {
        const struct deps_object *owner = &deps->objects[i];

        if (owner->runpath.count == 0 && owned_dirs_try(deps, found, owner, &owner->rpath))
            return true;
    }
    return false;
}

bool search_needed(const struct deps *deps, struct deps_object *found, int by)
{
    const struct deps_object *owner = &deps->objects[by];

    if (found->name[0] == '/') {
        found->path = xstrdup(found->name);
        found->source = search_source(deps, found->name);
        return access(found->source, R_OK) == 0;
    }
    if (rpaths_try(deps, found, by) || dirs_try(deps, found, &deps->env_dirs) ||
        owned_dirs_try(deps, found, owner, &owner->runpath))
        return true;
    found->in_dirs = dirs_try(deps, found, &deps->dirs);
    return found->in_dirs;
}

bool search_by_name(const struct deps *deps, struct deps_object *found)
{
    found->in_dirs = dirs_try(deps, found, &deps->dirs);
    return found->in_dirs;
}
