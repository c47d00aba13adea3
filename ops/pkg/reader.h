/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How archives of strangers are read by libarchive: with the compressions that it undoes by itself.
 * For others (lrzip, lzop, grzip) it would start a program.
 */

#include <stdbool.h>
#include <stdint.h>

struct archive;

/* Takes no format yet. archive_read_free() gives it back. */
struct archive *reader_create(void);

/* Whether `size` bytes are more than anybody packs into what was read of the archive so far. */
bool reader_is_bomb(struct archive *archive, uint64_t size);
