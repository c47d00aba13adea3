/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the root filesystem of an image has in it, from what the user asked for. */

#include "host/strings.h"
#include "ops/image/tree.h"

#include <stdint.h>

struct settings;

struct root {
    struct tree tree;
    struct strings warnings; /* What may be missing. */
    struct strings notes;    /* What is other than the user will expect. */
    struct strings reasons;  /* Which rule brought what (ops/image/rules.h). */
    struct strings tmpfs;    /* What the rules want to be memory. */
    char *program;           /* Where it is called in the image; NULL: nothing was found. */
    char *program_real;      /* The same behind all links. */
    uint64_t program_size;   /* Bytes of the program and what is loaded with it. */
};

/*
 * Collects program, libraries, files, manifest and what every Linux program expects to find. Leaves
 * `root` to root_fini() in any case. Returns 0, or -1 with `err` set.
 */
int root_init(struct root *root, const struct settings *settings, struct err *err);
void root_fini(struct root *root);
