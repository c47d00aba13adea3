/* SPDX-License-Identifier: Apache-2.0 */
/* help: say what the commands do. */
#include "host/err.h"
#include "host/xmem.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    WORDS_MAX = 2, /* A group and a command. */
};

static int unknown(const char *word, struct err *err)
{
    err_set(err, "unknown command '%s'\nhint: `ops help` lists them", word);
    return CMD_USAGE;
}

static int help_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct words words = { 0 };
    const struct cmd *cmd = NULL;
    char *path = xstrdup("");
    int status = options_parse(NULL, self, argc, argv, &words,
                               (struct words_limit){ .max = WORDS_MAX }, err);

    for (size_t i = 0; i < words.count && status == 0; i++) {
        const struct cmd *const *cmds = cmd ? cmd->cmds : cmd_list;
        char *longer = xasprintf("%s%s%s", path, i > 0 ? " " : "", words.items[i]);

        free(path);
        path = longer;
        cmd = cmds ? cmd_find(cmds, words.items[i]) : NULL;
        if (!cmd)
            status = unknown(path, err);
    }
    if (status == 0 && cmd && cmd->run) {
        cmd_help_print(cmd, path, stdout);
    } else if (status == 0) {
        cmd_overview_print(cmd, stdout);
    }
    free(path);
    return status;
}

const struct cmd cmd_help = {
    .name = "help",
    .usage = "[COMMAND [COMMAND]]",
    .about = "say what the commands do",
    .run = help_run,
};
