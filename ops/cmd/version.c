/* SPDX-License-Identifier: Apache-2.0 */
/* version: say which ops this is. */
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cli/ui.h"

#include <stdio.h>

static const char version[] = "0.1.0";

static int version_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct words words;
    int status = options_parse(NULL, self, argc, argv, &words, (struct words_limit){ 0 }, err);

    if (status != 0)
        return status;
    printf(ui.json ? "{\"version\": \"%s\"}\n" : "ops %s\n", version);
    return 0;
}

const struct cmd cmd_version = {
    .name = "version",
    .usage = "",
    .about = "say which version this is",
    .run = version_run,
};
