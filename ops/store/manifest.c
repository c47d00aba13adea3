/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/store/manifest.h"

#include "host/err.h"
#include "host/xmem.h"
#include "lib/manifest/manifest.h"
#include "ops/disk/disk.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

char *image_manifest_text(const char *path, size_t *size, struct err *err)
{
    struct disk *disk = disk_open(path, false, err);
    char *text;

    if (!disk)
        return NULL;
    text = disk_read_text(disk, "/etc/soliton/manifest", MANIFEST_SIZE_MAX, size, err);
    disk_discard(disk);
    return text;
}

int image_manifest_read(struct image_manifest *read, const char *path, struct err *err)
{
    struct manifest_error error;
    size_t size = 0;

    *read = (struct image_manifest){ .text = image_manifest_text(path, &size, err) };
    if (!read->text)
        return -1;
    read->manifest = xcalloc(1, sizeof(*read->manifest));
    manifest_init(read->manifest);
    if (manifest_parse(read->manifest, read->text, size, &error))
        return 0;
    return err_set(err, "the manifest of '%s' is wrong: line %u: %s", path, error.line, error.what);
}

void image_manifest_fini(struct image_manifest *read)
{
    free(read->manifest);
    free(read->text);
    *read = (struct image_manifest){ .text = NULL };
}
