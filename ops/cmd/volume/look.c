/* SPDX-License-Identifier: Apache-2.0 */
/* volume cat, cp, ls, tree: what is in a volume, and changing it. */
#include "ops/cli/cmd.h"
#include "ops/cmd/disk/place.h"
#include "ops/state/state.h"

#include <stddef.h>

static int look_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    return disk_cmd_look(STATE_VOLUMES, self, argc, argv, err);
}

static const struct option_spec *const copy_options[] = { disk_options_copy, NULL };
static const struct option_spec *const list_options[] = { disk_options_list, NULL };

const struct cmd cmd_volume_cat = {
    .name = "cat",
    .usage = "NAME PATH...",
    .about = "print files of a volume",
    .more = "NAME is the name of a volume, or a file with one.",
    .examples = "  ops volume cat data /app.log",
    .run = look_run,
};

const struct cmd cmd_volume_cp = {
    .name = "cp",
    .usage = "[OPTION...] SOURCE... TARGET",
    .about = "copy files from a volume, or into one",
    .more = "Works as `ops image cp` does. A volume that a running machine writes is left alone.",
    .examples = "  ops volume cp data:/app.db .\n"
                "  ops volume cp -r ./seed data:/",
    .options = copy_options,
    .run = look_run,
};

const struct cmd cmd_volume_ls = {
    .name = "ls",
    .usage = "[OPTION...] NAME [PATH]",
    .about = "list a directory of a volume",
    .examples = "  ops volume ls -l data /",
    .options = list_options,
    .run = look_run,
};

const struct cmd cmd_volume_tree = {
    .name = "tree",
    .usage = "[OPTION...] NAME [PATH]",
    .about = "list all that is in a volume",
    .examples = "  ops volume tree data",
    .options = list_options,
    .run = look_run,
};
