/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* QEMU's command line for a machine of ours. */

#include "host/strings.h"

#include <stdbool.h>

struct err;
struct settings;

struct qemu_paths {
    const char *qemu;
    const char *kernel;
    const char *disk;
    const char *report; /* The file that gets the report channel. */
};

/* Adds program and arguments to `command`. `kvm`: what the `auto` accelerator is. */
void qemu_command(struct strings *command, const struct settings *settings,
                  const struct qemu_paths *paths, bool kvm);

/* Finds QEMU in $PATH. Returns its path, to be freed, or NULL with `err` set. */
char *qemu_find(struct err *err);

/* `text` as a shell takes it for one word, to be freed. */
char *qemu_quote(const char *text);
