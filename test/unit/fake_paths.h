/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * fake_paths.c: names without a filesystem, for unix sockets that are bound to one. A handful of
 * names, each an inode of the mode it was created with.
 */

extern int fake_path_refs;           /* References to path nodes that are held. */
extern void (*fake_path_hook)(void); /* What another thread does while path_create() sleeps. */
