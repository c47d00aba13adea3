/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One Debian package as a file, deb(5): an ar archive of debian-binary, control.tar, data.tar. */

#include "host/strings.h"

struct err;
struct unpack;

struct deb {
    char *name;
    char *source; /* What it was built from; the name if that is the same. */
    char *version;
    char *depends;        /* NULL: on nothing. */
    char *description;    /* The first line. */
    struct strings paths; /* What it brought, from the root, without "/" in front. */
    char *data;           /* Where data.tar was put, in tmp. */
};

/* Reads its control file. Returns 0, or -1 with `err` set. deb_fini() in any case. */
int deb_open(struct deb *deb, const char *path, struct err *err);
void deb_fini(struct deb *deb);

/* Unpacks what it would install; sets `deb->paths`. No script of it is run. */
int deb_unpack(struct deb *deb, struct unpack *unpack, struct err *err);
