/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* QEMU's command line for a machine of ours. */

#include "host/strings.h"

#include <stdbool.h>

struct err;
struct launch;

/* Where a machine's channels end on this one. Paths; relative ones count from QEMU's folder. */
struct qemu_channels {
    const char *report;  /* Gets the report. */
    const char *console; /* Gets the console; NULL: stdin and stdout. */
    const char *qmp;     /* A unix socket for QEMU's monitor, or NULL. */
    const char *control; /* A unix socket for the kernel's control channel, or NULL. */
    const char *files;   /* The folder with the overlay and secrets; NULL: there are none. */
};

/* Adds program and arguments to `command`. `kvm`: what the `auto` accelerator is. */
void qemu_command(struct strings *command, const char *qemu, const struct launch *launch,
                  const struct qemu_channels *channels, bool kvm);

/* Adds the file `path`, which the machine finds as opt/soliton/NAME. */
void qemu_add_file(struct strings *command, const char *name, const char *path);

/* Whether the launch's accelerator is KVM, on this machine. */
bool qemu_kvm_wanted(const struct launch *launch);

/* Finds QEMU in $PATH. Returns its path, to be freed, or NULL with `err` set. */
char *qemu_find(struct err *err);

/*
 * The first line of what QEMU complained of in the file with its messages, to be freed; NULL if it
 * did not. Neither warnings nor word of a signal from us are complaints.
 */
char *qemu_complaint(const char *log);

/* What can be done about a complaint, as "\nhint: ...", or "". */
const char *qemu_hint(const char *complaint);

/* `text` as a shell takes it for one word, to be freed. */
char *qemu_quote(const char *text);
