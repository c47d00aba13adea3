/* SPDX-License-Identifier: Apache-2.0 */
/* help: say what the commands do. */
#include "host/err.h"
#include "ops/cmd.h"

#include <stdio.h>

static int help_run(int argc, char **argv, struct err *err)
{
    const struct cmd *cmd;

    if (argc > 2) {
        err_set(err, "one command at a time");
        return CMD_USAGE;
    }
    if (argc == 1) {
        cmd_overview_print(stdout);
        return 0;
    }
    cmd = cmd_find(argv[1]);
    if (!cmd) {
        err_set(err, "unknown command '%s'", argv[1]);
        return CMD_USAGE;
    }
    cmd_help_print(cmd, stdout);
    return 0;
}

const struct cmd cmd_help = {
    .name = "help",
    .usage = "[COMMAND]",
    .about = "say what the commands do",
    .run = help_run,
};
