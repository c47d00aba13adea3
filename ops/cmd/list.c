/* SPDX-License-Identifier: Apache-2.0 */
/* All commands there are. */
#include "ops/cli/cmd.h"

#include <stddef.h>

extern const struct cmd cmd_build;
extern const struct cmd cmd_completion;
extern const struct cmd cmd_deploy;
extern const struct cmd cmd_doctor;
extern const struct cmd cmd_explain;
extern const struct cmd cmd_help;
extern const struct cmd cmd_image;
extern const struct cmd cmd_instance;
extern const struct cmd cmd_man;
extern const struct cmd cmd_pkg;
extern const struct cmd cmd_profile;
extern const struct cmd cmd_run;
extern const struct cmd cmd_version;
extern const struct cmd cmd_volume;

const struct cmd *const cmd_list[] = {
    &cmd_run,      &cmd_build,      &cmd_deploy,  &cmd_image,  &cmd_volume,
    &cmd_instance, &cmd_pkg,        &cmd_explain, &cmd_doctor, &cmd_profile,
    &cmd_version,  &cmd_completion, &cmd_man,     &cmd_help,   NULL,
};
