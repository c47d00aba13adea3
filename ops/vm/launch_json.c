/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A launch as JSON, in the description of an instance. It is ours, but a file all the same: what is
 * missing or wrong is an error that names it.
 */
#include "host/err.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/config/ports.h"
#include "ops/config/settings.h"
#include "ops/vm/launch.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A text of a launch; one that `may_lack` can be NULL. */
struct text_field {
    const char *key;
    size_t off;
    bool may_lack;
};

static const struct text_field text_fields[] = {
    { "kernel", offsetof(struct launch, kernel), false },
    { "disk", offsetof(struct launch, disk), false },
    { "machine", offsetof(struct launch, machine), false },
    { "accel", offsetof(struct launch, accel), false },
    { "cpu_model", offsetof(struct launch, cpu_model), true },
    { "append", offsetof(struct launch, append), true },
    { "tap", offsetof(struct launch, tap), true },
    { "bridge", offsetof(struct launch, bridge), true },
    { "mac", offsetof(struct launch, mac), true },
};

enum {
    TEXT_FIELDS = sizeof(text_fields) / sizeof(text_fields[0]),
    PORT_MAX = 65535,
};

/* NULL when a text is not UTF-8, which JSON cannot hold. */
static json_t *strings_json(const struct strings *strings)
{
    json_t *list = json_array();
    int status = 0;

    for (size_t i = 0; i < strings->count; i++)
        status |= json_array_append_new(list, json_string(strings->items[i]));
    if (status == 0)
        return list;
    json_decref(list);
    return NULL;
}

json_t *launch_ports_json(const struct ports *ports)
{
    json_t *list = json_array();

    for (size_t i = 0; i < ports->count; i++) {
        json_array_append_new(list, json_pack("{s:i,s:i}", "host", ports->items[i].host, "guest",
                                              ports->items[i].guest));
    }
    return list;
}

static json_t *volumes_json(const struct launch *launch)
{
    json_t *list = json_array();
    int status = 0;

    for (size_t i = 0; i < launch->volume_count; i++) {
        const struct launch_volume *volume = &launch->volumes[i];

        status |= json_array_append_new(
            list, json_pack("{s:s,s:b}", "path", volume->path, "read_only", volume->is_read_only));
    }
    if (status == 0)
        return list;
    json_decref(list);
    return NULL;
}

json_t *launch_json(const struct launch *launch)
{
    json_t *json = json_object();
    int status = 0;

    for (size_t i = 0; i < TEXT_FIELDS; i++) {
        char *const *text = (char *const *)((const char *)launch + text_fields[i].off);

        if (*text)
            status |= json_object_set_new(json, text_fields[i].key, json_string(*text));
    }
    status |= json_object_set_new(json, "persist", json_boolean(launch->is_persistent));
    status |= json_object_set_new(json, "memory_mib", json_integer((json_int_t)launch->memory_mib));
    status |= json_object_set_new(json, "cpus", json_integer((json_int_t)launch->cpus));
    status |= json_object_set_new(json, "gdb_port", json_integer(launch->gdb_port));
    status |= json_object_set_new(json, "watched", json_boolean(launch->is_watched));
    status |= json_object_set_new(json, "log_mib", json_integer((json_int_t)launch->log_mib));
    status |= json_object_set_new(json, "ports", launch_ports_json(&launch->ports));
    status |= json_object_set_new(json, "udp_ports", launch_ports_json(&launch->udp_ports));
    status |= json_object_set_new(json, "volumes", volumes_json(launch));
    status |= json_object_set_new(json, "shares", strings_json(&launch->shares));
    status |= json_object_set_new(json, "overlay", strings_json(&launch->overlay));
    status |= json_object_set_new(json, "secrets", strings_json(&launch->secrets));
    if (status == 0)
        return json;
    json_decref(json);
    return NULL;
}

static int texts_parse(struct launch *launch, json_t *json, struct err *err)
{
    for (size_t i = 0; i < TEXT_FIELDS; i++) {
        json_t *value = json_object_get(json, text_fields[i].key);
        char **text = (char **)((char *)launch + text_fields[i].off);

        if (!value && text_fields[i].may_lack)
            continue;
        if (!json_is_string(value))
            return err_set(err, "\"%s\": not a text", text_fields[i].key);
        *text = xstrdup(json_string_value(value));
    }
    return 0;
}

static int number_parse(uint64_t *number, json_t *json, const char *key, uint64_t max,
                        struct err *err)
{
    json_t *value = json_object_get(json, key);

    if (!json_is_integer(value) || json_integer_value(value) < 1 ||
        (uint64_t)json_integer_value(value) > max)
        return err_set(err, "\"%s\": not a number from 1 to %llu", key, (unsigned long long)max);
    *number = (uint64_t)json_integer_value(value);
    return 0;
}

static int strings_parse(struct strings *strings, json_t *json, const char *key, struct err *err)
{
    json_t *list = json_object_get(json, key);
    json_t *item;
    size_t i;

    if (!json_is_array(list))
        return err_set(err, "\"%s\": not a list", key);
    json_array_foreach(list, i, item)
    {
        if (!json_is_string(item))
            return err_set(err, "\"%s\": not a list of texts", key);
        strings_add(strings, json_string_value(item));
    }
    return 0;
}

int launch_ports_parse(struct ports *ports, const json_t *json, const char *key, struct err *err)
{
    json_t *list = json_object_get(json, key);
    json_t *item;
    size_t i;

    if (!json_is_array(list) || json_array_size(list) > PORTS_MAX)
        return err_set(err, "\"%s\": not a list of at most %d ports", key, PORTS_MAX);
    json_array_foreach(list, i, item)
    {
        uint64_t host;
        uint64_t guest;

        if (number_parse(&host, item, "host", PORT_MAX, err) < 0 ||
            number_parse(&guest, item, "guest", PORT_MAX, err) < 0)
            return err_prefix(err, "\"%s\"", key);
        ports->items[ports->count++] =
            (struct port){ .host = (uint16_t)host, .guest = (uint16_t)guest };
    }
    return 0;
}

static int volumes_parse(struct launch *launch, json_t *json, struct err *err)
{
    json_t *list = json_object_get(json, "volumes");
    json_t *item;
    size_t i;

    if (!json_is_array(list))
        return err_set(err, "\"volumes\": not a list");
    json_array_foreach(list, i, item)
    {
        const char *path = json_string_value(json_object_get(item, "path"));

        if (!path)
            return err_set(err, "\"volumes\": one without a path");
        launch_add_volume(launch, path, json_is_true(json_object_get(item, "read_only")));
    }
    return 0;
}

int launch_parse(struct launch *launch, json_t *json, struct err *err)
{
    if (!json_is_object(json))
        return err_set(err, "\"launch\": not an object");
    launch->is_persistent = json_is_true(json_object_get(json, "persist"));
    launch->is_watched = json_is_true(json_object_get(json, "watched"));
    launch->gdb_port = (uint16_t)json_integer_value(json_object_get(json, "gdb_port"));
    launch->log_mib = SETTINGS_LOG_DEFAULT_MIB; /* One of an older ops does not say. */
    if (json_object_get(json, "log_mib") &&
        number_parse(&launch->log_mib, json, "log_mib", SETTINGS_LOG_MAX_MIB, err) < 0)
        return -1;
    if (texts_parse(launch, json, err) < 0 ||
        number_parse(&launch->memory_mib, json, "memory_mib", SETTINGS_MEMORY_MAX_MIB, err) < 0 ||
        number_parse(&launch->cpus, json, "cpus", SETTINGS_CPUS_MAX, err) < 0 ||
        launch_ports_parse(&launch->ports, json, "ports", err) < 0 ||
        launch_ports_parse(&launch->udp_ports, json, "udp_ports", err) < 0 ||
        volumes_parse(launch, json, err) < 0 ||
        strings_parse(&launch->shares, json, "shares", err) < 0 ||
        strings_parse(&launch->overlay, json, "overlay", err) < 0 ||
        strings_parse(&launch->secrets, json, "secrets", err) < 0)
        return -1;
    return 0;
}
