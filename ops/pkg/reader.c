/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/pkg/reader.h"

#include <archive.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    RATIO_MAX = 250,        /* Bytes out of one, */
    RATIO_FROM = 128 << 20, /* once there are so many. */
};

struct archive *reader_create(void)
{
    struct archive *archive = archive_read_new();

    if (!archive) {
        fputs("ops: out of memory\n", stderr);
        exit(1);
    }
    (void)archive_read_support_filter_gzip(archive);
    (void)archive_read_support_filter_bzip2(archive);
    (void)archive_read_support_filter_lzma(archive);
    (void)archive_read_support_filter_xz(archive);
    (void)archive_read_support_filter_zstd(archive);
    return archive;
}

bool reader_is_bomb(struct archive *archive, uint64_t size)
{
    int64_t read = archive_filter_bytes(archive, -1);

    return size > RATIO_FROM && read > 0 && size / RATIO_MAX > (uint64_t)read;
}
