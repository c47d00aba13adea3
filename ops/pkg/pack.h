/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The files of an image as a directory: the sysroot of a package. */

struct err;
struct tree;

/*
 * Copies all that comes from this machine into the directory `sysroot`, which is empty. What ops
 * makes itself is left out: every image gets its own. Returns 0, or -1 with `err` set.
 */
int pack_tree(struct tree *tree, const char *sysroot, struct err *err);

/* Copies the content of a file to a new one of that mode, with its time. */
int pack_file(const char *from, const char *to, unsigned mode, struct err *err);
