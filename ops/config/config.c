/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/config/config.h"

#include "host/err.h"
#include "host/file.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/config/keys.h"
#include "ops/config/position.h"
#include "ops/config/render.h"
#include "ops/config/settings.h"
#include "ops/config/values.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum {
    CONFIG_SIZE_MAX = 4 << 20,
    OBJECTS_MAX = 64, /* Network interfaces, or labels. */
};

struct reader {
    struct settings *settings;
    const char *name; /* Of the file. */
    struct place place;
};

static int unknown_key(const struct key *keys, const char *name, struct err *err)
{
    char nearest[KEY_PATH_MAX];

    if (!key_suggest(keys, name, nearest))
        return err_set(err, "unknown key \"%.80s\"\nhint: `ops explain` lists them all", name);
    return err_set(err, "unknown key \"%.80s\"; did you mean \"%s\"?", name, nearest);
}

static bool asks_for_nothing(const json_t *value)
{
    return json_is_null(value) || json_is_false(value) ||
           (json_is_string(value) && json_string_length(value) == 0) ||
           (json_is_integer(value) && json_integer_value(value) == 0) ||
           (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_object(value) && json_object_size(value) == 0);
}

static void foreign_note(struct reader *reader, const json_t *value, const struct key *key)
{
    if (!asks_for_nothing(value)) {
        strings_addf(&reader->settings->notes, "%s: \"%s\" has no meaning here: %s", reader->name,
                     key->name, key->instead);
    }
}

static int object_set(struct reader *reader, void *base, json_t *object, const struct key *keys,
                      struct err *err);

/* As deep as the tables of keys: three levels. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static int objects_add(struct reader *reader, struct key_array *array, json_t *list,
                       const struct key *key, struct err *err)
{
    if (!json_is_array(list))
        return err_set(err, "not a list");
    if (array->count + json_array_size(list) > OBJECTS_MAX)
        return err_set(err, "more than %d", OBJECTS_MAX);
    for (size_t i = 0; i < json_array_size(list); i++) {
        char *item;

        array->items = xrealloc(array->items, array->count + 1, key->size);
        item = (char *)array->items + array->count++ * key->size;
        memset(item, 0, key->size);
        place_enter(&reader->place, NULL, i);
        if (object_set(reader, item, json_array_get(list, i), key->keys, err) < 0)
            return err_prefix(err, "entry %zu", i + 1);
        place_leave(&reader->place);
    }
    return 0;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int key_set(struct reader *reader, void *base, json_t *value, const struct key *key,
                   struct err *err)
{
    void *field = (char *)base + key->off;

    switch (key->kind) {
    case KEY_OBJECT:
        return object_set(reader, base, value, key->keys, err);
    case KEY_OBJECTS:
        return objects_add(reader, field, value, key, err);
    case KEY_FOREIGN:
        foreign_note(reader, value, key);
        return 0;
    case KEY_REFUSED:
        return asks_for_nothing(value) ? 0 : err_set(err, "not supported\nhint: %s", key->instead);
    default:
        return value_set(field, value, key, &reader->place, err);
    }
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int object_set(struct reader *reader, void *base, json_t *object, const struct key *keys,
                      struct err *err)
{
    const char *name;
    json_t *value;

    if (!json_is_object(object))
        return err_set(err, "not an object");
    json_object_foreach(object, name, value)
    {
        const struct key *key = key_find(keys, name);

        place_enter(&reader->place, name, 0);
        if (!key)
            return unknown_key(keys, name, err);
        if (key_set(reader, base, value, key, err) < 0)
            return err_prefix(err, "\"%s\"", key->name);
        place_leave(&reader->place);
    }
    return 0;
}

/* `text` as it is read: with variables in the place of their names if that was asked for. */
static int text_parse(struct settings *settings, const char *text, size_t size, const char *name,
                      struct err *err)
{
    struct reader reader = { .settings = settings, .name = name };
    json_error_t error;
    json_t *top = json_loadb(text ? text : "", size, JSON_REJECT_DUPLICATES, &error);
    int status;

    if (!top)
        return err_set(err, "%s:%d:%d: %s", name, error.line, error.column, error.text);
    status = object_set(&reader, settings, top, keys_top, err);
    if (status < 0) {
        err_prefix(err, "%s:%zu", name,
                   position_line(text, size, reader.place.steps, reader.place.depth));
    }
    json_decref(top);
    return status;
}

int config_parse(struct settings *settings, const char *text, size_t size, const char *name,
                 struct err *err)
{
    char *rendered;
    int status;

    if (!settings->renders)
        return text_parse(settings, text, size, name, err);
    rendered = render_variables(text, size, name, err);
    if (!rendered)
        return -1;
    status = text_parse(settings, rendered, strlen(rendered), name, err);
    free(rendered);
    return status;
}

/* What another command writes: `-c <(make-config)`. */
static int pipe_read(struct settings *settings, const char *path, struct err *err)
{
    char *text = file_read_text(path, CONFIG_SIZE_MAX);
    int status;

    if (!text)
        return err_set(err, "cannot read '%s', or it is too large for a configuration", path);
    status = config_parse(settings, text, strlen(text), path, err);
    free(text);
    return status;
}

int config_read(struct settings *settings, const char *path, struct err *err)
{
    struct file_map map;
    struct stat st;
    int status;

    if (stat(path, &st) == 0 && S_ISFIFO(st.st_mode))
        return pipe_read(settings, path, err);
    if (file_map_open(&map, path, err) < 0)
        return err_prefix(err, "cannot read '%s'", path);
    if (map.size > CONFIG_SIZE_MAX) {
        status = err_set(err, "'%s' is too large for a configuration", path);
    } else {
        status = config_parse(settings, (const char *)map.bytes, map.size, path, err);
    }
    file_map_close(&map);
    return status;
}

/* The file that is read when none is named, to be freed; NULL: none. */
static char *default_path(void)
{
    const char *named = getenv("OPS_DEFAULT_CONFIG");
    const char *home = getenv("HOME");
    struct file_map map;
    struct err err;
    char *path;

    if (named && *named != '\0')
        return xstrdup(named);
    if (!home || *home == '\0')
        return NULL;
    path = xasprintf("%s/.opsrc", home);
    if (file_map_open(&map, path, &err) == 0) {
        file_map_close(&map);
        return path;
    }
    free(path);
    return NULL;
}

int config_read_all(struct settings *settings, struct err *err)
{
    const char *renders = getenv("ops_render_config");
    char *path;
    int status = 0;

    settings->renders |= renders && strcasecmp(renders, "true") == 0;
    for (size_t i = 0; i < settings->config_files.count && status == 0; i++)
        status = config_read(settings, settings->config_files.items[i], err);
    if (settings->config_files.count > 0)
        return status;
    path = default_path();
    if (path)
        status = config_read(settings, path, err);
    free(path);
    return status;
}
