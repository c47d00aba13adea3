/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Unpacks archives of strangers into a directory, as a filesystem to be. An entry is refused, and
 * with it the archive, when its name is absolute, has a `..`, or leads through a link out of the
 * directory; when it is a relative link that climbs out; when it is neither file, directory nor
 * link; or when the archive grows beyond what anybody packs. Owners are forgotten, and so are
 * set-user-ID bits. What was unpacked is the caller's to remove.
 *
 * Layers of container images (OCI image specification 1.1, layer.md): `.wh.NAME` takes NAME of a
 * lower layer away, `.wh..wh..opq` all that lower layers have in its directory. Both leave alone
 * what comes from the same layer, whatever the order.
 */

#include <stdint.h>

struct err;

enum {
    UNPACK_ENTRIES_MAX = 1 << 20, /* With the directories that no entry names. */
    UNPACK_DEPTH_MAX = 64,        /* As TREE_DEPTH_MAX: what is deeper cannot be packed. */
    UNPACK_NAME_MAX = 255,
};

enum unpack_flags {
    UNPACK_LAYER = 1u << 0,      /* Whiteouts are obeyed. */
    UNPACK_KEEP_LINKS = 1u << 1, /* A directory may be a link to one already, as dpkg has it. */
};

#define UNPACK_SIZE_MAX ((uint64_t)64 << 30)

struct unpack {
    const char *dir; /* Where to. It exists. */
    int dir_fd;
    uint64_t entries; /* Of all archives so far. */
    uint64_t size;    /* Of their files, holes too: whoever reads these reads them as zeros. */

    struct strings *record; /* Gets the paths of files and links; may be NULL. */
};

/* Returns 0, or -1 with `err` set. unpack_fini() in any case. */
int unpack_init(struct unpack *unpack, const char *dir, struct err *err);
void unpack_fini(struct unpack *unpack);

/*
 * Adds what is in the tar archive at `path`, compressed or not. `name` is what messages call it.
 * Returns 0, or -1 with `err` set.
 */
int unpack_archive(struct unpack *unpack, const char *path, const char *name, unsigned flags,
                   struct err *err);
