/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search order is that of ld.so(8): DT_RPATH of the object and of those that loaded it (only
 * where the object has no DT_RUNPATH), LD_LIBRARY_PATH, DT_RUNPATH of the object, ld.so.conf, the
 * default directories. A file of the wrong kind is passed over, as the loader does.
 */
#include "ops/image/deps.h"

#include "abi/elf/elf.h"
#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "lib/base/types.h"
#include "lib/elf/dynamic.h"
#include "lib/elf/elf.h"
#include "ops/image/ldcache.h"
#include "ops/image/ldconf.h"
#include "ops/image/tree.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    DEPS_OBJECTS_MAX = 4096,
    LOADED_BY_NOBODY = -1,
};

struct deps_object {
    char *path;   /* In the image, as the loader will open it. */
    char *source; /* On this machine. */
    char *name;   /* By which others need it. */
    char *soname; /* May be NULL. */
    char *interp; /* May be NULL. */
    bool in_dirs; /* Found in the loader's own directories or ld.so.conf's. */
    int loader;   /* Index of the object that brought it in. */
    struct strings needed;
    struct strings rpath;
    struct strings runpath;
};

/* What /lib64/ld-linux-x86-64.so.2 was built with on Debian, Fedora and others. */
static const char *const glibc_dirs[] = {
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/lib",
};

static void colon_list_add(struct strings *list, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, ":");

        if (len > 0)
            strings_take(list, xstrndup(text, len));
        text += len;
        text += *text == ':';
    }
}

void deps_init(struct deps *deps, struct tree *tree, const char *root, const char *env_path)
{
    *deps = (struct deps){ .tree = tree, .root = root };
    if (env_path)
        colon_list_add(&deps->env_dirs, env_path);
    ldconf_read(&deps->dirs, root);
    for (size_t i = 0; i < sizeof(glibc_dirs) / sizeof(glibc_dirs[0]); i++) {
        if (!strings_has(&deps->dirs, glibc_dirs[i]))
            strings_add(&deps->dirs, glibc_dirs[i]);
    }
}

static void object_fini(struct deps_object *object)
{
    free(object->path);
    free(object->source);
    free(object->name);
    free(object->soname);
    free(object->interp);
    strings_fini(&object->needed);
    strings_fini(&object->rpath);
    strings_fini(&object->runpath);
}

void deps_fini(struct deps *deps)
{
    for (size_t i = 0; i < deps->object_count; i++)
        object_fini(&deps->objects[i]);
    free(deps->objects);
    strings_fini(&deps->env_dirs);
    strings_fini(&deps->dirs);
    strings_fini(&deps->warnings);
}

/* Keeps what is wanted of a file's dynamic section. */
static void object_read(struct deps_object *object, const struct elf_dynamic *dynamic)
{
    const char *text;
    u64 cursor = 0;

    while ((text = elf_dynamic_next(dynamic, DT_NEEDED, &cursor)) != NULL)
        strings_add(&object->needed, text);
    cursor = 0;
    text = elf_dynamic_next(dynamic, DT_RPATH, &cursor);
    if (text)
        colon_list_add(&object->rpath, text);
    cursor = 0;
    text = elf_dynamic_next(dynamic, DT_RUNPATH, &cursor);
    if (text)
        colon_list_add(&object->runpath, text);
    cursor = 0;
    text = elf_dynamic_next(dynamic, DT_SONAME, &cursor);
    if (text)
        object->soname = xstrdup(text);
}

/* Checks a mapped file; `as_program` is stricter. Fills in what `object` needs. */
static int object_parse(struct deps_object *object, const struct file_map *map, bool as_program,
                        struct err *err)
{
    struct elf_header header;
    struct elf_image image = { 0 };
    struct elf_dynamic dynamic = { 0 };
    const char *interp;
    enum elf_error error = elf_header_parse(&header, map->bytes, map->size, map->size);

    if (error == ELF_WRONG_MACHINE) {
        return err_set(err, "is built for %s, and the machine is x86-64",
                       elf_machine_name(header.machine));
    }
    if (error == ELF_OK)
        error = elf_image_parse(&image, &header, map->bytes + header.phdrs_off, map->size);
    if (error == ELF_BAD_ENTRY && !as_program)
        error = ELF_OK;
    if (error == ELF_OK)
        error = elf_dynamic_parse(&dynamic, &header, map->bytes, map->size);
    if (error != ELF_OK)
        return err_set(err, "%s", elf_error_text(error));

    object_read(object, &dynamic);
    interp = elf_interp_find(&header, map->bytes, map->size);
    if (image.interp_len > 0 && !interp)
        return err_set(err, "%s", elf_error_text(ELF_BAD_INTERP));
    if (interp)
        object->interp = xstrdup(interp);
    return 0;
}

static int object_open(struct deps_object *object, bool as_program, struct err *err)
{
    struct file_map map;
    int status;

    if (file_map_open(&map, object->source, err) < 0) {
        struct err cause = *err;

        return err_set(err, "cannot be read: %s", cause.text);
    }
    if (as_program && map.size >= 2 && memcmp(map.bytes, "#!", 2) == 0) {
        status = err_set(err, "is a script, not an ELF program: give its interpreter instead");
    } else {
        status = object_parse(object, &map, as_program, err);
    }
    file_map_close(&map);
    return status;
}

/* Takes what `object` holds over. */
static int object_add(struct deps *deps, struct deps_object *object, struct err *err)
{
    if (deps->object_count == DEPS_OBJECTS_MAX) {
        object_fini(object);
        return err_set(err, "too many libraries");
    }
    deps->objects = xrealloc(deps->objects, deps->object_count + 1, sizeof(struct deps_object));
    deps->objects[deps->object_count++] = *object;
    return 0;
}

static bool is_loaded(const struct deps *deps, const char *name)
{
    for (size_t i = 0; i < deps->object_count; i++) {
        const struct deps_object *object = &deps->objects[i];

        if (strcmp(object->name, name) == 0)
            return true;
        if (object->soname && strcmp(object->soname, name) == 0)
            return true;
    }
    return false;
}

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

        while (at) {
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

static char *host_path(const struct deps *deps, const char *path)
{
    return xasprintf("%s%s", strcmp(deps->root, "/") == 0 ? "" : deps->root, path);
}

/* Whether the loader would take the file: a 64-bit library of this CPU. */
static bool is_library(const char *path)
{
    struct elf_header header;
    struct file_map map;
    struct err err = { 0 };
    bool is = false;

    if (file_map_open(&map, path, &err) < 0)
        return false;
    /* A damaged library is taken, so that the error names it and not its absence. */
    if (map.size >= 20 && memcmp(map.bytes, ELF_MAGIC, 4) == 0) {
        is =
            elf_header_parse(&header, map.bytes, map.size, map.size) == ELF_OK ||
            (map.bytes[EI_CLASS] == ELFCLASS64 && map.bytes[18] == EM_X86_64 && map.bytes[19] == 0);
    }
    file_map_close(&map);
    return is;
}

/* Looks for `found->name` in a directory given for the image and for this machine. */
static bool dir_try(struct deps_object *found, const char *dir, const char *host_dir)
{
    char *source = xasprintf("%s/%s", host_dir, found->name);

    if (!is_library(source)) {
        free(source);
        return false;
    }
    found->source = source;
    found->path = xasprintf("%s/%s", dir, found->name);
    return true;
}

/* Whether the object lies elsewhere on this machine than in the image. */
static bool is_moved(const struct deps *deps, const struct deps_object *object)
{
    char *source = host_path(deps, object->path);
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
        char *dir = dir_expand(list->items[i], origin);
        char *host_dir = is_moved(deps, owner) && strstr(list->items[i], "ORIGIN")
                             ? dir_expand(list->items[i], host_origin)
                             : host_path(deps, dir);

        if (dir[0] == '/')
            is_found = dir_try(found, dir, host_dir);
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
        char *host_dir = host_path(deps, dirs->items[i]);
        bool is_found = dirs->items[i][0] == '/' && dir_try(found, dirs->items[i], host_dir);

        free(host_dir);
        if (is_found)
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

/* Sets path and source of `found`, which object `by` needs. */
static bool library_find(const struct deps *deps, struct deps_object *found, int by)
{
    const struct deps_object *owner = &deps->objects[by];

    if (found->name[0] == '/') {
        found->path = xstrdup(found->name);
        found->source = host_path(deps, found->name);
        return access(found->source, R_OK) == 0;
    }
    if (rpaths_try(deps, found, by) || dirs_try(deps, found, &deps->env_dirs) ||
        owned_dirs_try(deps, found, owner, &owner->runpath))
        return true;
    found->in_dirs = dirs_try(deps, found, &deps->dirs);
    return found->in_dirs;
}

/* Puts a file that was found into the tree, where the loader will open it. */
static int object_place(struct deps *deps, const struct deps_object *object, struct err *err)
{
    char *normal;
    int status;

    if (!is_moved(deps, object))
        return tree_add_host(deps->tree, deps->root, object->path, NULL, err);
    normal = path_normalize("/", object->path);
    status = tree_add_file(deps->tree, normal, object->source, err);
    free(normal);
    return status;
}

/* A library found: read it, put it into the tree, remember it. */
static int library_add(struct deps *deps, struct deps_object *library, struct err *err)
{
    if (object_open(library, false, err) < 0) {
        struct err cause = *err;

        err_set(err, "library '%s' %s", library->source, cause.text);
        object_fini(library);
        return -1;
    }
    if (object_place(deps, library, err) < 0) {
        object_fini(library);
        return -1;
    }
    return object_add(deps, library, err);
}

/* musl is loader and C library in one file. */
static bool is_musl_itself(const struct deps *deps, const char *name)
{
    const char *interp = deps->object_count > 0 ? deps->objects[0].interp : NULL;

    return interp && strstr(interp, "/ld-musl-") &&
           (strcmp(name, "libc.so") == 0 || strncmp(name, "libc.musl-", 10) == 0);
}

/* Sees to one DT_NEEDED of object `by`. */
static int need_add(struct deps *deps, const char *name, int by, bool optional, struct err *err)
{
    struct deps_object found = { .loader = by };

    if (is_loaded(deps, name) || is_musl_itself(deps, name))
        return 0;
    found.name = xstrdup(name);
    if (library_find(deps, &found, by))
        return library_add(deps, &found, err);

    object_fini(&found);
    if (optional) {
        strings_addf(&deps->warnings, "library '%s' is missing, needed by '%s'", name,
                     deps->objects[by].source);
        return 0;
    }
    return err_set(err, "library '%s' is missing, needed by '%s'", name, deps->objects[by].source);
}

/* Sees to what all objects from `first` on need, those it adds included: breadth first. */
static int needs_add(struct deps *deps, size_t first, bool optional, struct err *err)
{
    for (size_t i = first; i < deps->object_count; i++) {
        for (size_t n = 0; n < deps->objects[i].needed.count; n++) {
            char *name = xstrdup(deps->objects[i].needed.items[n]);
            int status = need_add(deps, name, (int)i, optional, err);

            free(name);
            if (status < 0)
                return -1;
        }
    }
    return 0;
}

static int interp_add(struct deps *deps, struct err *err)
{
    const char *interp = deps->objects[0].interp;
    struct deps_object loader = { .loader = 0 };

    if (!interp)
        return 0;
    if (interp[0] != '/')
        return err_set(err, "its interpreter '%s' is not an absolute path", interp);
    loader.path = xstrdup(interp);
    loader.source = host_path(deps, interp);
    loader.name = xstrdup(path_base(interp));
    if (access(loader.source, R_OK) < 0) {
        err_set(err, "interpreter '%s' is missing, needed by '%s'", loader.source,
                deps->objects[0].source);
        object_fini(&loader);
        return -1;
    }
    return library_add(deps, &loader, err);
}

int deps_add_program(struct deps *deps, const char *source, const char *path, struct err *err)
{
    struct deps_object program = {
        .path = xstrdup(path),
        .source = xstrdup(source),
        .name = xstrdup(path_base(path)),
        .loader = LOADED_BY_NOBODY,
    };

    if (object_open(&program, true, err) < 0) {
        struct err cause = *err;

        object_fini(&program);
        return err_set(err, "'%s' %s", source, cause.text);
    }
    if (object_add(deps, &program, err) < 0 || interp_add(deps, err) < 0)
        return -1;
    return needs_add(deps, 0, false, err);
}

static bool is_known_source(const struct deps *deps, const char *source)
{
    for (size_t i = 0; i < deps->object_count; i++) {
        if (strcmp(deps->objects[i].source, source) == 0)
            return true;
    }
    return false;
}

/* Collects the nodes first: adding libraries changes the tree under the walk. */
struct libraries {
    struct strings paths;
    struct strings sources;
};

static int library_collect(struct tree_node *node, void *context, struct err *err)
{
    struct libraries *libraries = context;

    (void)err;
    if (node->type == TREE_FILE && node->source && node->size > sizeof(struct elf64_ehdr) &&
        is_library(node->source)) {
        strings_take(&libraries->paths, tree_path(node));
        strings_add(&libraries->sources, node->source);
    }
    return 0;
}

static int tree_library_add(struct deps *deps, const char *path, const char *source,
                            struct err *err)
{
    size_t first = deps->object_count;
    struct deps_object object = {
        .path = xstrdup(path),
        .source = xstrdup(source),
        .name = xstrdup(path_base(path)),
        .loader = LOADED_BY_NOBODY,
    };

    if (object_open(&object, false, err) < 0) {
        strings_addf(&deps->warnings, "'%s' %s", source, err->text);
        object_fini(&object);
        return 0;
    }
    if (object_add(deps, &object, err) < 0)
        return -1;
    return needs_add(deps, first, true, err);
}

int deps_add_tree(struct deps *deps, struct err *err)
{
    struct libraries libraries = { 0 };
    int status = tree_walk(deps->tree, library_collect, &libraries, err);

    for (size_t i = 0; i < libraries.paths.count && status == 0; i++) {
        if (!is_known_source(deps, libraries.sources.items[i])) {
            status =
                tree_library_add(deps, libraries.paths.items[i], libraries.sources.items[i], err);
        }
    }
    strings_fini(&libraries.paths);
    strings_fini(&libraries.sources);
    return status;
}

int deps_add_optional(struct deps *deps, const char *name, struct err *err)
{
    struct deps_object found = { .loader = LOADED_BY_NOBODY };
    size_t first = deps->object_count;

    if (first == 0 || is_loaded(deps, name))
        return 0;
    found.name = xstrdup(name);
    found.in_dirs = dirs_try(deps, &found, &deps->dirs);
    if (!found.in_dirs) {
        object_fini(&found);
        return 0;
    }
    if (library_add(deps, &found, err) < 0)
        return -1;
    return needs_add(deps, first, true, err);
}

int deps_add_cache(struct deps *deps, struct err *err)
{
    struct ldcache_entry *entries = xcalloc(deps->object_count, sizeof(*entries));
    size_t count = 0;
    size_t size;
    uint8_t *bytes;
    int status = 0;

    for (size_t i = 0; i < deps->object_count; i++) {
        const struct deps_object *object = &deps->objects[i];

        if (object->in_dirs)
            entries[count++] = (struct ldcache_entry){ object->name, object->path };
    }
    if (count > 0) {
        bytes = ldcache_make(entries, count, &size);
        status = tree_add_bytes(deps->tree, "/etc/ld.so.cache", bytes, size, err);
        free(bytes);
    }
    free(entries);
    return status;
}
