/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A program out of Debian packages: they and what they depend on are unpacked below tmp, and what
 * the program needs of that becomes the package. Nothing is installed, and no script is run.
 */

#include "host/strings.h"

struct draft;
struct draft_info;
struct err;

struct from_deb_wish {
    struct strings words; /* Names of packages, or files; the first is the one that is meant. */
    const char *program;  /* NULL: the one called as the package. */
    struct strings args;
    struct strings envs;
    struct strings files; /* More files of the packages, absolute paths. */
};

/* Fills draft and info. Returns 0, or -1 with `err` set. */
int from_deb(struct draft *draft, struct draft_info *info, const struct from_deb_wish *wish,
             struct strings *warnings, struct err *err);
