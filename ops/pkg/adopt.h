/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Directories of people that become packages. */

#include <stdbool.h>

struct err;

/*
 * Copies the package in `dir`: package.json and sysroot/, or OPS' package.manifest with the program
 * beside it. `name` may be NAME:VERSION; it and `version` may be NULL. Sets `*folder` to what the
 * package is called, to be freed. Returns 0, or -1 with `err` set.
 */
int adopt(const char *dir, const char *name, const char *version, bool replaces, char **folder,
          struct err *err);
