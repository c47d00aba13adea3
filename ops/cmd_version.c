/* SPDX-License-Identifier: Apache-2.0 */
/* version: say which ops this is. */
#include "host/err.h"
#include "ops/cmd.h"

#include <stdio.h>

static const char version[] = "0.1.0";

static int version_run(int argc, char **argv, struct err *err)
{
    (void)argv;
    if (argc > 1) {
        err_set(err, "it takes no argument");
        return CMD_USAGE;
    }
    printf("ops %s\n", version);
    return 0;
}

const struct cmd cmd_version = {
    .name = "version",
    .usage = "",
    .about = "say which version this is",
    .run = version_run,
};
