/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/image/rules.h"

#include "host/err.h"
#include "host/file.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/image/deps.h"
#include "ops/image/object.h"
#include "ops/image/rules_table.h"
#include "ops/image/sysroot.h"
#include "ops/image/tree.h"

#include <fnmatch.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    LINK_ROUNDS_MAX = 8, /* Links that lead to directories with links, and so on. */
    LINK_DEPTH_MIN = 3,  /* A link to /usr would bring the whole system. */
};

/* What every program has; what it wants tells nothing of the program. */
static const char *const runtime[] = {
    "libc.so.*",  "ld-linux-*", "libm.so.*", "libstdc++.so.*", "libgcc_s.so.*", "libpthread.so.*",
    "libdl.so.*", "librt.so.*", NULL,
};

/* Where links are not followed to: nothing there is the program's own. */
static const char *const foreign_dirs[] = {
    "/proc", "/sys",  "/dev",           "/run",         "/tmp",
    "/home", "/root", "/usr/share/doc", "/usr/include", NULL,
};

/* What triggered a rule, and the name that did. */
struct trigger {
    const char *name;
    const char *what;
};

static bool matches(const char *const *patterns, size_t max, const char *name)
{
    for (size_t i = 0; i < max && patterns[i]; i++) {
        if (fnmatch(patterns[i], name, 0) == 0)
            return true;
    }
    return false;
}

static bool is_runtime(const char *name)
{
    return matches(runtime, SIZE_MAX, name);
}

static bool library_triggers(const struct rules *rules, const struct rule *rule,
                             struct trigger *trigger)
{
    for (size_t i = 0; i < rules->deps->object_count; i++) {
        const struct deps_object *object = &rules->deps->objects[i];

        if (i > 0 && matches(rule->libraries, RULE_TRIGGERS_MAX, object->name)) {
            *trigger = (struct trigger){ object->name, "it loads" };
            return true;
        }
        if ((object->hints & rule->hints) != 0 && !is_runtime(object->name)) {
            *trigger = (struct trigger){ object->name, "that is what is in" };
            return true;
        }
    }
    return false;
}

static bool rule_triggers(const struct rules *rules, const struct rule *rule, uint64_t applied,
                          struct trigger *trigger)
{
    if (matches(rule->programs, RULE_TRIGGERS_MAX, path_base(rules->real))) {
        *trigger = (struct trigger){ path_base(rules->real), "the program is" };
        return true;
    }
    for (size_t i = 0; rules_table[i].name; i++) {
        if ((applied >> i & 1) != 0 &&
            matches(rule->after, RULE_TRIGGERS_MAX, rules_table[i].name)) {
            *trigger = (struct trigger){ rules_table[i].name, "it goes with" };
            return true;
        }
    }
    return library_triggers(rules, rule, trigger);
}

/* The first number in a name, dots included: "3.11" in "libpython3.11.so". To be freed. */
static char *version_of(const char *name)
{
    const char *start = name + strcspn(name, "0123456789");
    size_t len = strspn(start, "0123456789.");

    while (len > 0 && start[len - 1] == '.')
        len--;
    return xstrndup(start, len);
}

/* The text that stands for a letter behind `%`, to be freed. */
static char *letter_expand(const struct rules *rules, char letter, const char *trigger)
{
    switch (letter) {
    case 'p':
        return path_dir(rules->real);
    case 'd':
        return path_dir(rules->called);
    default:
        return version_of(trigger);
    }
}

/* A path of the table with what stands for its letters, to be freed. */
static char *pattern_expand(const struct rules *rules, const char *pattern, const char *trigger)
{
    char *path = xstrdup("");

    while (*pattern != '\0') {
        size_t len = strcspn(pattern, "%");
        char *value =
            pattern[len] == '%' ? letter_expand(rules, pattern[len + 1], trigger) : xstrdup("");
        char *longer = xasprintf("%s%.*s%s", path, (int)len, pattern, value);

        free(value);
        free(path);
        path = longer;
        pattern += len;
        pattern += *pattern == '%' ? 2 : 0;
    }
    return path;
}

static bool is_dir(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Something may be in the way, or not be readable: whoever asked for it does not need it. */
static void bring_warn(struct rules *rules, const struct err *err)
{
    strings_add(&rules->deps->warnings, err->text);
}

/* A directory that was brought with all that is in it, but for some names at its top. */
struct rules_dir {
    char *path;
    const char *const *except;
};

/* Whether a directory is still to be brought; notes that it is. Several patterns may lead to it. */
static bool is_new_dir(struct rules *rules, const char *path, const char *const *except)
{
    for (size_t i = 0; i < rules->dir_count; i++) {
        const struct rules_dir *dir = &rules->dirs[i];

        if ((!dir->except || dir->except == except) && strcmp(dir->path, path) == 0)
            return false;
    }
    rules->dirs = xrealloc(rules->dirs, rules->dir_count + 1, sizeof(*rules->dirs));
    rules->dirs[rules->dir_count++] = (struct rules_dir){ .path = xstrdup(path), .except = except };
    return true;
}

static void dirs_fini(struct rules *rules)
{
    for (size_t i = 0; i < rules->dir_count; i++)
        free(rules->dirs[i].path);
    free(rules->dirs);
    rules->dirs = NULL;
    rules->dir_count = 0;
}

static void one_bring(struct rules *rules, const char *path, const char *const *except)
{
    char *real = NULL;
    char *source;
    struct err err = { 0 };

    if (tree_add_host(rules->tree, rules->root, path, &real, &err) < 0) {
        bring_warn(rules, &err);
        return;
    }
    source = xasprintf("%s%s", strcmp(rules->root, "/") == 0 ? "" : rules->root, real);
    if (is_dir(source) && is_new_dir(rules, real, except) &&
        tree_add_host_part(rules->tree, real, source, except, &err) < 0)
        bring_warn(rules, &err);
    free(source);
    free(real);
}

int rules_bring(struct rules *rules, const char *path, const char *const *except, struct err *err)
{
    struct strings found = { 0 };

    (void)err;
    sysroot_glob(&found, rules->root, path);
    for (size_t i = 0; i < found.count; i++) {
        char *normal = path_normalize("/", found.items[i]);

        one_bring(rules, normal, except);
        free(normal);
    }
    strings_fini(&found);
    return 0;
}

static int link_see(struct tree_node *node, void *context, struct err *err)
{
    struct strings *links = context;

    (void)err;
    if (node->type == TREE_LINK && !node->seen) {
        node->seen = true;
        if (links)
            strings_take(links, tree_path(node));
    }
    return 0;
}

static bool is_foreign(const char *path)
{
    size_t depth = 0;

    for (const char *at = path; *at; at++)
        depth += *at == '/';
    for (const char *const *dir = foreign_dirs; *dir; dir++) {
        size_t len = strlen(*dir);

        if (strncmp(path, *dir, len) == 0 && (path[len] == '/' || path[len] == '\0'))
            return true;
    }
    return depth < LINK_DEPTH_MIN;
}

/* A link that came leads out of what came with it: its target comes too. */
static void link_bring(struct rules *rules, const char *path)
{
    char *source = sysroot_resolve(rules->root, path);
    const char *root = strcmp(rules->root, "/") == 0 ? "" : rules->root;
    char *real = strcmp(rules->root, "/") == 0 ? realpath(source, NULL) : xstrdup(source);
    struct stat st;

    if (real && stat(real, &st) == 0 && !is_foreign(real + strlen(root)))
        one_bring(rules, path, NULL);
    free(real);
    free(source);
}

static void links_bring(struct rules *rules)
{
    for (int round = 0; round < LINK_ROUNDS_MAX && rules->tree->count > rules->links_at; round++) {
        struct strings links = { 0 };
        struct err err;

        rules->links_at = rules->tree->count;
        (void)tree_walk(rules->tree, link_see, &links, &err);
        for (size_t i = 0; i < links.count; i++) {
            if (!tree_find(rules->tree, links.items[i]))
                link_bring(rules, links.items[i]);
        }
        strings_fini(&links);
    }
}

static int rule_apply(struct rules *rules, const struct rule *rule, const struct trigger *trigger,
                      struct err *err)
{
    size_t before = rules->tree->count;
    int status = 0;

    for (size_t i = 0; i < RULE_PATHS_MAX && rule->paths[i] && status == 0; i++) {
        char *path = pattern_expand(rules, rule->paths[i], trigger->name);

        status = rules_bring(rules, path, rule->except, err);
        free(path);
    }
    for (size_t i = 0; i < RULE_TRIGGERS_MAX && rule->tmpfs[i]; i++)
        strings_add(&rules->tmpfs, rule->tmpfs[i]);
    if (status == 0 && rule->add)
        status = rule->add(rules, rule, err);
    links_bring(rules);
    if (rules->tree->count > before) {
        strings_addf(rules->reasons, "rule %s adds %zu files (%s): %s '%s'", rule->name,
                     rules->tree->count - before, rule->about, trigger->what, trigger->name);
    }
    return status;
}

static int round_apply(struct rules *rules, uint64_t *applied, struct err *err)
{
    for (size_t i = 0; rules_table[i].name; i++) {
        struct trigger trigger;

        if ((*applied >> i & 1) != 0 || !rule_triggers(rules, &rules_table[i], *applied, &trigger))
            continue;
        *applied |= (uint64_t)1 << i;
        if (rule_apply(rules, &rules_table[i], &trigger, err) < 0)
            return -1;
    }
    return deps_add_tree(rules->deps, err);
}

int rules_apply(struct rules *rules, struct err *err)
{
    uint64_t applied = 0;
    uint64_t before;
    bool kept = rules->tree->keeps;
    int status;

    (void)tree_walk(rules->tree, link_see, NULL, err);
    rules->links_at = rules->tree->count;
    rules->tree->keeps = true;
    do {
        before = applied;
        status = round_apply(rules, &applied, err);
    } while (status == 0 && applied != before);
    rules->tree->keeps = kept;
    dirs_fini(rules);
    return status;
}
