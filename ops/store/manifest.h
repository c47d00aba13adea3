/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The manifest in an image. */

#include <stddef.h>

struct err;

/* The text of it in the disk image `path`, to be freed. NULL with `err` set. */
char *image_manifest_text(const char *path, size_t *size, struct err *err);

/* An image's manifest, and the text that it points into. */
struct image_manifest {
    struct manifest *manifest;
    char *text;
};

/* Reads it from the disk image `path`. To be given back in any case. */
int image_manifest_read(struct image_manifest *read, const char *path, struct err *err);
void image_manifest_fini(struct image_manifest *read);
