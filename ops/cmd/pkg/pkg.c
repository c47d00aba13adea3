/* SPDX-License-Identifier: Apache-2.0 */
/* pkg: programs with all that belongs to them, ready to run. */
#include "ops/cli/cmd.h"

#include <stddef.h>

extern const struct cmd cmd_pkg_add;
extern const struct cmd cmd_pkg_contents;
extern const struct cmd cmd_pkg_delete;
extern const struct cmd cmd_pkg_describe;
extern const struct cmd cmd_pkg_from_deb;
extern const struct cmd cmd_pkg_from_docker;
extern const struct cmd cmd_pkg_from_oci;
extern const struct cmd cmd_pkg_from_run;
extern const struct cmd cmd_pkg_list;
extern const struct cmd cmd_pkg_load;
extern const struct cmd cmd_pkg_search;

static const struct cmd *const cmds[] = {
    &cmd_pkg_list,        &cmd_pkg_search,   &cmd_pkg_describe, &cmd_pkg_contents,
    &cmd_pkg_load,        &cmd_pkg_from_run, &cmd_pkg_from_oci, &cmd_pkg_from_deb,
    &cmd_pkg_from_docker, &cmd_pkg_add,      &cmd_pkg_delete,   NULL,
};

const struct cmd cmd_pkg = {
    .name = "pkg",
    .usage = "COMMAND",
    .about = "make packages of programs, container images and Debian packages, and run them",
    .cmds = cmds,
};
