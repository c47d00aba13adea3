/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Manual pages, made from the list of commands: ops(1), ops-run(1), ops-image-list(1), ... */

#include <stdio.h>

struct cmd;
struct err;

/* The page of ops itself; of a command or group; the one of config.json is keys_roff(). */
void manual_ops(FILE *out);
void manual_cmd(const struct cmd *cmd, const struct cmd *group, FILE *out);

/* Writes all pages into `folder`, which is made, as man1/ops.1 and so on. */
int manual_write(const char *folder, struct err *err);
