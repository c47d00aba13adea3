/* SPDX-License-Identifier: Apache-2.0 */
/* image cat, cp, ls, tree: what is in an image, and changing it. */
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
    int status = disk_args_parse(&args, STATE_IMAGES, self, argc, argv, limit, err);

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

const struct cmd cmd_image_cat = {
    .name = "cat",
    .usage = "NAME PATH...",
    .about = "print files of an image",
    .more = "NAME is the name of an image, or a file with one.",
    .examples = "  ops image cat web /etc/soliton/manifest",
    .run = cat_run,
};

const struct cmd cmd_image_cp = {
    .name = "cp",
    .usage = "[OPTION...] SOURCE... TARGET",
    .about = "copy files from an image, or into one",
    .more =
        "NAME:/PATH is in the image NAME (or the file of that name); anything else is a file "
        "here.\n"
        "Which of the two the target is says where it goes. A target that is a directory gets the\n"
        "copies into it. `NAME SOURCE... TARGET`, as in OPS, copies from the image.\n"
        "\n"
        "An image changes as a whole when all is copied, or stays as it is. Machines that run\n"
        "from it see the change when they start again.",
    .examples = "  ops image cp web:/etc/nginx/nginx.conf .\n"
                "  ops image cp -r ./html web:/srv\n"
                "  ops image cp web /var/lib/app.db /tmp",
    .options = copy_options,
    .run = cp_run,
};

const struct cmd cmd_image_ls = {
    .name = "ls",
    .usage = "[OPTION...] NAME [PATH]",
    .about = "list a directory of an image",
    .examples = "  ops image ls web /etc\n"
                "  ops image ls -l web.img",
    .options = list_options,
    .run = ls_run,
};

const struct cmd cmd_image_tree = {
    .name = "tree",
    .usage = "[OPTION...] NAME [PATH]",
    .about = "list all that is in an image",
    .examples = "  ops image tree web",
    .options = list_options,
    .run = tree_run,
};
