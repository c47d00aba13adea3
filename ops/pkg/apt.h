/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What apt knows, asked through its own tool: it finds packages, follows dependencies, downloads
 * and checks signatures. Needs no root: nothing is installed, and nothing of apt's is changed.
 */

struct err;
struct strings;

/*
 * Adds NAME=VERSION of all packages that `words` (names, or files of packages) depend on, as for a
 * machine where nothing is installed yet, without what is only recommended. Files themselves are
 * left out. Returns 0, or -1 with `err` set.
 */
int apt_closure(struct strings *packages, const struct strings *words, struct err *err);

/* Downloads packages, given as NAME=VERSION, into the directory `dir`. */
int apt_download(const struct strings *packages, const char *dir, struct err *err);
