/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/image/deps.h"

#include "abi/elf/elf.h"
#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "ops/image/ldcache.h"
#include "ops/image/ldconf.h"
#include "ops/image/object.h"
#include "ops/image/search.h"
#include "ops/image/tree.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    DEPS_OBJECTS_MAX = 4096,
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

void deps_init(struct deps *deps, struct tree *tree, struct facts *facts, const char *root,
               const char *env_path)
{
    *deps = (struct deps){ .tree = tree, .facts = facts, .root = root };
    if (env_path)
        colon_list_add(&deps->env_dirs, env_path);
    ldconf_read(&deps->dirs, root);
    for (size_t i = 0; i < sizeof(glibc_dirs) / sizeof(glibc_dirs[0]); i++) {
        if (!strings_has(&deps->dirs, glibc_dirs[i]))
            strings_add(&deps->dirs, glibc_dirs[i]);
    }
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

static bool has_name(const struct deps_object *object, const char *name)
{
    return strcmp(object->name, name) == 0 || (object->soname && strcmp(object->soname, name) == 0);
}

/* Whether somebody brought in a library of that name, so that the loader has it already. */
static bool is_loaded(const struct deps *deps, const char *name)
{
    for (size_t i = 0; i < deps->object_count; i++) {
        const struct deps_object *object = &deps->objects[i];

        if ((i == 0 || object->loader != LOADED_BY_NOBODY) && has_name(object, name))
            return true;
    }
    return false;
}

/* Whether there is one in the tree, wherever. Somebody may load it first, as Java does. */
static bool is_around(const struct deps *deps, const char *name)
{
    for (size_t i = 0; i < deps->object_count; i++) {
        if (has_name(&deps->objects[i], name))
            return true;
    }
    return false;
}

/* Puts a file that was found into the tree, where the loader will open it. */
static int object_place(struct deps *deps, const struct deps_object *object, struct err *err)
{
    char *normal;
    int status;

    if (!search_is_moved(deps, object))
        return tree_add_host(deps->tree, deps->root, object->path, NULL, err);
    normal = path_normalize("/", object->path);
    status = tree_add_file(deps->tree, normal, object->source, err);
    free(normal);
    return status;
}

/* A library found: read it, put it into the tree, remember it. */
static int library_add(struct deps *deps, struct deps_object *library, struct err *err)
{
    if (object_open(library, deps->facts, false, err) < 0) {
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
    if (search_needed(deps, &found, by))
        return library_add(deps, &found, err);

    object_fini(&found);
    if (optional && is_around(deps, name))
        return 0;
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
    loader.source = search_source(deps, interp);
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

    if (object_open(&program, deps->facts, true, err) < 0) {
        struct err cause = *err;

        object_fini(&program);
        return err_set(err, "'%s' %s", source, cause.text);
    }
    if (object_add(deps, &program, err) < 0 || interp_add(deps, err) < 0)
        return -1;
    return needs_add(deps, 0, false, err);
}

static bool is_known_source(const struct deps *deps, const struct tree_node *node)
{
    for (size_t i = 0; i < deps->object_count; i++) {
        if (deps->objects[i].stamp.inode == node->stamp.inode &&
            strcmp(deps->objects[i].source, node->source) == 0)
            return true;
    }
    return false;
}

/* Libraries in the tree that were not looked at yet. */
struct libraries {
    struct tree_node **nodes;
    size_t count;
    struct facts *facts;
};

/* Names of files that are no libraries: an interpreter's tree has thousands, not to be opened. */
static bool is_text_name(const char *name)
{
    static const char *const suffixes[] = {
        ".py", ".pyc", ".pyi", ".js",  ".mjs",  ".cjs", ".json", ".ts",   ".map", ".md",
        ".pm", ".pl",  ".pod", ".rb",  ".h",    ".c",   ".txt",  ".html", ".css", ".png",
        ".gz", ".crt", ".pem", ".jar", ".jmod", ".xml", ".conf", ".php",  ".al",  ".ix",
    };
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot && i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        if (strcmp(dot, suffixes[i]) == 0)
            return true;
    }
    return false;
}

static int library_collect(struct tree_node *node, void *context, struct err *err)
{
    struct libraries *libraries = context;

    (void)err;
    if (node->type != TREE_FILE || node->seen)
        return 0;
    node->seen = true;
    if (node->source && node->size > sizeof(struct elf64_ehdr) && !is_text_name(node->name) &&
        object_is_library(node->source, &node->stamp, libraries->facts)) {
        libraries->nodes =
            xrealloc(libraries->nodes, libraries->count + 1, sizeof(struct tree_node *));
        libraries->nodes[libraries->count++] = node;
    }
    return 0;
}

static int tree_library_add(struct deps *deps, const struct tree_node *node, struct err *err)
{
    struct deps_object object = {
        .path = tree_path(node),
        .source = xstrdup(node->source),
        .name = xstrdup(node->name),
        .loader = LOADED_BY_NOBODY,
        .stamp = node->stamp,
    };

    if (object_open(&object, deps->facts, false, err) < 0) {
        strings_addf(&deps->warnings, "'%s' %s", object.source, err->text);
        object_fini(&object);
        return 0;
    }
    return object_add(deps, &object, err);
}

int deps_add_tree(struct deps *deps, struct err *err)
{
    struct libraries libraries = { .facts = deps->facts };
    size_t first = deps->object_count;
    int status = tree_walk(deps->tree, library_collect, &libraries, err);

    for (size_t i = 0; i < libraries.count && status == 0; i++) {
        if (!is_known_source(deps, libraries.nodes[i]))
            status = tree_library_add(deps, libraries.nodes[i], err);
    }
    free(libraries.nodes);
    return status == 0 ? needs_add(deps, first, true, err) : -1;
}

int deps_add_optional(struct deps *deps, const char *name, struct err *err)
{
    struct deps_object found = { .loader = LOADED_BY_NOBODY };
    size_t first = deps->object_count;

    if (first == 0 || is_loaded(deps, name))
        return 0;
    found.name = xstrdup(name);
    if (!search_by_name(deps, &found)) {
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
