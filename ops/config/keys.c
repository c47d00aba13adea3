/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/config/keys.h"

#include "ops/cli/suggest.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    LEVEL_COUNT = 4,          /* Tables below tables; keys_test.c sees that it is enough. */
    SUGGEST_DISTANCE_MAX = 3, /* Farther words are no help. */
};

void key_walk_init(struct key_walk *walk)
{
    *walk = (struct key_walk){ .next = { keys_top }, .depth = 1 };
}

/* The names of the keys that lead here, and of `key` itself. */
static void path_build(struct key_walk *walk, const struct key *key)
{
    size_t len = 0;

    for (size_t i = 1; i < walk->depth; i++) {
        len += (size_t)snprintf(walk->path + len, sizeof(walk->path) - len, "%s.",
                                walk->above[i]->name);
    }
    snprintf(walk->path + len, sizeof(walk->path) - len, "%s", key->name);
}

const struct key *key_walk_next(struct key_walk *walk)
{
    while (walk->depth > 0) {
        const struct key *key = walk->next[walk->depth - 1];

        if (!key->name) {
            walk->depth--;
            continue;
        }
        path_build(walk, key);
        walk->next[walk->depth - 1]++;
        if (key->keys && walk->depth < KEY_LEVELS_MAX) {
            walk->above[walk->depth] = key;
            walk->next[walk->depth++] = key->keys;
        }
        return key;
    }
    return NULL;
}

const struct key *key_find(const struct key *keys, const char *name)
{
    for (const struct key *key = keys; key->name; key++) {
        if (strcasecmp(key->name, name) == 0)
            return key;
    }
    return NULL;
}

/* Whether `path` is `end`, or ends with it behind a dot. */
static bool path_ends(const char *path, const char *end)
{
    size_t path_len = strlen(path);
    size_t end_len = strlen(end);

    if (end_len == 0 || end_len > path_len || strcasecmp(path + path_len - end_len, end) != 0)
        return false;
    return end_len == path_len || path[path_len - end_len - 1] == '.';
}

const struct key *key_find_path(const char *path, char full[KEY_PATH_MAX])
{
    const struct key *found = NULL;
    const struct key *key;
    struct key_walk walk;
    size_t count = 0;

    key_walk_init(&walk);
    while ((key = key_walk_next(&walk))) {
        if (!path_ends(walk.path, path))
            continue;
        found = key;
        count++;
        memcpy(full, walk.path, KEY_PATH_MAX);
        if (strlen(walk.path) == strlen(path))
            return found;
    }
    return count == 1 ? found : NULL;
}

size_t key_find_all(const char *name, char (*paths)[KEY_PATH_MAX], size_t max)
{
    struct key_walk walk;
    size_t count = 0;

    key_walk_init(&walk);
    while (count < max && key_walk_next(&walk)) {
        if (path_ends(walk.path, name))
            memcpy(paths[count++], walk.path, KEY_PATH_MAX);
    }
    return count;
}

static size_t distance_to(const char *name, const struct key *key, const char *path)
{
    size_t by_name = suggest_distance(name, key->name);
    size_t by_path = suggest_distance(name, path);

    return by_name < by_path ? by_name : by_path;
}

bool key_suggest(const struct key *keys, const char *name, char path[KEY_PATH_MAX])
{
    size_t len = strlen(name);
    /* All letters changed is no likeness. */
    size_t first = len <= SUGGEST_DISTANCE_MAX ? len : SUGGEST_DISTANCE_MAX + 1;
    size_t best = first;
    const struct key *key;
    struct key_walk walk;

    for (key = keys; key && key->name; key++) {
        size_t distance = suggest_distance(name, key->name);

        if (distance < best) {
            best = distance;
            snprintf(path, KEY_PATH_MAX, "%s", key->name);
        }
    }
    key_walk_init(&walk);
    while ((key = key_walk_next(&walk))) {
        size_t distance = distance_to(name, key, walk.path);

        if (distance < best) {
            best = distance;
            memcpy(path, walk.path, KEY_PATH_MAX);
        }
    }
    return best < first;
}

const char *key_kind_name(const struct key *key)
{
    switch (key->kind) {
    case KEY_TEXT:
    case KEY_LEVEL:
        return "text";
    case KEY_PATH:
        return "path";
    case KEY_IP:
        return "IPv4 address";
    case KEY_ACCEL:
        return "true, false or text";
    case KEY_LIST:
    case KEY_FLAGS:
        return "list of texts";
    case KEY_IPS:
        return "list of IPv4 addresses";
    case KEY_ENV:
        return "object of NAME: text";
    case KEY_MAPS:
        return "object of PATH: path";
    case KEY_MOUNTS:
        return "object of VOLUME: path";
    case KEY_LIMITS:
        return "object of NAME: number";
    case KEY_CORE:
    case KEY_SIZE:
    case KEY_GIB:
        return "size";
    case KEY_NUMBER:
        return "number";
    case KEY_PORT:
        return "port";
    case KEY_BOOL:
        return "true or false";
    case KEY_PORTS:
        return "list of ports";
    case KEY_OBJECT:
    case KEY_JSON:
        return "object";
    case KEY_OBJECTS:
        return "list of objects";
    case KEY_FOREIGN:
    case KEY_REFUSED:
        return "any";
    }
    return "any";
}
