/* SPDX-License-Identifier: Apache-2.0 */
/* image: programs packed to be run, and what is in them. */
#include "ops/cli/cmd.h"

#include <stddef.h>

extern const struct cmd cmd_image_cat;
extern const struct cmd cmd_image_cp;
extern const struct cmd cmd_image_create;
extern const struct cmd cmd_image_delete;
extern const struct cmd cmd_image_env;
extern const struct cmd cmd_image_list;
extern const struct cmd cmd_image_ls;
extern const struct cmd cmd_image_resize;
extern const struct cmd cmd_image_search;
extern const struct cmd cmd_image_sync;
extern const struct cmd cmd_image_tree;

static const struct cmd *const cmds[] = {
    &cmd_image_create, &cmd_image_list, &cmd_image_search, &cmd_image_delete,
    &cmd_image_resize, &cmd_image_ls,   &cmd_image_tree,   &cmd_image_cat,
    &cmd_image_cp,     &cmd_image_env,  &cmd_image_sync,   NULL,
};

const struct cmd cmd_image = {
    .name = "image",
    .usage = "COMMAND",
    .about = "make, look into and change images of programs",
    .cmds = cmds,
};
