/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/store/manifest.h"

#include "host/err.h"
#include "host/xmem.h"
#include "lib/manifest/manifest.h"
#include "ops/disk/disk.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Its text, to be freed; NULL with `err` set. */
static char *text_read(const char *path, size_t *size, struct err *err)
{
    struct err ignored = { 0 };
    struct disk *disk = disk_open(path, false, err);
    char *text = NULL;
    FILE *out;
    int status;

    if (!disk)
        return NULL;
    out = open_memstream(&text, size);
    status = out ? disk_cat(disk, "/etc/soliton/manifest", out, err)
                 : err_set_errno(err, "cannot read it");
    if (out)
        fclose(out);
    (void)disk_close(disk, &ignored);
    if (status == 0)
        return text;
    free(text);
    return NULL;
}

int image_manifest_read(struct image_manifest *read, const char *path, struct err *err)
{
    struct manifest_error error;
    size_t size = 0;

    *read = (struct image_manifest){ .text = text_read(path, &size, err) };
    if (!read->text)
        return -1;
    if (size > MANIFEST_SIZE_MAX)
        return err_set(err, "the manifest of '%s' is too large", path);
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
