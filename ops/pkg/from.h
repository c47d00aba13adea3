/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the commands that make packages share. */

#include "host/strings.h"

struct draft;
struct draft_info;
struct err;
struct settings;

/*
 * Packs the program that `settings` tell of, with its libraries and files, into the draft, and
 * fills in what `info` does not say yet. What may be missing becomes a line of `warnings`.
 */
int from_settings(struct draft *draft, struct draft_info *info, const struct settings *settings,
                  struct strings *warnings, struct err *err);

/* The name for a package of the file at `path`: its last part without endings; to be freed. */
char *from_name(const char *path);
