/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/config/config.h"

#include "host/err.h"
#include "host/file.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/cli/number.h"
#include "ops/cli/suggest.h"
#include "ops/config/ports.h"
#include "ops/config/settings.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    CONFIG_SIZE_MAX = 4 << 20,
    SUGGEST_DISTANCE_MAX = 3, /* Farther words are no help. */
};

enum key_kind {
    KEY_TEXT,
    KEY_PATH,   /* A text that is a file here: must not be empty. */
    KEY_LIST,   /* Of texts. */
    KEY_ENV,    /* An object NAME: VALUE. */
    KEY_MAPS,   /* An object HOST: GUEST. */
    KEY_LIMITS, /* An object NAME: number or "unlimited". */
    KEY_SIZE,   /* "128M", or a number of MiB. */
    KEY_NUMBER,
    KEY_BOOL,
    KEY_PORTS,  /* A list of texts or numbers. */
    KEY_OBJECT, /* Of further keys. */
    KEY_LATER,  /* One of OPS that does not work yet. */
};

struct key {
    const char *name;
    enum key_kind kind;
    size_t off;             /* Of the field in `struct settings`. */
    const struct key *keys; /* KEY_OBJECT: what is in it. */
};

#define FIELD(field) offsetof(struct settings, field)

static const struct key run_keys[] = {
    { "Memory", KEY_SIZE, FIELD(memory_mib), NULL },
    { "CPUs", KEY_NUMBER, FIELD(cpus), NULL },
    { "Ports", KEY_PORTS, FIELD(ports), NULL },
    { "Verbose", KEY_BOOL, FIELD(verbose), NULL },
    { "Accel", KEY_LATER, 0, NULL },
    { "AtExit", KEY_LATER, 0, NULL },
    { "AttachVolumeOnInstanceCreate", KEY_LATER, 0, NULL },
    { "Background", KEY_LATER, 0, NULL },
    { "BackgroundDetach", KEY_LATER, 0, NULL },
    { "Bridged", KEY_LATER, 0, NULL },
    { "BridgeIPAddress", KEY_LATER, 0, NULL },
    { "BridgeName", KEY_LATER, 0, NULL },
    { "CanIPForward", KEY_LATER, 0, NULL },
    { "Debug", KEY_LATER, 0, NULL },
    { "Gateway", KEY_LATER, 0, NULL },
    { "GdbPort", KEY_LATER, 0, NULL },
    { "GPUs", KEY_LATER, 0, NULL },
    { "GPUType", KEY_LATER, 0, NULL },
    { "ImageName", KEY_LATER, 0, NULL },
    { "InstanceGroup", KEY_LATER, 0, NULL },
    { "InstanceName", KEY_LATER, 0, NULL },
    { "IPAddress", KEY_LATER, 0, NULL },
    { "IPv6Address", KEY_LATER, 0, NULL },
    { "JSON", KEY_LATER, 0, NULL },
    { "Kernel", KEY_LATER, 0, NULL },
    { "Mgmt", KEY_LATER, 0, NULL },
    { "Mounts", KEY_LATER, 0, NULL },
    { "NetMask", KEY_LATER, 0, NULL },
    { "Nics", KEY_LATER, 0, NULL },
    { "QMP", KEY_LATER, 0, NULL },
    { "ShowDebug", KEY_LATER, 0, NULL },
    { "ShowErrors", KEY_LATER, 0, NULL },
    { "ShowWarnings", KEY_LATER, 0, NULL },
    { "TapName", KEY_LATER, 0, NULL },
    { "ThreadsPerCore", KEY_LATER, 0, NULL },
    { "UDPPorts", KEY_LATER, 0, NULL },
    { "Vga", KEY_LATER, 0, NULL },
    { "VolumeSizeInGb", KEY_LATER, 0, NULL },
    { NULL, KEY_LATER, 0, NULL },
};

static const struct key top_keys[] = {
    { "Args", KEY_LIST, FIELD(args), NULL },
    { "Env", KEY_ENV, FIELD(envs), NULL },
    { "Files", KEY_LIST, FIELD(files), NULL },
    { "Dirs", KEY_LIST, FIELD(dirs), NULL },
    { "MapDirs", KEY_MAPS, FIELD(maps), NULL },
    { "RunConfig", KEY_OBJECT, 0, run_keys },
    { "Program", KEY_PATH, FIELD(guest_program), NULL },
    { "ProgramPath", KEY_PATH, FIELD(program), NULL },
    { "TargetRoot", KEY_PATH, FIELD(target_root), NULL },
    { "Kernel", KEY_PATH, FIELD(kernel), NULL },
    /* Ours: no OPS file has them. */
    { "Crash", KEY_TEXT, FIELD(crash), NULL },
    { "Cwd", KEY_PATH, FIELD(cwd), NULL },
    { "Hostname", KEY_TEXT, FIELD(hostname), NULL },
    { "Limits", KEY_LIMITS, FIELD(limits), NULL },
    { "Log", KEY_TEXT, FIELD(log), NULL },
    { "Tmpfs", KEY_LIST, FIELD(tmpfs), NULL },
    { "BaseVolumeSz", KEY_LATER, 0, NULL },
    { "Boot", KEY_LATER, 0, NULL },
    { "BuildDir", KEY_LATER, 0, NULL },
    { "CloudConfig", KEY_LATER, 0, NULL },
    { "Debugflags", KEY_LATER, 0, NULL },
    { "Description", KEY_LATER, 0, NULL },
    { "DisableArgsCopy", KEY_LATER, 0, NULL },
    { "Force", KEY_LATER, 0, NULL },
    { "home", KEY_LATER, 0, NULL },
    { "KlibDir", KEY_LATER, 0, NULL },
    { "Klibs", KEY_LATER, 0, NULL },
    { "Language", KEY_LATER, 0, NULL },
    { "LocalFilesParentDirectory", KEY_LATER, 0, NULL },
    { "ManifestPassthrough", KEY_LATER, 0, NULL },
    { "Mounts", KEY_LATER, 0, NULL },
    { "NameServers", KEY_LATER, 0, NULL },
    { "NanosVersion", KEY_LATER, 0, NULL },
    { "NightlyBuild", KEY_LATER, 0, NULL },
    { "NoTrace", KEY_LATER, 0, NULL },
    { "PackageBaseURL", KEY_LATER, 0, NULL },
    { "PackageManifestURL", KEY_LATER, 0, NULL },
    { "RebootOnExit", KEY_LATER, 0, NULL },
    { "TargetConfig", KEY_LATER, 0, NULL },
    { "TFSv4", KEY_LATER, 0, NULL },
    { "Uefi", KEY_LATER, 0, NULL },
    { "UefiBoot", KEY_LATER, 0, NULL },
    { "Version", KEY_LATER, 0, NULL },
    { "VolumesDir", KEY_LATER, 0, NULL },
    { NULL, KEY_LATER, 0, NULL },
};

static const struct key *key_find(const struct key *keys, const char *name)
{
    for (const struct key *key = keys; key->name; key++) {
        if (strcasecmp(key->name, name) == 0)
            return key;
    }
    return NULL;
}

static int unknown_key(const struct key *keys, const char *name, struct err *err)
{
    const char *nearest = NULL;
    size_t best = SUGGEST_DISTANCE_MAX + 1;

    for (const struct key *key = keys; key->name; key++) {
        size_t distance = suggest_distance(name, key->name);

        if (distance < best) {
            best = distance;
            nearest = key->name;
        }
    }
    if (!nearest)
        return err_set(err, "unknown key \"%.80s\"", name);
    return err_set(err, "unknown key \"%.80s\"; did you mean \"%s\"?", name, nearest);
}

/* A text without NUL bytes, or NULL with `err` set. */
static const char *text_get(const json_t *value, struct err *err)
{
    const char *text = json_string_value(value);

    if (!text) {
        err_set(err, "not a string");
    } else if (strlen(text) != json_string_length(value)) {
        err_set(err, "a NUL byte in a string");
    } else {
        return text;
    }
    return NULL;
}

static int text_set(char **field, const json_t *value, bool may_be_empty, struct err *err)
{
    const char *text = text_get(value, err);

    if (!text)
        return -1;
    if (*text == '\0' && !may_be_empty)
        return err_set(err, "an empty string");
    settings_set(field, text);
    return 0;
}

static int list_add(struct strings *list, const json_t *value, struct err *err)
{
    if (!json_is_array(value))
        return err_set(err, "not a list");
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *text = text_get(json_array_get(value, i), err);

        if (!text)
            return err_prefix(err, "entry %zu", i + 1);
        strings_add(list, text);
    }
    return 0;
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
                       struct err *err)
{
    const char *name;
    json_t *member;

    if (!json_is_object(value))
        return err_set(err, "not an object");
    json_object_foreach(value, name, member)
    {
        if (add(list, name, member, err) < 0)
            return -1;
    }
    return 0;
}

static int size_set(uint64_t *mib, const json_t *value, struct err *err)
{
    const char *text;

    if (json_is_integer(value)) {
        if (json_integer_value(value) < 0)
            return err_set(err, "less than nothing");
        *mib = (uint64_t)json_integer_value(value);
        return 0;
    }
    text = text_get(value, err);
    return text ? number_parse_mib(mib, text, err) : -1;
}

static int number_set(uint64_t *number, const json_t *value, struct err *err)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return err_set(err, "not a number");
    *number = (uint64_t)json_integer_value(value);
    return 0;
}

static int bool_set(bool *flag, const json_t *value, struct err *err)
{
    if (!json_is_boolean(value))
        return err_set(err, "not true or false");
    *flag = json_is_true(value);
    return 0;
}

static int ports_add(struct ports *ports, const json_t *value, struct err *err)
{
    if (!json_is_array(value))
        return err_set(err, "not a list");
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *port = json_array_get(value, i);
        const char *text = json_string_value(port);
        char number[32];

        if (json_is_integer(port)) {
            snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(port));
            text = number;
        }
        if (!text)
            return err_set(err, "entry %zu: not a port", i + 1);
        if (ports_parse(ports, text, err) < 0)
            return err_prefix(err, "entry %zu", i + 1);
    }
    return 0;
}

static int object_set(struct settings *settings, json_t *object, const struct key *keys,
                      struct err *err);

/* Two levels of objects at most: the tables say so. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static int value_set(struct settings *settings, json_t *value, const struct key *key,
                     struct err *err)
{
    void *field = (char *)settings + key->off;

    switch (key->kind) {
    case KEY_TEXT:
        return text_set(field, value, true, err);
    case KEY_PATH:
        return text_set(field, value, false, err);
    case KEY_LIST:
        return list_add(field, value, err);
    case KEY_ENV:
        return members_add(field, value, env_add, err);
    case KEY_MAPS:
        return members_add(field, value, map_add, err);
    case KEY_LIMITS:
        return members_add(field, value, limit_add, err);
    case KEY_SIZE:
        return size_set(field, value, err);
    case KEY_NUMBER:
        return number_set(field, value, err);
    case KEY_BOOL:
        return bool_set(field, value, err);
    case KEY_PORTS:
        return ports_add(field, value, err);
    case KEY_OBJECT:
        return object_set(settings, value, key->keys, err);
    case KEY_LATER:
        return err_set(err, "this key of OPS is not supported yet");
    }
    return err_set(err, "unknown kind");
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int object_set(struct settings *settings, json_t *object, const struct key *keys,
                      struct err *err)
{
    const char *name;
    json_t *value;

    if (!json_is_object(object))
        return err_set(err, "not an object");
    json_object_foreach(object, name, value)
    {
        const struct key *key = key_find(keys, name);

        if (!key)
            return unknown_key(keys, name, err);
        if (value_set(settings, value, key, err) < 0)
            return err_prefix(err, "\"%s\"", name);
    }
    return 0;
}

int config_parse(struct settings *settings, const char *text, size_t size, const char *name,
                 struct err *err)
{
    json_error_t error;
    json_t *top = json_loadb(text ? text : "", size, JSON_REJECT_DUPLICATES, &error);
    int status;

    if (!top)
        return err_set(err, "%s:%d:%d: %s", name, error.line, error.column, error.text);
    status = object_set(settings, top, top_keys, err);
    json_decref(top);
    return status < 0 ? err_prefix(err, "%s", name) : 0;
}

int config_read(struct settings *settings, const char *path, struct err *err)
{
    struct file_map map;
    int status;

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
