/* SPDX-License-Identifier: Apache-2.0 */
/* explain: say what a key of config.json means. */
#include "host/err.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cli/ui.h"
#include "ops/config/keys.h"
#include "ops/config/keys_doc.h"
#include "ops/output/table.h"
#include "ops/output/wrap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct explain {
    bool markdown;
};

static const struct column columns[] = {
    { "", "KEY", COLUMN_TEXT },       { "key", NULL, COLUMN_TEXT },
    { "type", NULL, COLUMN_TEXT },    { "default", NULL, COLUMN_TEXT },
    { "example", NULL, COLUMN_TEXT }, { "about", "MEANS", COLUMN_TEXT },
    { "state", NULL, COLUMN_TEXT },   { "instead", NULL, COLUMN_TEXT },
    { "of_ops", NULL, COLUMN_BOOL },  { NULL, NULL, COLUMN_TEXT },
};

static void row_add(struct table *table, const struct key *key, const char *path)
{
    char name[2 * KEY_PATH_MAX];
    size_t depth = 0;

    for (const char *dot = strchr(path, '.'); dot; dot = strchr(dot + 1, '.'))
        depth++;
    snprintf(name, sizeof(name), "%*s%s", (int)(2 * depth), "", key->name);
    table_add(table, (const struct cell[]){
                         { .text = name },
                         { .text = path },
                         { .text = key_kind_name(key) },
                         { .text = key->initial },
                         { .text = key->example },
                         { .text = key->about },
                         { .text = key_state_name(key) },
                         { .text = key->instead },
                         { .number = key->origin != KEY_OF_OURS },
                     });
}

/* Lists all keys, or those below the path `above`. */
static void keys_print(const char *above)
{
    struct table *table = table_create(columns);
    size_t len = above ? strlen(above) : 0;
    const struct key *key;
    struct key_walk walk;

    key_walk_init(&walk);
    while ((key = key_walk_next(&walk))) {
        if (!above || (strncmp(walk.path, above, len) == 0 && walk.path[len] == '.'))
            row_add(table, key, walk.path);
    }
    table_print(table, "", stdout);
    table_destroy(table);
}

static void key_print_json(const struct key *key, const char *path)
{
    struct table *table = table_create(columns);

    row_add(table, key, path);
    table_print_record(table, stdout);
    table_destroy(table);
}

static void key_print(const struct key *key, const char *path)
{
    char *about = key_about(key);

    printf("%s: %s", path, key_kind_name(key));
    if (key->initial)
        printf(", %s unless given", key->initial);
    printf("\n\n");
    wrap_print(about, 2, stdout);
    free(about);
    if (key->example) {
        char *example = key_example(path, key->example);

        printf("\n      %s\n", example);
        free(example);
    }
    if (key->keys) {
        putchar('\n');
        keys_print(path);
    }
}

static int unknown(const char *name, struct err *err)
{
    char nearest[KEY_PATH_MAX];
    char where[2][KEY_PATH_MAX];

    if (key_find_all(name, where, 2) > 1) {
        return err_set(err, "there are several keys '%s'\nhint: say '%s' or '%s'", name, where[0],
                       where[1]);
    }
    if (key_suggest(NULL, name, nearest))
        return err_set(err, "there is no key '%s'\nhint: did you mean '%s'?", name, nearest);
    return err_set(err, "there is no key '%s'\nhint: `ops explain` lists them all", name);
}

static int explain_key(const char *name, struct err *err)
{
    char path[KEY_PATH_MAX];
    const struct key *key = key_find_path(name, path);

    if (!key)
        return unknown(name, err);
    if (ui.json) {
        key_print_json(key, path);
    } else {
        key_print(key, path);
    }
    return 0;
}

static int explain_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct explain explain = { .markdown = false };
    struct words words;
    int status =
        options_parse(&explain, self, argc, argv, &words, (struct words_limit){ .max = 1 }, err);

    if (status != 0)
        return status;
    if (words.count > 0)
        return explain_key(words.items[0], err);
    if (explain.markdown) {
        keys_markdown(stdout);
    } else {
        keys_print(NULL);
    }
    return 0;
}

static const struct option_spec explain_options[] = {
    { 0, "markdown", NULL, "print all of it as docs/config.md has it", OPTION_FLAG,
      offsetof(struct explain, markdown), NULL, false },
    { 0 },
};

static const struct option_spec *const options[] = { explain_options, NULL };

const struct cmd cmd_explain = {
    .name = "explain",
    .usage = "[OPTION...] [KEY]",
    .about = "say what a key of config.json means",
    .more = "KEY is a path such as RunConfig.Memory, in any case, or its last word where that is "
            "clear. Without one, all keys are listed.",
    .examples = "ops explain RunConfig.Memory\nops explain CloudConfig",
    .options = options,
    .run = explain_run,
};
