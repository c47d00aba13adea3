/* SPDX-License-Identifier: Apache-2.0 */
/* volume cat, cp, ls, tree: what is in a volume, and changing it. */
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cmd/disk/place.h"
#include "ops/state/state.h"

#include <stddef.h>
#include <stdint.h>

/* Parses a command line and runs `fn` with it. */
static int look(const struct cmd *self, int argc, char **argv, struct words_limit limit,
                int (*fn)(struct disk_args *args, struct err *err), struct err *err)
{
    struct disk_args args;
    int status = disk_args_parse(&args, STATE_VOLUMES, self, argc, argv, limit, err);

    if (status == 0)
        status = fn(&args, err);
    disk_args_fini(&args);
    return status;
}

static int cat_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    return look(self, argc, argv, (struct words_limit){ .min = 2, .max = SIZE_MAX }, disk_cmd_cat,
                err);
}

static int cp_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    return look(self, argc, argv, (struct words_limit){ .min = 2, .max = SIZE_MAX }, disk_cmd_cp,
                err);
}

static int ls_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    return look(self, argc, argv, (struct words_limit){ .min = 1, .max = 2 }, disk_cmd_ls, err);
}

static int tree_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    return look(self, argc, argv, (struct words_limit){ .min = 1, .max = 2 }, disk_cmd_tree, err);
}

static const struct option_spec *const copy_options[] = { disk_options_copy, NULL };
static const struct option_spec *const list_options[] = { disk_options_list, NULL };

const struct cmd cmd_volume_cat = {
    .name = "cat",
    .usage = "NAME PATH...",
    .about = "print files of a volume",
    .more = "NAME is the name of a volume, or a file with one.",
    .examples = "  ops volume cat data /app.log",
    .run = cat_run,
};

const struct cmd cmd_volume_cp = {
    .name = "cp",
    .usage = "[OPTION...] SOURCE... TARGET",
    .about = "copy files from a volume, or into one",
    .more = "Works as `ops image cp` does. A volume that a running machine writes is left alone.",
    .examples = "  ops volume cp data:/app.db .\n"
                "  ops volume cp -r ./seed data:/",
    .options = copy_options,
    .run = cp_run,
};

const struct cmd cmd_volume_ls = {
    .name = "ls",
    .usage = "[OPTION...] NAME [PATH]",
    .about = "list a directory of a volume",
    .examples = "  ops volume ls -l data /",
    .options = list_options,
    .run = ls_run,
};

const struct cmd cmd_volume_tree = {
    .name = "tree",
    .usage = "[OPTION...] NAME [PATH]",
    .about = "list all that is in a volume",
    .examples = "  ops volume tree data",
    .options = list_options,
    .run = tree_run,
};
