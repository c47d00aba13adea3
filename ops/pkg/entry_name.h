/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Names in archives, as strangers wrote them. */

#include <stdbool.h>

/*
 * Why `name` cannot be that of an entry, to follow its name ("is an absolute path"), or NULL. Sets
 * `*clean` to it without `.` and `//`, to be freed; "" is the top of the archive.
 */
const char *entry_name_check(const char *name, char **clean);

/* Whether the link at `path`, which is clean, leads above the top by its `target` alone. */
bool entry_link_climbs(const char *path, const char *target);

/* `name` for a message: short, with `?` for what is no letter. To be freed. */
char *entry_name_show(const char *name);
