/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the machine mounts over its root filesystem, and so hides of the image. */

#include "host/strings.h"

#include <stdbool.h>

struct settings;
struct tree;

/* Directories that are memory in every machine; ends with NULL. */
extern const char *const mounts_tmpfs[];

/* Directories that the image has so that something can be mounted there; ends with NULL. */
extern const char *const mounts_points[];

/* The mount that hides `path`, a normal one: a word of `settings` or of the lists, or NULL. */
const char *mounts_find(const struct settings *settings, const char *path);

/* Adds to `notes` a sentence for each mount that hides files of the tree. */
void mounts_note_hidden(const struct settings *settings, struct tree *tree, struct strings *notes);

/* Whether `path` is below /proc, /sys or /dev, where no file of a machine comes from an image. */
bool mounts_is_kernels(const char *path);
