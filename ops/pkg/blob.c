/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/pkg/blob.h"

#include "host/err.h"
#include "host/file.h"
#include "host/sha256.h"
#include "host/xmem.h"
#include "ops/pkg/reader.h"

#include <archive.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    READ_SIZE = 256 << 10,
    SHOWN_LEN = 12, /* Of a digest in messages. */
};

static bool is_digest(struct sha256 *sha, const char *hex)
{
    uint8_t digest[SHA256_SIZE];
    char text[2 * SHA256_SIZE + 1];

    sha256_finish(sha, digest);
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    return strcmp(text, hex) == 0;
}

char *blob_path(const char *dir, const struct oci_descriptor *descriptor, struct err *err)
{
    char *path = xasprintf("%s/blobs/sha256/%s", dir, descriptor->hex);
    struct sha256 sha;
    struct file_map map;
    int status = 0;

    if (file_map_open(&map, path, err) < 0) {
        err_prefix(err, "blob sha256:%.*s", SHOWN_LEN, descriptor->hex);
        free(path);
        return NULL;
    }
    sha256_init(&sha);
    if (map.size != descriptor->size) {
        status = err_set(err, "blob sha256:%.*s has %zu bytes, not %llu", SHOWN_LEN,
                         descriptor->hex, map.size, (unsigned long long)descriptor->size);
    } else {
        sha256_add(&sha, map.bytes, map.size);
        if (!is_digest(&sha, descriptor->hex)) {
            status = err_set(err, "blob sha256:%.*s is damaged: it hashes to something else",
                             SHOWN_LEN, descriptor->hex);
        }
    }
    file_map_close(&map);
    if (status == 0)
        return path;
    free(path);
    return NULL;
}

char *json_file_read(const char *path, size_t *size, struct err *err)
{
    struct file_map map;
    char *text = NULL;

    if (file_map_open(&map, path, err) < 0)
        return NULL;
    if (map.size > OCI_JSON_MAX) {
        err_set(err, "too large");
    } else {
        text = xcalloc(map.size + 1, 1);
        if (map.size > 0)
            memcpy(text, map.bytes, map.size);
        *size = map.size;
    }
    file_map_close(&map);
    return text;
}

char *blob_read(const char *dir, const struct oci_descriptor *descriptor, size_t *size,
                struct err *err)
{
    char *path = blob_path(dir, descriptor, err);
    char *text = path ? json_file_read(path, size, err) : NULL;

    if (path && !text)
        err_prefix(err, "blob sha256:%.*s", SHOWN_LEN, descriptor->hex);
    free(path);
    return text;
}

/* Feeds the hash with what comes out of the filters. */
static int content_hash(struct sha256 *sha, struct archive *archive, struct err *err)
{
    struct archive_entry *entry;
    char *buffer = xcalloc(READ_SIZE, 1);
    la_ssize_t size = 0;
    uint64_t total = 0;
    int status = archive_read_next_header(archive, &entry);

    if (status == ARCHIVE_OK) {
        for (size = archive_read_data(archive, buffer, READ_SIZE);
             size > 0 && !reader_is_bomb(archive, total);
             size = archive_read_data(archive, buffer, READ_SIZE)) {
            sha256_add(sha, buffer, (size_t)size);
            total += (uint64_t)size;
        }
    }
    free(buffer);
    if (size > 0)
        return err_set(err, "is a bomb: it unpacks to too much");
    if (size < 0 || (status != ARCHIVE_OK && status != ARCHIVE_EOF))
        return err_set(err, "damaged: %s", archive_error_string(archive));
    return 0;
}

int blob_check_content(const char *path, const char *hex, struct err *err)
{
    struct archive *archive = reader_create();
    struct sha256 sha;
    int status;

    sha256_init(&sha);
    (void)archive_read_support_format_raw(archive);
    (void)archive_read_support_format_empty(archive);
    if (archive_read_open_filename(archive, path, READ_SIZE) != ARCHIVE_OK) {
        status = err_set(err, "%s", archive_error_string(archive));
    } else {
        status = content_hash(&sha, archive, err);
    }
    (void)archive_read_free(archive);
    if (status == 0 && !is_digest(&sha, hex))
        return err_set(err, "damaged: it hashes to something else");
    return status;
}
