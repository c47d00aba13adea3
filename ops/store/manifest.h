/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The manifest in an image. */

struct err;

/* An image's manifest, and the text that it points into. */
struct image_manifest {
    struct manifest *manifest;
    char *text;
};

/* Reads it from the disk image `path`. To be given back in any case. */
int image_manifest_read(struct image_manifest *read, const char *path, struct err *err);
void image_manifest_fini(struct image_manifest *read);
