/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The keys of config.json: one table, from which they are parsed, explained (`ops explain`) and
 * documented (docs/config.md, the manual page). A key is named by its path: "RunConfig.Memory".
 */

#include <stdbool.h>
#include <stddef.h>

enum key_kind {
    KEY_TEXT,
    KEY_PATH,    /* A text that must not be empty. */
    KEY_IP,      /* char *: A.B.C.D */
    KEY_LEVEL,   /* char *: a level of the log. */
    KEY_ACCEL,   /* char *: true, false, or the name of an accelerator. */
    KEY_LIST,    /* struct strings: of texts. */
    KEY_IPS,     /* struct strings: of A.B.C.D, as many as a machine takes. */
    KEY_FLAGS,   /* The whole of the settings: words of OPS' Debugflags. */
    KEY_ENV,     /* struct strings: an object NAME: VALUE. */
    KEY_MAPS,    /* struct strings: an object HOST: GUEST. */
    KEY_MOUNTS,  /* struct strings: an object SOURCE: PATH. */
    KEY_LIMITS,  /* struct strings: an object NAME: number or "unlimited". */
    KEY_CORE,    /* struct strings of limits: the one of cores. */
    KEY_SIZE,    /* uint64_t: "128M", or a number of MiB. */
    KEY_GIB,     /* uint64_t: "10G", or a number of GiB. */
    KEY_NUMBER,  /* uint64_t. */
    KEY_PORT,    /* uint64_t: 1 to 65535, also as a text. */
    KEY_BOOL,    /* bool. */
    KEY_PORTS,   /* struct ports: a list of texts or numbers. */
    KEY_OBJECT,  /* Of further keys, with fields of the same struct. */
    KEY_OBJECTS, /* struct key_array: a list of objects. */
    KEY_JSON,    /* char *: any object, kept as text. */
    KEY_FOREIGN, /* Of OPS, without a meaning here: accepted with a note. */
    KEY_REFUSED, /* Of OPS, and not to be had: only a value that asks for nothing is accepted. */
};

enum key_origin {
    KEY_OF_OPS,   /* OPS has it as well. */
    KEY_OF_OURS,  /* It does not. */
    KEY_OF_CLOUD, /* Of OPS; kept for providers, without a meaning on this machine. */
};

struct key {
    const char *name; /* NULL ends a table. */
    enum key_kind kind;
    enum key_origin origin;
    size_t off;             /* Of the field. */
    const struct key *keys; /* KEY_OBJECT, KEY_OBJECTS: what is in it. */
    size_t size;            /* KEY_OBJECTS: of an element. */
    const char *initial;    /* What it is when nothing is said, as JSON; NULL: nothing. */
    const char *example;    /* A value, as JSON; NULL for objects. */
    const char *about;      /* Sentences. */
    const char *instead;    /* KEY_REFUSED, KEY_FOREIGN: what to do, or why it has no meaning. */
};

/* What the field of KEY_OBJECTS starts with. */
struct key_array {
    void *items;
    size_t count;
};

enum {
    KEY_PATH_MAX = 128, /* Room for the path of any key. */
    KEY_LEVELS_MAX = 4, /* Tables below tables. */
};

extern const struct key keys_top[]; /* The table; all others hang below it. */
extern const struct key keys_run[];
extern const struct key keys_cloud[];
extern const struct key keys_passthrough[];

/* A list of keys with their paths, in the order of the table. */
struct key_walk {
    const struct key *next[KEY_LEVELS_MAX];  /* In each table, from the top. */
    const struct key *above[KEY_LEVELS_MAX]; /* The key whose table it is; none of the first. */
    size_t depth;
    char path[KEY_PATH_MAX];
};

/* Starts at the first key. */
void key_walk_init(struct key_walk *walk);

/* The next key, objects in front of what is in them; NULL at the end. `walk->path` is its path. */
const struct key *key_walk_next(struct key_walk *walk);

/* The key of that name in one table, whatever the case, or NULL. */
const struct key *key_find(const struct key *keys, const char *name);

/* The key at a path, or the only one whose path ends with it; NULL when there is none. */
const struct key *key_find_path(const char *path, char full[KEY_PATH_MAX]);

/* Finds up to `max` keys whose path is or ends with `name`. Returns how many it found. */
size_t key_find_all(const char *name, char (*paths)[KEY_PATH_MAX], size_t max);

/*
 * The path of the key most like `name`, of all tables; `keys` (or NULL) is where it was looked for,
 * and wins among equals. Returns false when none is like it.
 */
bool key_suggest(const struct key *keys, const char *name, char path[KEY_PATH_MAX]);

/* What its value looks like: "a list of texts". */
const char *key_kind_name(const struct key *key);
