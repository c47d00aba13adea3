/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/completion/completion.h"

#include "host/err.h"
#include "host/strings.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/config/keys.h"
#include "ops/state/state.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

const struct word_names word_names[] = {
    { "images", WORD_IMAGES },
    { "instances", WORD_INSTANCES },
    { "volumes", WORD_VOLUMES },
    { "packages", WORD_PACKAGES },
    { "keys", WORD_KEYS },
    { "commands", WORD_COMMANDS },
    { NULL, 0 },
};

/* What stands for a word in usage lines. NAME is one of the group's own. */
static const struct {
    const char *word;
    unsigned kind;
} placeholders[] = {
    { "PROGRAM", WORD_FILES },      { "FILE", WORD_FILES },     { "SOURCE", WORD_FILES },
    { "NAME=FILE", WORD_FILES },    { "DIRECTORY", WORD_DIRS }, { "DIR", WORD_DIRS },
    { "IMAGE", WORD_IMAGES },       { "KEY", WORD_KEYS },       { "VOLUME", WORD_VOLUMES },
    { "INSTANCE", WORD_INSTANCES }, { "SHELL", WORD_SHELLS },   { "COMMAND", WORD_COMMANDS },
    { "PACKAGE", WORD_PACKAGES },
};

static unsigned kind_of(const char *word, size_t len)
{
    for (size_t i = 0; i < sizeof(placeholders) / sizeof(placeholders[0]); i++) {
        if (strlen(placeholders[i].word) == len && strncmp(placeholders[i].word, word, len) == 0)
            return placeholders[i].kind;
    }
    return 0;
}

static unsigned kind_of_name(const struct cmd *group)
{
    if (!group)
        return 0;
    if (strcmp(group->name, "image") == 0)
        return WORD_IMAGES;
    if (strcmp(group->name, "instance") == 0)
        return WORD_INSTANCES;
    return strcmp(group->name, "volume") == 0 ? WORD_VOLUMES : 0;
}

unsigned words_of(const struct cmd *cmd, const struct cmd *group)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ=";
    const char *usage = cmd->usage;
    unsigned kinds = 0;

    while (*usage != '\0') {
        size_t len;

        usage += strcspn(usage, letters);
        len = strspn(usage, letters);
        kinds |=
            len == 4 && strncmp(usage, "NAME", 4) == 0 ? kind_of_name(group) : kind_of(usage, len);
        usage += len;
    }
    return kinds;
}

unsigned words_of_option(const struct option_spec *spec)
{
    if (!spec->value)
        return 0;
    if (strcmp(spec->name, "package") == 0)
        return WORD_PACKAGES;
    return kind_of(spec->value, strlen(spec->value)) & ~(unsigned)WORD_COMMANDS;
}

static void table_each(const struct option_spec *specs,
                       void (*fn)(const struct option_spec *spec, void *context), void *context)
{
    for (; specs->name; specs++) {
        if (specs->about)
            fn(specs, context);
    }
}

void options_each(const struct cmd *cmd, void (*fn)(const struct option_spec *spec, void *context),
                  void *context)
{
    for (const struct option_spec *const *specs = cmd->options; specs && *specs; specs++)
        table_each(*specs, fn, context);
    table_each(options_common, fn, context);
}

static int folder_print(enum state_folder folder, const char *suffix, FILE *out, struct err *err)
{
    struct strings names = { 0 };
    int status = state_list(&names, folder, suffix, err);

    for (size_t i = 0; i < names.count; i++)
        fprintf(out, "%s\n", names.items[i]);
    strings_fini(&names);
    return status;
}

static void keys_print(FILE *out)
{
    struct key_walk walk;

    key_walk_init(&walk);
    while (key_walk_next(&walk))
        fprintf(out, "%s\n", walk.path);
}

static void commands_print(FILE *out)
{
    for (const struct cmd *const *cmd = cmd_list; *cmd; cmd++)
        fprintf(out, "%s\n", (*cmd)->name);
}

int names_print(const char *kind, FILE *out, struct err *err)
{
    const struct word_names *names = word_names;

    while (names->name && strcmp(names->name, kind) != 0)
        names++;
    switch (names->kind) {
    case WORD_IMAGES:
        return folder_print(STATE_IMAGES, ".img", out, err);
    case WORD_VOLUMES:
        return folder_print(STATE_VOLUMES, ".img", out, err);
    case WORD_INSTANCES:
        return folder_print(STATE_INSTANCES, "", out, err);
    case WORD_PACKAGES:
        return folder_print(STATE_PACKAGES, "", out, err);
    case WORD_KEYS:
        keys_print(out);
        return 0;
    case WORD_COMMANDS:
        commands_print(out);
        return 0;
    default:
        return err_set(err, "there are no names of '%s'", kind);
    }
}
