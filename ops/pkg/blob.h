/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Files of an image layout, which are what their name says they hash to. */

#include "ops/pkg/oci_json.h"

#include <stddef.h>

/*
 * The path of the blob in the layout `dir`, checked for size and digest; to be freed. NULL with
 * `err` set.
 */
char *blob_path(const char *dir, const struct oci_descriptor *descriptor, struct err *err);

/* Its content, for JSON; to be freed. NULL with `err` set. */
char *blob_read(const char *dir, const struct oci_descriptor *descriptor, size_t *size,
                struct err *err);

/* Checks that what is in the archive at `path`, decompressed, hashes to `hex`. */
int blob_check_content(const char *path, const char *hex, struct err *err);

/* A whole file of at most OCI_JSON_MAX; to be freed. NULL with `err` set. */
char *json_file_read(const char *path, size_t *size, struct err *err);
