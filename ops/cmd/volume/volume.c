/* SPDX-License-Identifier: Apache-2.0 */
/* volume: disks for data, which outlive images and instances. */
#include "ops/cli/cmd.h"

#include <stddef.h>

extern const struct cmd cmd_volume_attach;
extern const struct cmd cmd_volume_cat;
extern const struct cmd cmd_volume_cp;
extern const struct cmd cmd_volume_create;
extern const struct cmd cmd_volume_delete;
extern const struct cmd cmd_volume_detach;
extern const struct cmd cmd_volume_info;
extern const struct cmd cmd_volume_list;
extern const struct cmd cmd_volume_ls;
extern const struct cmd cmd_volume_resize;
extern const struct cmd cmd_volume_tree;

static const struct cmd *const cmds[] = {
    &cmd_volume_create, &cmd_volume_list,   &cmd_volume_info,   &cmd_volume_delete,
    &cmd_volume_attach, &cmd_volume_detach, &cmd_volume_resize, &cmd_volume_ls,
    &cmd_volume_tree,   &cmd_volume_cat,    &cmd_volume_cp,     NULL,
};

const struct cmd cmd_volume = {
    .name = "volume",
    .usage = "COMMAND",
    .about = "make and look after disks for data",
    .cmds = cmds,
};
