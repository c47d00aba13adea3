/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/cmd.h"

#include "ops/cli/options.h"
#include "ops/cli/suggest.h"
#include "ops/output/wrap.h"

#include <string.h>

enum {
    OVERVIEW_TEXT_COLUMN = 14,
    SUGGEST_DISTANCE_MAX = 2, /* Farther words are no help. */
};

const struct cmd *cmd_find(const struct cmd *const *cmds, const char *name)
{
    for (; *cmds; cmds++) {
        if (strcmp((*cmds)->name, name) == 0)
            return *cmds;
    }
    return NULL;
}

const char *cmd_suggest(const struct cmd *const *cmds, const char *name)
{
    const char *nearest = NULL;
    size_t best = SUGGEST_DISTANCE_MAX + 1;

    for (; *cmds; cmds++) {
        size_t distance = suggest_distance(name, (*cmds)->name);

        if (distance < best) {
            best = distance;
            nearest = (*cmds)->name;
        }
    }
    return nearest;
}

void cmd_each(void (*fn)(const struct cmd *cmd, const struct cmd *group, void *context),
              void *context)
{
    for (const struct cmd *const *cmd = cmd_list; *cmd; cmd++) {
        fn(*cmd, NULL, context);
        for (const struct cmd *const *member = (*cmd)->cmds; member && *member; member++)
            fn(*member, *cmd, context);
    }
}

void cmd_overview_print(const struct cmd *group, FILE *out)
{
    const struct cmd *const *cmds = group ? group->cmds : cmd_list;
    const char *name = group ? group->name : "";
    const char *space = group ? " " : "";

    fprintf(out, "usage: ops %s%sCOMMAND [ARGUMENT...]\n\n", name, space);
    for (; *cmds; cmds++) {
        fprintf(out, "  %-11s ", (*cmds)->name);
        wrap_print_from((*cmds)->about, OVERVIEW_TEXT_COLUMN, out);
    }
    fprintf(out, "\n`ops help %s%sCOMMAND` says more.\n", name, space);
}

static void examples_print(const char *examples, FILE *out)
{
    fprintf(out, "\nexamples:\n");
    while (*examples != '\0') {
        int len;

        examples += strspn(examples, " ");
        len = (int)strcspn(examples, "\n");
        fprintf(out, "  %.*s\n", len, examples);
        examples += len;
        examples += *examples == '\n';
    }
}

void cmd_help_print(const struct cmd *cmd, const char *path, FILE *out)
{
    fprintf(out, "usage: ops %s %s\n\n%s.\n", path, cmd->usage, cmd->about);
    if (cmd->more) {
        fprintf(out, "\n");
        wrap_print(cmd->more, 0, out);
    }
    fprintf(out, "\n");
    for (const struct option_spec *const *specs = cmd->options; specs && *specs; specs++)
        options_print(*specs, out);
    options_print(options_common, out);
    if (cmd->examples)
        examples_print(cmd->examples, out);
}
