/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The JSON of container images: index, manifest and configuration of the OCI image specification
 * 1.1, Docker's forms of the same, and manifest.json of `docker save`. All of it comes from
 * strangers: what is missing or of the wrong kind is an error, what is not known is passed over.
 */

#include "host/strings.h"

#include <stddef.h>
#include <stdint.h>

struct err;

enum {
    OCI_JSON_MAX = 4 << 20,
    OCI_DESCRIPTORS_MAX = 1024,
    OCI_LAYERS_MAX = 512,
    OCI_HEX_LEN = 64, /* Of SHA-256. */
};

/* A blob, by what it hashes to. */
struct oci_descriptor {
    char *media_type; /* May be NULL. */
    char hex[OCI_HEX_LEN + 1];
    uint64_t size;
    char *architecture; /* NULL: not said. */
    char *os;
    char *ref; /* Its name, or a tag of it. May be NULL. */
};

struct oci_descriptors {
    struct oci_descriptor *items;
    size_t count;
};

/* An index: images for several machines, or of several names. */
int oci_index_parse(struct oci_descriptors *list, const char *text, size_t size, struct err *err);
void oci_descriptors_fini(struct oci_descriptors *list);

struct oci_manifest {
    struct oci_descriptors config; /* One. */
    struct oci_descriptors layers; /* The lowest first. */
};

int oci_manifest_parse(struct oci_manifest *manifest, const char *text, size_t size,
                       struct err *err);
void oci_manifest_fini(struct oci_manifest *manifest);

/* What an image says of how it is run. */
struct oci_config {
    char *architecture;
    char *os;
    struct strings entrypoint;
    struct strings cmd;
    struct strings envs;
    char *cwd;  /* NULL: not said. */
    char *user; /* NULL: not said. */
    struct strings ports;
    struct strings udp_ports;
    struct strings diff_ids; /* Hex, the lowest first. */
    char *version;           /* Labels; may be NULL. */
    char *description;
};

int oci_config_parse(struct oci_config *config, const char *text, size_t size, struct err *err);
void oci_config_fini(struct oci_config *config);

/* One image of `docker save`: paths in the archive. */
struct docker_image {
    char *config;
    struct strings tags; /* "nginx:1.25" */
    struct strings layers;
};

struct docker_images {
    struct docker_image *items;
    size_t count;
};

int docker_manifest_parse(struct docker_images *images, const char *text, size_t size,
                          struct err *err);
void docker_images_fini(struct docker_images *images);
