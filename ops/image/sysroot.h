/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Paths below a directory that stands for "/": the root of another system, out of which a program
 * is taken. Links in it count from there, as they will in the machine, never from the root of this
 * machine.
 */

struct strings;

enum {
    SYSROOT_LINKS_MAX = 40, /* Links followed in one path, as in Linux. */
};

/*
 * Where on this machine `path` below `root` leads, behind all links; to be freed. What is missing
 * is taken by its name, so the answer need not exist. Too many links: `root` itself.
 */
char *sysroot_resolve(const char *root, const char *path);

/*
 * Adds to `found` the paths below `root` that match `pattern`, an absolute path whose parts may be
 * patterns of fnmatch(), sorted. They are not resolved and start with "/".
 */
void sysroot_glob(struct strings *found, const char *root, const char *pattern);
