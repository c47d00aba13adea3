/* SPDX-License-Identifier: Apache-2.0 */
/* instance: machines that outlive ops. */
#include "ops/cli/cmd.h"

#include <stddef.h>

extern const struct cmd cmd_instance_create;
extern const struct cmd cmd_instance_delete;
extern const struct cmd cmd_instance_inspect;
extern const struct cmd cmd_instance_list;
extern const struct cmd cmd_instance_logs;
extern const struct cmd cmd_instance_reboot;
extern const struct cmd cmd_instance_start;
extern const struct cmd cmd_instance_stats;
extern const struct cmd cmd_instance_stop;
extern const struct cmd cmd_instance_wait;

static const struct cmd *const cmds[] = {
    &cmd_instance_create,
    &cmd_instance_list,
    &cmd_instance_delete,
    &cmd_instance_start,
    &cmd_instance_stop,
    &cmd_instance_reboot,
    &cmd_instance_logs,
    &cmd_instance_stats,
    &cmd_instance_wait,
    &cmd_instance_inspect,
    NULL,
};

const struct cmd cmd_instance = {
    .name = "instance",
    .usage = "COMMAND",
    .about = "start, look after and end machines that outlive this command",
    .cmds = cmds,
};
