/* SPDX-License-Identifier: Apache-2.0 */
/* image cat, cp, ls, tree: what is in an image, and changing it. */
#include "ops/cli/cmd.h"
#include "ops/cmd/disk/place.h"
#include "ops/state/state.h"

#include <stddef.h>

static int look_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    return disk_cmd_look(STATE_IMAGES, self, argc, argv, err);
}

static const struct option_spec *const copy_options[] = { disk_options_copy, NULL };
static const struct option_spec *const list_options[] = { disk_options_list, NULL };

const struct cmd cmd_image_cat = {
    .name = "cat",
    .usage = "NAME PATH...",
    .about = "print files of an image",
    .more = "NAME is the name of an image, or a file with one.",
    .examples = "  ops image cat web /etc/soliton/manifest",
    .run = look_run,
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
    .run = look_run,
};

const struct cmd cmd_image_ls = {
    .name = "ls",
    .usage = "[OPTION...] NAME [PATH]",
    .about = "list a directory of an image",
    .examples = "  ops image ls web /etc\n"
                "  ops image ls -l web.img",
    .options = list_options,
    .run = look_run,
};

const struct cmd cmd_image_tree = {
    .name = "tree",
    .usage = "[OPTION...] NAME [PATH]",
    .about = "list all that is in an image",
    .examples = "  ops image tree web",
    .options = list_options,
    .run = look_run,
};
