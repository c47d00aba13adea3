/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/image/rules_add.h"

#include "host/err.h"
#include "host/file.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/config/settings.h"
#include "ops/image/deps.h"
#include "ops/image/facts.h"
#include "ops/image/object.h"
#include "ops/image/rules.h"
#include "ops/image/rules_table.h"
#include "ops/image/tree.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CONF_SIZE_MAX = 1 << 20,
    SERVICE_NAME_MAX = 64,
    OPENSSL_TEXTS_SIZE = 4096, /* The texts of OPENSSLDIR and its like lie this near together. */
    OPENSSL_KEYS = 3,
};

static const char *const openssl_keys[OPENSSL_KEYS] = { "OPENSSLDIR", "ENGINESDIR", "MODULESDIR" };

static bool is_this_machine(const struct rules *rules)
{
    return strcmp(rules->root, "/") == 0;
}

/* The value of a variable of the program's environment, or NULL. */
static const char *env_value(const struct rules *rules, const char *name)
{
    const struct strings *envs = &rules->settings->envs;
    size_t len = strlen(name);

    for (size_t i = 0; i < envs->count; i++) {
        if (strncmp(envs->items[i], name, len) == 0 && envs->items[i][len] == '=')
            return envs->items[i] + len + 1;
    }
    return NULL;
}

/* What the image's nsswitch.conf will say, to be freed. */
static char *nsswitch_read(const struct rules *rules)
{
    const struct tree_node *node = tree_find(rules->tree, "/etc/nsswitch.conf");
    char *text = NULL;

    if (node && node->type == TREE_FILE)
        text = node->source ? file_read_text(node->source, CONF_SIZE_MAX) : xstrdup(node->text);
    return text ? text : xstrdup("hosts: files dns\n");
}

/* One line: `hosts: files [NOTFOUND=return] dns # why`. */
static int services_add(struct rules *rules, char *line, struct err *err)
{
    char *save = NULL;
    char *word;

    line[strcspn(line, "#")] = '\0';
    word = strchr(line, ':');
    word = word ? strtok_r(word + 1, " \t", &save) : NULL;
    for (; word; word = strtok_r(NULL, " \t", &save)) {
        char *name;
        int status;

        if (!isalpha((unsigned char)word[0]) || strlen(word) > SERVICE_NAME_MAX ||
            strpbrk(word, "[]/="))
            continue;
        name = xasprintf("libnss_%s.so.2", word);
        status = deps_add_optional(rules->deps, name, err);
        free(name);
        if (status < 0)
            return -1;
    }
    return 0;
}

int rules_add_names(struct rules *rules, const struct rule *rule, struct err *err)
{
    char *text = nsswitch_read(rules);
    char *save = NULL;
    int status = deps_add_optional(rules->deps, "libgcc_s.so.1", err);
    char *line = strtok_r(text, "\n", &save);

    (void)rule;
    for (; line && status == 0; line = strtok_r(NULL, "\n", &save))
        status = services_add(rules, line, err);
    free(text);
    return status;
}

int rules_add_base(struct rules *rules, const struct rule *rule, struct err *err)
{
    static const char *const files[] = {
        "/etc/passwd",   "/etc/group",     "/etc/hosts",     "/etc/nsswitch.conf",
        "/etc/services", "/etc/protocols", "/etc/host.conf",
    };

    (void)rule;
    /* This machine's users and hosts are its own business. */
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && !is_this_machine(rules); i++) {
        if (rules_bring(rules, files[i], NULL, err) < 0)
            return -1;
    }
    return rules_bring(rules, "/etc/localtime", NULL, err);
}

/* A name as it comes from the environment: a path that stays below where it is put. */
static bool is_plain(const char *name)
{
    return name && *name != '\0' && *name != '/' && *name != '.' && strlen(name) < NAME_MAX &&
           !strstr(name, "..") && !strpbrk(name, "*?[");
}

static int locale_bring(struct rules *rules, const char *value, struct err *err)
{
    char *path;
    char *utf8;
    int status;

    if (!is_plain(value) || strcmp(value, "C") == 0 || strcmp(value, "POSIX") == 0)
        return 0;
    path = xasprintf("/usr/lib/locale/%s", value);
    /* The C library writes "UTF-8" as "utf8". */
    utf8 = xasprintf("/usr/lib/locale/%.*s.utf8", (int)strcspn(value, "."), value);
    status = rules_bring(rules, path, NULL, err);
    if (status == 0)
        status = rules_bring(rules, utf8, NULL, err);
    if (status == 0 && strncmp(value, "C.", 2) != 0)
        status = rules_bring(rules, "/usr/lib/locale/locale-archive", NULL, err);
    free(path);
    free(utf8);
    return status;
}

int rules_add_locale(struct rules *rules, const struct rule *rule, struct err *err)
{
    static const char *const names[] = {
        "LANG",    "LC_ALL",     "LC_CTYPE",    "LC_COLLATE",
        "LC_TIME", "LC_NUMERIC", "LC_MONETARY", "LC_MESSAGES",
    };

    (void)rule;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (locale_bring(rules, env_value(rules, names[i]), err) < 0)
            return -1;
    }
    return 0;
}

/* The path behind KEY: in `size` bytes of a library, to be freed, or NULL. */
static char *text_value(const uint8_t *bytes, size_t size, const char *key)
{
    char *start = xasprintf("%s: \"", key);
    const char *found = memmem(bytes, size, start, strlen(start));
    const char *value = found ? found + strlen(start) : NULL;
    size_t room = value ? size - (size_t)((const uint8_t *)value - bytes) : 0;
    const char *end = value ? memchr(value, '"', room < PATH_MAX ? room : PATH_MAX) : NULL;

    free(start);
    return end && *value == '/' ? xstrndup(value, (size_t)(end - value)) : NULL;
}

static const char *const bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
};

/* Whether the image has certificates by now. */
static bool has_bundle(const struct rules *rules)
{
    for (size_t i = 0; i < sizeof(bundles) / sizeof(bundles[0]); i++) {
        if (tree_find(rules->tree, bundles[i]))
            return true;
    }
    return false;
}

int rules_add_certs(struct rules *rules, const struct rule *rule, struct err *err)
{
    (void)rule;
    for (size_t i = 0; i < sizeof(bundles) / sizeof(bundles[0]); i++) {
        if (!has_bundle(rules) && access(bundles[i], R_OK) == 0)
            return tree_add_file(rules->tree, bundles[i], bundles[i], err);
    }
    return 0;
}

/* OpenSSL looks for certificates in its own directory, under a name that not every system has. */
static int cert_link(struct rules *rules, const char *dir, struct err *err)
{
    char *path = xasprintf("%s/cert.pem", dir);
    int status = rules_bring(rules, path, NULL, err);

    for (size_t i = 0; i < sizeof(bundles) / sizeof(bundles[0]) && status == 0; i++) {
        if (!tree_find(rules->tree, path) && tree_find(rules->tree, bundles[i]))
            status = tree_add_link(rules->tree, path, bundles[i], err);
    }
    free(path);
    return status;
}

/* Three texts, each with its NUL: the directories of libcrypto, "" for what it does not tell. */
static char *openssl_read(const struct file_map *map, size_t *size)
{
    const uint8_t *near = memmem(map->bytes, map->size, "OPENSSLDIR: \"", 13);
    size_t off = near ? (size_t)(near - map->bytes) : 0;
    size_t first = off > OPENSSL_TEXTS_SIZE ? off - OPENSSL_TEXTS_SIZE : 0;
    size_t room = map->size - first;
    char *texts = NULL;
    FILE *out = open_memstream(&texts, size);

    if (!out)
        return NULL;
    if (room > 2 * (size_t)OPENSSL_TEXTS_SIZE)
        room = 2 * (size_t)OPENSSL_TEXTS_SIZE;
    for (size_t i = 0; i < OPENSSL_KEYS; i++) {
        char *value = near ? text_value(map->bytes + first, room, openssl_keys[i]) : NULL;

        fprintf(out, "%s%c", value ? value : "", '\0');
        free(value);
    }
    fclose(out);
    return texts;
}

/* The same by way of the facts. To be freed; NULL: it cannot be read. */
static char *openssl_texts(const struct rules *rules, const struct deps_object *object)
{
    struct facts *facts = rules->deps->facts;
    size_t size = 0;
    const char *known = facts_find(facts, FACTS_OPENSSL, &object->stamp, &size);
    struct file_map map;
    struct err ignored;
    char *texts;

    if (known) {
        texts = xcalloc(size, 1);
        memcpy(texts, known, size);
        return texts;
    }
    if (file_map_open(&map, object->source, &ignored) < 0)
        return NULL;
    texts = openssl_read(&map, &size);
    file_map_close(&map);
    if (texts && tree_stamp_is(&object->stamp, object->source))
        facts_add(facts, FACTS_OPENSSL, &object->stamp, texts, size);
    return texts;
}

static int openssl_bring(struct rules *rules, const char *texts, struct err *err)
{
    const char *dir = texts;
    char *path = xasprintf("%s/openssl.cnf", dir);
    int status = *dir != '\0' ? rules_bring(rules, path, NULL, err) : 0;

    free(path);
    if (*dir != '\0' && status == 0)
        status = cert_link(rules, dir, err);
    for (size_t i = 1; i < OPENSSL_KEYS && *dir != '\0' && status == 0; i++) {
        texts += strlen(texts) + 1;
        status = *texts != '\0' ? rules_bring(rules, texts, NULL, err) : 0;
    }
    return status;
}

int rules_add_openssl(struct rules *rules, const struct rule *rule, struct err *err)
{
    int status = 0;

    (void)rule;
    for (size_t i = 0; i < rules->deps->object_count && status == 0; i++) {
        const struct deps_object *object = &rules->deps->objects[i];
        char *texts;

        if (strncmp(object->name, "libcrypto.so.", 13) != 0)
            continue;
        texts = openssl_texts(rules, object);
        if (texts)
            status = openssl_bring(rules, texts, err);
        free(texts);
    }
    return status;
}

int rules_add_terminfo(struct rules *rules, const struct rule *rule, struct err *err)
{
    const char *term = env_value(rules, "TERM");
    char *path;
    int status;

    (void)rule;
    if (!is_plain(term))
        return 0;
    path = xasprintf("/usr/share/terminfo/%c/%s", term[0], term);
    status = rules_bring(rules, path, NULL, err);
    free(path);
    return status;
}

int rules_add_tz(struct rules *rules, const struct rule *rule, struct err *err)
{
    const char *zone = env_value(rules, "TZ");
    char *path;
    int status;

    (void)rule;
    if (zone && *zone == ':')
        zone++;
    if (!is_plain(zone))
        return 0;
    path = xasprintf("/usr/share/zoneinfo/%s", zone);
    status = rules_bring(rules, path, NULL, err);
    free(path);
    return status;
}
