/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* /etc/ld.so.conf: the directories the dynamic loader is told to look through. */

struct strings;

/*
 * Adds the directories that /etc/ld.so.conf under `root` names, included files too. Without such a
 * file there are none. Directories count from `root` and are given without it.
 */
void ldconf_read(struct strings *dirs, const char *root);
