/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Container images on disk: an OCI image layout (a directory, or a tar archive of one) or what
 * `docker save` writes. No daemon is asked, and nothing in the image is run.
 */

#include "host/strings.h"
#include "ops/pkg/oci_json.h"

struct oci_image {
    struct oci_config config;
    char *ref; /* "nginx:1.25", or NULL. */

    /* For oci.c. */
    char *dir;             /* The layout. */
    char *unpacked;        /* Where an archive was unpacked to, or NULL. */
    struct strings layers; /* Paths of files, the lowest first. */
};

/*
 * Opens the image for Linux on amd64 in `path`; of several the one called `ref`. Every blob is
 * checked against its digest. Returns 0, or -1 with `err` set. oci_image_fini() in any case.
 */
int oci_image_open(struct oci_image *image, const char *path, const char *ref, struct err *err);
void oci_image_fini(struct oci_image *image);

/* Unpacks its layers, one over the other, into the directory `sysroot`. */
int oci_image_unpack(const struct oci_image *image, const char *sysroot, struct err *err);
