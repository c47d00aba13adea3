/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A package in the making: below tmp, until it is whole and takes its place in one step. Whatever
 * ends ops before leaves nothing.
 */

#include "host/strings.h"

#include <stdbool.h>

struct err;

/* What package.json will say. Texts may be NULL, and all are the owner's to free. */
struct draft_info {
    char *name;
    char *version;
    char *program; /* Absolute, in the sysroot. */
    struct strings args;
    struct strings envs;
    char *cwd;
    char *user; /* UID or UID:GID. */
    char *language;
    char *description;
    struct strings ports;
    struct strings udp_ports;
    char *base; /* JSON that this is laid over; NULL: nothing. */
};

void draft_info_fini(struct draft_info *info);

struct draft {
    char *path;
    char *sysroot;
};

/* Makes an empty one. Returns 0, or -1 with `err` set. draft_fini() in any case. */
int draft_init(struct draft *draft, struct err *err);

/* Removes what is left of it. */
void draft_fini(struct draft *draft);

/*
 * Writes package.json and puts the package into its place. One that is there already is an error,
 * unless `replaces`: then the two change places in one step. Sets `*folder`, unless NULL, to what
 * it is called, to be freed. Returns 0, or -1 with `err` set.
 */
int draft_keep(struct draft *draft, const struct draft_info *info, bool replaces, char **folder,
               struct err *err);

/* What package.json says for `info`, to be freed. */
char *draft_json(const struct draft_info *info);
