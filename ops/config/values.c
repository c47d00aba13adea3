/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/config/values.h"

#include "host/err.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "lib/manifest/manifest.h"
#include "ops/cli/number.h"
#include "ops/config/keys.h"
#include "ops/config/ports.h"
#include "ops/config/settings.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NUMBER_MAX = 1 << 30,
    PORT_MAX = 65535,
};

void place_enter(struct place *place, const char *key, size_t index)
{
    if (place->depth < VALUE_DEPTH_MAX)
        place->steps[place->depth] = (struct position_step){ .key = key, .index = index };
    place->depth++;
}

void place_leave(struct place *place)
{
    place->depth--;
}

/* A text without NUL bytes, or NULL with `err` set. */
static const char *text_get(const json_t *value, struct err *err)
{
    const char *text = json_string_value(value);

    if (!text) {
        err_set(err, "not a text in quotes");
    } else if (strlen(text) != json_string_length(value)) {
        err_set(err, "a NUL byte in a text");
    } else {
        return text;
    }
    return NULL;
}

static int text_set(char **field, const json_t *value, struct err *err)
{
    const char *text = text_get(value, err);

    if (!text)
        return -1;
    settings_set(field, text);
    return 0;
}

static int path_set(char **field, const json_t *value, struct err *err)
{
    if (json_is_string(value) && json_string_length(value) == 0)
        return err_set(err, "an empty text");
    return text_set(field, value, err);
}

static int ip_check(const char *text, struct err *err)
{
    uint32_t ip;

    return manifest_parse_ip(&ip, text) ? 0 : err_set(err, "'%.80s' is not an IPv4 address", text);
}

static int ip_set(char **field, const json_t *value, struct err *err)
{
    const char *text = text_get(value, err);

    if (!text || ip_check(text, err) < 0)
        return -1;
    settings_set(field, text);
    return 0;
}

static int level_set(char **field, const json_t *value, struct err *err)
{
    static const char *const levels[] = { "error", "warn", "info", "debug" };
    const char *text = text_get(value, err);

    if (!text)
        return -1;
    if (strcmp(text, "err") == 0) /* As OPS has it. */
        text = "error";
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (strcmp(text, levels[i]) == 0) {
            settings_set(field, text);
            return 0;
        }
    }
    return err_set(err, "'%.80s' is none of error, warn, info, debug", text);
}

static int accel_set(char **field, const json_t *value, struct err *err)
{
    if (json_is_boolean(value)) {
        settings_set(field, json_is_true(value) ? "auto" : "tcg");
        return 0;
    }
    return text_set(field, value, err);
}

static int list_add(struct strings *list, const json_t *value,
                    int (*check)(const char *text, struct err *err), struct place *place,
                    struct err *err)
{
    if (!json_is_array(value))
        return err_set(err, "not a list");
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *text;

        place_enter(place, NULL, i);
        text = text_get(json_array_get(value, i), err);
        if (!text || (check && check(text, err) < 0))
            return err_prefix(err, "entry %zu", i + 1);
        strings_add(list, text);
        place_leave(place);
    }
    return 0;
}

static int ips_set(struct strings *list, const json_t *value, struct place *place, struct err *err)
{
    strings_fini(list);
    if (list_add(list, value, ip_check, place, err) < 0)
        return -1;
    if (list->count > MANIFEST_DNS_MAX)
        return err_set(err, "more than %d", MANIFEST_DNS_MAX);
    return 0;
}

static int flags_set(struct settings *settings, const json_t *value, struct place *place,
                     struct err *err)
{
    struct strings flags = { 0 };
    int status = list_add(&flags, value, NULL, place, err);

    for (size_t i = 0; i < flags.count && status == 0; i++) {
        const char *flag = flags.items[i];

        if (strcmp(flag, "trace") == 0 || strcmp(flag, "debugsyscalls") == 0) {
            settings->trace = true;
        } else if (strcmp(flag, "syscall_summary") == 0) {
            settings->syscall_summary = true;
        } else if (strcmp(flag, "missing_files") == 0) {
            settings->missing_files = true;
        } else {
            place_enter(place, NULL, i);
            status = err_set(err,
                             "entry %zu: '%.80s' is not supported\nhint: trace, "
                             "syscall_summary and missing_files are",
                             i + 1, flag);
        }
    }
    strings_fini(&flags);
    return status;
}

static int env_add(struct strings *envs, const char *name, const json_t *value, struct err *err)
{
    const char *text = text_get(value, err);
    char *env;
    bool good;

    if (!text)
        return err_prefix(err, "\"%.80s\"", name);
    env = xasprintf("%s=%s", name, text);
    good = strchr(name, '=') == NULL && strings_set_env(envs, env);
    free(env);
    return good ? 0 : err_set(err, "\"%.80s\" cannot be the name of a variable", name);
}

static int map_add(struct strings *maps, const char *name, const json_t *value, struct err *err)
{
    const char *text = text_get(value, err);

    if (!text)
        return err_prefix(err, "\"%.80s\"", name);
    if (text[0] != '/')
        return err_set(err, "\"%.80s\" is not an absolute path", text);
    strings_add(maps, name);
    strings_add(maps, text);
    return 0;
}

static int mount_add(struct strings *mounts, const char *name, const json_t *value, struct err *err)
{
    const char *text = text_get(value, err);

    if (!text)
        return err_prefix(err, "\"%.80s\"", name);
    if (*name == '\0')
        return err_set(err, "a volume without a name");
    if (text[0] != '/')
        return err_set(err, "\"%.80s\" is not an absolute path", text);
    strings_addf(mounts, "%s:%s", name, text);
    return 0;
}

static int limit_add(struct strings *limits, const char *name, const json_t *value, struct err *err)
{
    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        strings_addf(limits, "%s %lld", name, (long long)json_integer_value(value));
    } else if (json_is_string(value) && strcmp(json_string_value(value), "unlimited") == 0) {
        strings_addf(limits, "%s unlimited", name);
    } else {
        return err_set(err, "\"%.80s\": not a number or \"unlimited\"", name);
    }
    return 0;
}

/* Calls `add` for each member of an object. */
static int members_add(struct strings *list, json_t *value,
                       int (*add)(struct strings *list, const char *name, const json_t *value,
                                  struct err *err),
                       struct place *place, struct err *err)
{
    const char *name;
    json_t *member;

    if (!json_is_object(value))
        return err_set(err, "not an object");
    json_object_foreach(value, name, member)
    {
        place_enter(place, name, 0);
        if (add(list, name, member, err) < 0)
            return -1;
        place_leave(place);
    }
    return 0;
}

static int number_set(uint64_t *number, const json_t *value, uint64_t max, struct err *err)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return err_set(err, "not a number");
    if ((uint64_t)json_integer_value(value) > max)
        return err_set(err, "more than %llu", (unsigned long long)max);
    *number = (uint64_t)json_integer_value(value);
    return 0;
}

static int size_set(uint64_t *mib, const json_t *value, struct err *err)
{
    const char *text;

    if (json_is_integer(value))
        return number_set(mib, value, NUMBER_MIB_MAX, err);
    text = text_get(value, err);
    return text ? number_parse_mib(mib, text, err) : -1;
}

static int gib_set(uint64_t *gib, const json_t *value, struct err *err)
{
    uint64_t mib;

    if (json_is_integer(value))
        return number_set(gib, value, NUMBER_MIB_MAX, err);
    if (size_set(&mib, value, err) < 0)
        return -1;
    if (mib % 1024 != 0)
        return err_set(err, "not a whole number of GiB");
    *gib = mib / 1024;
    return 0;
}

/* A number is bytes, a text a size. */
static int core_set(struct strings *limits, const json_t *value, struct err *err)
{
    uint64_t mib;

    if (json_is_integer(value))
        return limit_add(limits, "core", value, err);
    if (size_set(&mib, value, err) < 0)
        return -1;
    strings_addf(limits, "core %llu", (unsigned long long)mib << 20);
    return 0;
}

static int port_set(uint64_t *port, const json_t *value, struct err *err)
{
    const char *text;
    uint64_t parsed = 0;
    int status;

    if (json_is_integer(value)) {
        status = number_set(&parsed, value, PORT_MAX, err);
    } else {
        text = text_get(value, err);
        status = text ? number_parse(&parsed, text, PORT_MAX, err) : -1;
    }
    if (status < 0)
        return -1;
    if (parsed == 0)
        return err_set(err, "0 is not a port");
    *port = parsed;
    return 0;
}

static int bool_set(bool *flag, const json_t *value, struct err *err)
{
    if (!json_is_boolean(value))
        return err_set(err, "not true or false");
    *flag = json_is_true(value);
    return 0;
}

static int ports_add(struct ports *ports, const json_t *value, struct place *place, struct err *err)
{
    if (!json_is_array(value))
        return err_set(err, "not a list");
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *port = json_array_get(value, i);
        const char *text = json_string_value(port);
        char number[32];

        place_enter(place, NULL, i);
        if (json_is_integer(port)) {
            snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(port));
            text = number;
        }
        if (!text)
            return err_set(err, "entry %zu: not a port", i + 1);
        if (ports_parse(ports, text, err) < 0)
            return err_prefix(err, "entry %zu", i + 1);
        place_leave(place);
    }
    return 0;
}

static int json_keep(char **field, const json_t *value, struct err *err)
{
    char *text;

    if (!json_is_object(value))
        return err_set(err, "not an object");
    text = json_dumps(value, JSON_COMPACT);
    if (!text)
        return err_set(err, "cannot be written as text");
    settings_set(field, text);
    free(text);
    return 0;
}

int value_set(void *field, json_t *value, const struct key *key, struct place *place,
              struct err *err)
{
    switch (key->kind) {
    case KEY_TEXT:
        return text_set(field, value, err);
    case KEY_PATH:
        return path_set(field, value, err);
    case KEY_IP:
        return ip_set(field, value, err);
    case KEY_LEVEL:
        return level_set(field, value, err);
    case KEY_ACCEL:
        return accel_set(field, value, err);
    case KEY_LIST:
        return list_add(field, value, NULL, place, err);
    case KEY_IPS:
        return ips_set(field, value, place, err);
    case KEY_FLAGS:
        return flags_set(field, value, place, err);
    case KEY_ENV:
        return members_add(field, value, env_add, place, err);
    case KEY_MAPS:
        return members_add(field, value, map_add, place, err);
    case KEY_MOUNTS:
        return members_add(field, value, mount_add, place, err);
    case KEY_LIMITS:
        return members_add(field, value, limit_add, place, err);
    case KEY_CORE:
        return core_set(field, value, err);
    case KEY_SIZE:
        return size_set(field, value, err);
    case KEY_GIB:
        return gib_set(field, value, err);
    case KEY_NUMBER:
        return number_set(field, value, NUMBER_MAX, err);
    case KEY_PORT:
        return port_set(field, value, err);
    case KEY_BOOL:
        return bool_set(field, value, err);
    case KEY_PORTS:
        return ports_add(field, value, place, err);
    case KEY_JSON:
        return json_keep(field, value, err);
    case KEY_OBJECT:
    case KEY_OBJECTS:
    case KEY_FOREIGN:
    case KEY_REFUSED:
        break;
    }
    return err_set(err, "not a kind of value");
}
