/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * config.json: keys as OPS has them, in any case. A key that is not known is an error that names
 * the nearest one; a key of OPS that does not work here yet is an error that says so.
 */

#include <stddef.h>

struct err;
struct settings;

/* Reads the file at `path` into `settings`. Returns 0, or -1 with `err` set. */
int config_read(struct settings *settings, const char *path, struct err *err);

/* The same for `size` bytes of text; `name` is what messages call it. */
int config_parse(struct settings *settings, const char *text, size_t size, const char *name,
                 struct err *err);
