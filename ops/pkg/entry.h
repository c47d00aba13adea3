/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * From how a container image says it is run to a program that can be run without it: ENTRYPOINT and
 * CMD joined, small init programs and simple shell commands taken off, scripts given to the
 * interpreter their first line names. Shells are the end of it: there is nothing they could start.
 */

#include "host/strings.h"

#include <stdbool.h>

struct draft_info;
struct err;
struct oci_config;

struct entry_wish {
    const char *program; /* What to run instead, or NULL. */
    struct strings args; /* With `program`, or in the place of CMD. */
};

/*
 * Sets program, args, envs, cwd, user and ports of `info`. Files are looked up below `sysroot`,
 * where the directory of WORKDIR is made if it is missing. What was changed on the way is a line of
 * `notes`. Returns 0, or -1 with `err` set.
 */
int entry_find(struct draft_info *info, const char *sysroot, const struct oci_config *config,
               const struct entry_wish *wish, struct strings *notes, struct err *err);

/*
 * Splits a command of a shell that needs no shell: words and quotes, perhaps with `exec` in front.
 * Returns false when it needs one.
 */
bool entry_split(struct strings *words, const char *command);
