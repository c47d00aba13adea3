/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a user asks to have mounted: SOURCE:PATH, or SOURCE:PATH:ro. SOURCE is
 *
 *     NAME        a volume by its name here, else a volume with that label
 *     LABEL=NAME  UUID=ID    a volume by what its filesystem says
 *     %N          the N-th disk beside the root, from 0: whatever is attached
 *     FOLDER      of this machine, with a `/` or `.` in front, by 9p
 */

#include <stdbool.h>
#include <stddef.h>

struct err;
struct launch;
struct settings;
struct strings;

struct mount {
    char *source; /* As the manifest has it: "LABEL=data", "9p=share0", "%0". */
    char *path;   /* In the machine. */
    bool is_read_only;
    char *volume; /* The file of the volume, or NULL: none is known here. */
    char *share;  /* The folder of this machine, or NULL. */
    bool is_disk; /* By number: no volume is meant. */
};

/* Parses the `index`-th of some. To be given back in any case. */
int mount_parse(struct mount *mount, const char *text, size_t index, struct err *err);
void mount_fini(struct mount *mount);

/* Adds the manifest's lines for the mounts of `settings`, "mount LABEL=data /data ro". */
int mounts_lines(struct strings *lines, const struct settings *settings, struct err *err);

/* Gives a machine the volumes and folders that the mounts of `settings` name: all must be there. */
int mounts_attach(struct launch *launch, const struct settings *settings, struct err *err);

/*
 * The same for the mounts that the image of `launch` asks for, as far as there are such volumes
 * here and `settings` does not mount something else at the same path.
 */
int mounts_attach_image(struct launch *launch, const struct settings *settings, struct err *err);
