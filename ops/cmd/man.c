/* SPDX-License-Identifier: Apache-2.0 */
/* man: print a manual page. */
#include "host/err.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/config/keys_doc.h"
#include "ops/manual/manual.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct man {
    char *output;
};

static int page_print(const struct words *words, struct err *err)
{
    const struct cmd *group = NULL;
    const struct cmd *cmd = NULL;

    if (words->count == 0) {
        manual_ops(stdout);
        return 0;
    }
    if (words->count == 1 && strcmp(words->items[0], "config") == 0) {
        keys_roff(stdout);
        return 0;
    }
    for (size_t i = 0; i < words->count; i++) {
        const struct cmd *const *cmds = cmd ? cmd->cmds : cmd_list;

        group = cmd;
        cmd = cmds ? cmd_find(cmds, words->items[i]) : NULL;
        if (!cmd) {
            err_set(err, "there is no page for '%s'\nhint: `ops help` lists the commands",
                    words->items[i]);
            return CMD_USAGE;
        }
    }
    manual_cmd(cmd, group, stdout);
    return 0;
}

static int man_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct man man = { .output = NULL };
    struct words words;
    int status =
        options_parse(&man, self, argc, argv, &words, (struct words_limit){ .max = 2 }, err);

    if (status == 0)
        status = man.output ? manual_write(man.output, err) : page_print(&words, err);
    free(man.output);
    return status;
}

static const struct option_spec man_options[] = {
    { 'o', "output", "DIR", "write all pages into DIR, as man1/ops.1 and so on", OPTION_TEXT,
      offsetof(struct man, output), NULL, false },
    { 0 },
};

static const struct option_spec *const options[] = { man_options, NULL };

const struct cmd cmd_man = {
    .name = "man",
    .usage = "[OPTION...] [COMMAND [COMMAND]]",
    .about = "print the manual page of ops, of a command, or of config.json",
    .more = "The page is what man(1) formats; `ops man config` is the one of config.json.",
    .examples = "ops man instance create | man -l -\nops man -o /usr/local/share/man",
    .options = options,
    .run = man_run,
};
